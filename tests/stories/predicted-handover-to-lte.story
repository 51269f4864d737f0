# A measurement report names x2: its site is warmed, the core's path is ready. The UE arrives on LTE, where the core gives that path
# up without a word: steering is asked anew, and only when the client is heard at s2 may the source freeze.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> HandoverPredicted cell=x2
<<   decides MovePlanned order=m-1 gain_ms=20.0 reason="s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" hold=True
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (a handover is predicted): s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
>> TargetWarmed site=s2 move=m-1
<<   says: a place is warm at the target
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   s1: BeginCopy order=m-1 hold=True
<<   says: copying state while the source serves
>> RouteInstalled generation=2

at 560 ms
>> CellChanged cell=x2 kind=lte radio_rtt_ms=8.0
<<   decides HandoverDone move=m-1 access=lte
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=lte
<<   s1: BeginCopy order=m-1 hold=True
>> RouteInstalled generation=2
<<   s1: Proceed order=m-1
>> MoveFrozen site=s1 move=m-1 tick=40
<<   says: the source stopped after tick 40; the last changes are on their way
>> MoveActivated site=s2 move=m-1 tick=40
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=lte
<<   access: ActivateRoute generation=2
<<   says: s2 writes from tick 41
>> RouteActivated generation=2 service=127.9.2.2:7777 redirected=True
<<   says: its client is redirected: lte has no steering, at generation 2
>> UplinkSeen site=s2 generation=2
<<   s1: ReleaseSource order=m-1
<<   says: the player's packets arrive at the target directly
>> SourceReleased site=s1 move=m-1
<<   says: s1 let go; nobody wrote for 0.0 ms
