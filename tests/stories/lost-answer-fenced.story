# No answer comes. The source never resumes on time alone: it asks the client, who promises to refuse epoch 2. The source
# goes on as epoch 3, and only when that is on record may the target's copy go.
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

at 100 ms
>> wake
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
at 260 ms
>> wake
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   i1: AskFence epoch=2

at 280 ms
>> FenceAnswered epoch=2 verdict=FENCED
<<   i1: Resume epoch=3 generation=1
<<   gateway: local to i1, generation 1, epoch 3
# An order to release that crosses this is not obeyed: the source may be the writer already.
>> ReleaseSource
>> Resumed epoch=3
<<   s2: VoidEpoch
<<   centre: MoveAborted epoch=3 reason="the client refused the target's epoch"

# The target's answer comes at last: it changes nothing.
at 400 ms
>> Answer epoch=2 verdict=ACTIVATED tick=60
