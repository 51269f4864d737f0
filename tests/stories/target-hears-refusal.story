# The target writes, but its client has promised to refuse it. It is silent, and says so until the source goes on: whoever has
# to hear it may be down. When the source has gone on, the copy goes, and what it did unheard is reported. Invariant 7.
teller: agent s2
move m-1: source=s1 target=s2 epoch=2 generation=2 deadline=1000

>> RunInstances replicas=1
>> InstanceHello instance=i1 capacity=4 sessions=[{"epoch":2,"state":"serving","generation":2,"order":"m-1"}]
<<   gateway: local to i1, generation 2, epoch 2

at 300 ms
>> Voided epoch=2
<<   centre: EpochVoided epoch=2
<<   s1: EpochRefused
at 800 ms
>> wake
<<   centre: EpochVoided epoch=2
<<   s1: EpochRefused

at 900 ms
>> VoidEpoch
<<   i1: Drop epoch=2 why=void
>> Dropped epoch=2 tick=64 why=void
<<   gateway: forget up to epoch 2
<<   centre: SessionDiscarded epoch=2 tick=64

# The answer on record stays ACTIVATED; but that copy writes no more, so the centre is not told that it does.
at 1000 ms
>> FinalDelta tick=60 stable_seq=50 chain=c0 digest=d0 rounds=2
<<   i1: Activate
>> Answered answer={"epoch":2,"verdict":"ACTIVATED","tick":60,"digest":"d0"} serving=False
<<   s1: Answer epoch=2 verdict=ACTIVATED tick=60 digest=d0
<<   gateway: forget up to epoch 2
