# The same as the target's agent tells it.
teller: agent s2
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":2,"state":"void","generation":2,"order":"m-1"}]
<<   gateway: local to i1, generation 2, epoch 2
<<   centre: EpochVoided epoch=2
<<   s1: EpochRefused
>> Unvoid epoch=2 as_epoch=4
<<   i1: GoOn epoch=2 as_epoch=4
>> Resumed epoch=4
<<   gateway: local to i1, generation 2, epoch 4
