# State moves only between instances of the same schema.
teller: agent s2
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 schema=arena/2
>> WarmTarget
<<   centre: TargetRefused reason="schema arena/1 is not among arena/2"
