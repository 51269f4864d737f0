# s2 was activated, but its client was never heard to believe it, and s1 is lost before it could let go. s1 may have gone on as
# epoch 3, and may come back. So s2 goes on above that, as epoch 4, and what s1 did is discarded and told. Invariants 1 and 7.
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

at 4000 ms
>> heard s2 s3
>> wake
<<   decides MoveWaived move=m-1 reason="its player left"
<<   s1: ReleaseSource order=m-1
<<   says: nobody is left to confirm it: its player left
at 12600 ms
>> heard s2 s3
>> wake
<<   decides MoveOverdue move=m-1
<<   says: not confirmed by its deadline: still CONFIRMED
<<   decides SiteMarked site=s1 mark=lost reason="not heard for 12 s"
<<   says: s1 is lost: not heard for 12 s
<<   says: s1 let go; the hand-over was not seen from here
<<   s2: Unvoid epoch=2 as_epoch=4
<<   s1: ReleaseSource order=m-1

at 20000 ms
>> SiteHello site=s1 sessions=[{"epoch":3,"state":"serving","tick":90}] instances=[{"instance":"i1"}]
<<   says: s1 is back
<<   s1: RunInstances replicas=1
<<   s1: DiscardSession epoch=3
>> SessionDiscarded site=s1 epoch=3 tick=90
<<   says: s1 gave up an old copy of ue-1 (epoch 3); nobody had heard it
