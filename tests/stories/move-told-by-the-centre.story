# A move as the control plane tells it. The UE has changed to the cell beside s2.
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

# From here to activation the two agents need only each other.
at 560 ms
>> MoveFrozen site=s1 move=m-1 tick=60 bytes_total=8192
<<   says: the source stopped after tick 60; the last changes are on their way
>> MoveActivated site=s2 move=m-1 tick=60 digest=d0
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   access: ActivateRoute generation=2
<<   says: s2 writes from tick 61

# Both agents say it; the second word changes nothing.
>> MoveActivated site=s2 move=m-1 tick=60
>> RouteActivated generation=2
<<   says: steered by the 5G core (Traffic Influence), at generation 2
>> UplinkSeen site=s2 generation=2
<<   s1: ReleaseSource order=m-1
<<   says: the player's packets arrive at the target directly
>> SourceReleased site=s1 move=m-1
<<   says: s1 let go; nobody wrote for 0.0 ms
