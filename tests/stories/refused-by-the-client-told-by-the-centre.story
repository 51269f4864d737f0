# ACTIVATED was heard and the route switched. Then the source says that it went on as epoch 3, on the client's word.
# A refusal to begin that is heard late takes nothing back.
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
>> MoveAborted site=s1 move=m-1 epoch=0 reason="the session is not served here"
>> MoveAborted site=s1 move=m-1 epoch=3 reason="the client refused the target's epoch"
<<   says: given up: the client refused the target's epoch; s1 serves on
<<   access: InstallRoute generation=3 site=s1 gateway=s1:6000
<<   access: ActivateRoute generation=3
<<   s2: DiscardSession epoch=2
