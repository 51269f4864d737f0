# The source has heard ACTIVATED and forwards. Then the client's refusal reaches it: that word stands above the target's.
# The gateway has been at generation 2 and stays there. Invariant 2.
teller: agent s1
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":1,"state":"serving"}]
<<   gateway: local to i1, generation 1, epoch 1
>> BeginCopy
<<   i1: TakeState round=0
>> StateTaken round=0 left_bytes=0 state_bytes=8192
<<   s2: StateRound round=0
>> RoundStored round=0
<<   i1: TakeState round=1
>> StateTaken round=1 left_bytes=0 state_bytes=8192
<<   s2: StateRound round=1
>> RoundStored round=1
<<   i1: Freeze
>> Frozen final={"tick":60}
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   gateway: hold, generation 1, epoch 1
<<   centre: MoveFrozen tick=60 bytes_total=0
>> Answer epoch=2 verdict=ACTIVATED tick=60
<<   gateway: forward to s2, generation 2, epoch 2
<<   centre: MoveActivated site=s2 tick=60

at 400 ms
>> EpochRefused
<<   i1: Resume epoch=3 generation=2
<<   gateway: local to i1, generation 2, epoch 3
>> Resumed epoch=3
<<   s2: VoidEpoch
<<   centre: MoveAborted epoch=3 reason="the client refused the target's epoch"
