# The control plane dies after it has authorised the copy, and misses everything up to activation. Its journal gives it its
# state; the agents' hellos give it the rest. Invariant 6.
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

at 900 ms
>> restart
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1500
>> SiteHello site=s1 sessions=[{"epoch":1,"state":"handed_over","order":"m-1"}] instances=[{"instance":"i1"}]
<<   s1: RunInstances replicas=1
<<   s1: BeginCopy
<<   s1: Proceed
>> SiteHello site=s2 sessions=[{"epoch":2,"state":"serving","generation":2,"order":"m-1","tick":61}] instances=[{"instance":"i1"}]
<<   s2: RunInstances replicas=1
<<   access: InstallRoute generation=2 site=s2 gateway=g:1 access=nr
<<   access: ActivateRoute generation=2
<<   says: s2 writes from tick 62
<<   access: InstallRoute generation=2 site=s2 gateway=g:1 access=nr
<<   access: ActivateRoute generation=2
>> RouteActivated generation=2
<<   says: steered by the 5G core (Traffic Influence), at generation 2
>> UplinkSeen site=s2 generation=2
<<   s1: ReleaseSource
<<   says: the player's packets arrive at the target directly
>> SourceReleased site=s1 move=m-1
<<   says: s1 let go; the hand-over was not seen from here
