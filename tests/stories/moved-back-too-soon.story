# A session that has just left s1 may not return within 5 s, however much better it looks there.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> CellChanged cell=x2 radio_rtt_ms=8.0
<<   decides MovePlanned order=m-1 gain_ms=20.0 reason="s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" access=nr
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (its cell changed): s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
>> TargetWarmed site=s2 move=m-1
<<   says: a place is warm at the target
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   s1: BeginCopy order=m-1 hold=True
<<   says: copying state while the source serves
>> RouteInstalled generation=2
<<   s1: Proceed order=m-1
>> MoveActivated site=s2 move=m-1 tick=60 digest=d0
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   access: ActivateRoute generation=2
<<   says: s2 writes from tick 61
>> RouteActivated generation=2
<<   says: steered by the 5G core (Traffic Influence), at generation 2
>> UplinkSeen site=s2 generation=2
<<   s1: ReleaseSource order=m-1
<<   says: the player's packets arrive at the target directly
>> SourceReleased site=s1 move=m-1
<<   says: s1 let go; the hand-over was not seen from here

at 2000 ms
>> heard s1 s2 s3 ue-1
>> CellChanged cell=x1 radio_rtt_ms=8.0
at 4000 ms
>> heard s1 s2 s3 ue-1
>> wake
at 5600 ms
>> heard s1 s2 s3 ue-1
>> wake
<<   decides MovePlanned order=m-2 gain_ms=11.487 reason="s1 is expected 11.5 ms faster than s2: 12.9 ms against 32.9 ms; ue-1 wa
<<   s1: WarmTarget order=m-2
<<   says: ue-1 → s1 (another site is better): s1 is expected 11.5 ms faster than s2: 12.9 ms against 32.9 ms; ue-1 was last seen 3.6 s ago, so the gain counts for 57%
