# The core network wants another path before the radio changes cells: discovery agrees, the copy runs ahead, and the source
# freezes only when handover and path are both there.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> PathChangeAsked site=s2
<<   decides MovePlanned order=m-1 gain_ms=20.0 reason="s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" hold=True
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (the core network changes its path): s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
>> PathChangeAsked site=s2
>> TargetWarmed site=s2 move=m-1
<<   says: a place is warm at the target
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   s1: BeginCopy order=m-1 hold=True
<<   says: copying state while the source serves
# The handover comes first: nothing may freeze before the core says that the path is configured.
at 560 ms
>> CellChanged cell=x2 radio_rtt_ms=8.0
<<   decides HandoverDone move=m-1 access=nr
>> RouteInstalled generation=2
<<   s1: Proceed order=m-1
>> MoveFrozen site=s1 move=m-1 tick=60 bytes_total=8192
<<   says: the source stopped after tick 60; the last changes are on their way
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
<<   says: s1 let go; nobody wrote for 0.0 ms
