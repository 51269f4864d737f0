# Karmada's binding loses s1 while a session is served there: s1 keeps its copy and gets nobody new; the session moves; then the copy goes.
setting: engine=karmada
teller: centre

at 1000 ms
>> EngineBound app=ledger replicas={'s1':1,'s2':1,'s3':1} because="a copy at each of 3 clusters"
>> heard s1 s2 s3 ue-1
at 1600 ms
>> wake
<<   decides Placed replicas="{'s1': 1, 's2': 1, 's3': 1}" because="a copy at each of 3 clusters"
<<   s1: RunInstances replicas=1
<<   s2: RunInstances replicas=1
<<   s3: RunInstances replicas=1
<<   says: ledger runs at s1 × 1, s2 × 1, s3 × 1: a copy at each of 3 clusters
at 1700 ms
>> EngineBound app=ledger replicas={'s2':1,'s3':1} because="a copy at each of 2 clusters"
>> heard s1 s2 s3 ue-1
at 2200 ms
>> wake
<<   decides MovePlanned order=m-1 gain_ms=-18.661 reason="s1 must let go: its placement there has ended; its sessions are leavin
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (its site is drained): s1 must let go: its placement there has ended; its sessions are leaving; s2 is the best of the others: 32.9 ms; ue-1 was last seen 2.2 s ago, so the gain counts for 93%
at 2210 ms
>> TargetWarmed site=s2 move=m-1
<<   says: a place is warm at the target
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   s1: BeginCopy order=m-1 hold=True
<<   says: copying state while the source serves
>> RouteInstalled session=ue-1 generation=2
<<   s1: Proceed order=m-1
>> MoveFrozen site=s1 move=m-1 tick=10 bytes_total=100
<<   says: the source stopped after tick 10; the last changes are on their way
>> MoveActivated site=s2 move=m-1 tick=11 digest=d
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   access: ActivateRoute generation=2
<<   says: s2 writes from tick 12
>> RouteActivated session=ue-1 generation=2
<<   says: steered by the 5G core (Traffic Influence), at generation 2
>> UplinkSeen site=s2 session=ue-1 generation=2
<<   s1: ReleaseSource order=m-1
<<   says: the player's packets arrive at the target directly
>> SourceReleased site=s1 move=m-1
<<   says: s1 let go; nobody wrote for 0.0 ms
>> heard s1 s2 s3 ue-1
at 2800 ms
>> wake
<<   decides Placed replicas="{'s2': 1, 's3': 1}" because="a copy at each of 2 clusters"
<<   s1: RunInstances replicas=0
<<   says: ledger runs at s2 × 1, s3 × 1: a copy at each of 2 clusters
