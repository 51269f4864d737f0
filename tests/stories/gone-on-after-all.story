# A source whose site was lost comes back stopped, hears its target's refusal, and goes on. Its client has a new session by
# then: what nobody can hear any more goes. Invariant 7.
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
>> MoveFrozen site=s1 move=m-1 tick=60 bytes_total=8192
<<   says: the source stopped after tick 60; the last changes are on their way
at 12600 ms
>> heard s2 s3 ue-1
>> wake
<<   decides MoveOverdue move=m-1
<<   says: not confirmed by its deadline: still FROZEN
<<   decides SiteMarked site=s1 mark=lost reason="not heard for 12 s"
<<   says: s1 is lost: not heard for 12 s
<<   s1: AbortMove order=m-1 reason="its deadline passed"
<<   s2: AbortMove order=m-1 reason="its deadline passed"
>> TargetRefused site=s2 move=m-1 reason="nothing was handed over by the deadline"
<<   says: given up: nothing was handed over by the deadline
<<   access: WithdrawRoute generation=2 site=s2
<<   says: ue-1 lost its state with s1
>> AskedAttach request=5 key=8
<<   decides SessionPlaced key=8 site=s2 because="s2 is the best of 2 sites: 12.9 ms; ue-1 was last seen 12.1 s ago, so the gain
<<   access: RemoveRoute
<<   s2: OpenSession key=8 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s2 gateway=s2:6000 top=1
>> SessionOpened site=s2 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s2 gateway=s2:6000 top=1
<<   access: ActivateRoute key=8 generation=1
>> RouteActivated generation=1
<<   reply 5: 200 s2
at 16000 ms
>> MoveAborted site=s1 move=m-1 epoch=3 reason="nothing was handed over by the deadline"
<<   s1: DiscardSession epoch=3
