# s1 is not heard for 12 s. Its session is lost; a client that attaches gets a new one, with another key: no frame of the old
# epoch can reach it. When s1 comes back, its old copy is discarded and what it did unheard is told. Invariant 7.
teller: centre

at 9000 ms
>> heard s2 s3 ue-1
>> wake
at 12100 ms
>> heard s2 s3 ue-1
>> wake
<<   decides SiteMarked site=s1 mark=lost reason="not heard for 12 s"
<<   says: s1 is lost: not heard for 12 s
<<   says: ue-1 lost its state with s1
>> AskedAttach request=5 key=8
<<   decides SessionPlaced key=8 site=s2 because="s2 is the best of 2 sites: 32.9 ms; ue-1 was last seen 12.1 s ago, so the gain
<<   access: RemoveRoute
<<   s2: OpenSession key=8 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s2 gateway=s2:6000 top=1
>> SessionOpened site=s2 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s2 gateway=s2:6000 top=1
<<   access: ActivateRoute key=8 generation=1
>> RouteActivated generation=1
<<   reply 5: 200 s2

at 20000 ms
>> SiteHello site=s1 sessions=[{"epoch":1,"state":"serving"}] instances=[{"instance":"i1"}]
<<   says: s1 is back
<<   s1: RunInstances replicas=1
<<   s1: DiscardSession epoch=1
>> SessionDiscarded site=s1 epoch=1 tick=900
<<   says: s1 gave up an old copy of ue-1 (epoch 1); nobody had heard it
