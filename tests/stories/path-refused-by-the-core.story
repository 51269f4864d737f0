# Fedge wants to move a session and the core network keeps its path: nothing was frozen, and the source serves on. Invariant 5.
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
>> RouteRefused generation=1 reason="of an earlier move"
>> RouteRefused generation=2 reason="REQUESTED_DNAI_NOT_AVAILABLE"
<<   decides MoveExpired move=m-1 reason="the core network keeps its path: REQUESTED_DNAI_NOT_AVAILABLE"
<<   s1: AbortMove order=m-1 reason="the core network keeps its path: REQUESTED_DNAI_NOT_AVAILABLE"
>> MoveAborted site=s1 move=m-1 epoch=1 reason="the core network keeps its path"
<<   says: given up: the core network keeps its path; s1 serves on
<<   access: WithdrawRoute generation=2 site=s2
# Not again at once.
at 700 ms
>> wake
# Whoever keeps the routes has lost them: this one led before.
>> RoutesForgotten
<<   access: InstallRoute generation=1 site=s1 gateway=s1:6000 leads=True top=2
<<   access: ActivateRoute generation=1
<<   access: RoutesTold
