# The source is released; then a promise of the client from before silences the target. Nobody else has the session: it goes on
# under a number that no client was asked to refuse. The target may say it twice; the number is given out once.
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
>> EpochVoided site=s2 epoch=2
<<   decides EpochRaised epoch=2
<<   s2: Unvoid epoch=2 as_epoch=4
>> EpochVoided site=s2 epoch=2
<<   s2: Unvoid epoch=2 as_epoch=4
