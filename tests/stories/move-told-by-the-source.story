# A move as the source's agent tells it: it serves until the instance has recorded the hand-over; from then on only the
# target's answer lets it go. Invariant 4.
teller: agent s1
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":1,"state":"serving"}]
<<   gateway: local to i1, generation 1, epoch 1

at 100 ms
# Every page is copied while the session is served.
>> BeginCopy
<<   i1: TakeState round=0
>> StateTaken round=0 left_bytes=0 state_bytes=8192
<<   s2: StateRound round=0
>> RoundStored round=0
<<   i1: TakeState round=1
>> StateTaken round=1 left_bytes=0 state_bytes=8192
<<   s2: StateRound round=1

# Little was left: stop behind the next tick.
at 120 ms
>> RoundStored round=1
<<   i1: Freeze
>> Frozen final={"tick":60}
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   gateway: hold, generation 1, epoch 1
<<   centre: MoveFrozen tick=60 bytes_total=0

# The final delta is said again until it is answered.
at 200 ms
>> wake
<<   s2: FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2

at 205 ms
>> Answer epoch=2 verdict=ACTIVATED tick=60
<<   gateway: forward to s2, generation 2, epoch 2
<<   centre: MoveActivated site=s2 tick=60

# The copy is kept until the client is known to believe the target. Said twice, done once.
at 300 ms
>> ReleaseSource
<<   i1: Drop epoch=1 why=released
>> Dropped epoch=1 tick=60 why=released
<<   centre: SourceReleased
>> ReleaseSource
<<   centre: SourceReleased

# Late packets are forwarded for a while.
at 5400 ms
>> wake
<<   gateway: forget up to epoch 2
