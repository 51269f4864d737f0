# s1 was only cut off from the centre: it served on, and its client never attached anew. So nothing was lost. Invariant 7.
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
at 20000 ms
>> SiteHello site=s1 sessions=[{"epoch":1,"state":"serving"}] instances=[{"instance":"i1"}]
<<   says: s1 is back
<<   s1: RunInstances replicas=1
<<   access: InstallRoute generation=1 site=s1 gateway=g:1 top=1
<<   access: ActivateRoute generation=1
<<   says: ue-1 was served by s1 all the time
