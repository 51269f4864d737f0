# A target without a free place refuses before anything is copied. Nothing has happened to the session.
teller: agent s2
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=1 sessions=[{"key":9,"session":"ue-9","epoch":1,"state":"serving"}]
<<   gateway: local to i1, generation 1, epoch 1
>> WarmTarget
<<   centre: TargetRefused reason="no ready instance of arena with a free place"
