# The same, but the source is cut off from the centre. The target's report that its copy was given up says the same thing:
# only a source that has gone on makes a target give up. The route goes back to it. Invariant 7.
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
>> SessionDiscarded site=s2 epoch=2 tick=64
<<   says: s2 gave up an old copy of ue-1 (epoch 2); nobody had heard it
<<   says: given up: the client refused the target's epoch; s1 serves on
<<   access: InstallRoute generation=3 site=s1 gateway=s1:6000
<<   access: ActivateRoute generation=3
<<   s2: DiscardSession epoch=2
