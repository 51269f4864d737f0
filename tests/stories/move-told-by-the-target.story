# The same move as the target's agent tells it: it collects, and gives the one answer that its instance has on record.
teller: agent s2
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4

at 100 ms
>> WarmTarget
<<   gateway: early, generation 2, epoch 2
<<   centre: TargetWarmed
>> StateRound round=0 state_bytes=8192
<<   i1: Store round=0
>> Stored round=0
<<   s1: RoundStored round=0
>> StateRound round=1 state_bytes=8192
<<   i1: Store round=1
>> Stored round=1
<<   s1: RoundStored round=1

at 150 ms
>> FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   i1: Activate
>> Answered answer={"epoch":2,"verdict":"ACTIVATED","tick":60,"digest":"d0"}
<<   gateway: local to i1, generation 2, epoch 2
<<   s1: Answer epoch=2 verdict=ACTIVATED tick=60 digest=d0
<<   centre: MoveActivated tick=60 digest=d0

# The final delta again, and the answer is the same.
at 160 ms
>> FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   i1: Activate
>> Answered answer={"epoch":2,"verdict":"ACTIVATED","tick":60,"digest":"d0"}
<<   gateway: local to i1, generation 2, epoch 2
<<   s1: Answer epoch=2 verdict=ACTIVATED tick=60 digest=d0
<<   centre: MoveActivated tick=60 digest=d0

# The first packet of a client that believes this site.
at 190 ms
>> UplinkSeen generation=2
<<   centre: UplinkSeen generation=2
