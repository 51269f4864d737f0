# The order to copy arrives when its deadline has passed; or the deadline passes while copying. Invariant 5.
teller: agent s1
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000
move m-2: source=s1 target=s3 epoch=4 generation=3 deadline=3000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":1,"state":"serving"}]
<<   gateway: local to i1, generation 1, epoch 1

at 1001 ms
>> BeginCopy order=m-1
<<   centre: MoveAborted epoch=1 reason="the deadline passed before copying"

at 2000 ms
>> BeginCopy order=m-2
<<   i1: TakeState move=m-2 round=0
at 3001 ms
>> wake
<<   s3: CancelMove order=m-2 reason="deadline passed while copying"
<<   centre: MoveAborted move=m-2 epoch=1 reason="deadline passed while copying"
