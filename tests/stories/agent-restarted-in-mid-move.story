# The source's agent died after the hand-over. Its instance tells it what it holds, and the move finds its place again.
teller: agent s1
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

at 500 ms
>> RunInstances replicas=1
# Before the instance has said hello nothing is known here, so nothing is claimed.
>> BeginCopy
>> ReleaseSource
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":1,"state":"handed_over","order":"m-1","tick":60}]
<<   i1: Freeze
>> Frozen final={"tick":60}
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   gateway: hold, generation 2, epoch 1
<<   centre: MoveFrozen tick=60 bytes_total=0
>> Answer epoch=2 verdict=REFUSED reason="round 1 of the copy is missing here"
<<   i1: Resume epoch=3 generation=2
<<   gateway: local to i1, generation 2, epoch 3
>> Resumed epoch=3
<<   centre: MoveAborted epoch=3 reason="round 1 of the copy is missing here"
