# No other site can take the session of a copy that lost its place: it is closed aloud once its time is over, and then the copy goes.
setting: engine=karmada
teller: centre

at 1000 ms
>> EngineBound app=ledger replicas={'s1':1} because="a copy at each of 1 clusters"
>> heard s1 s2 s3 ue-1
at 1600 ms
>> wake
<<   decides Placed replicas="{'s1': 1}" because="a copy at each of 1 clusters"
<<   s1: RunInstances replicas=1
<<   says: ledger runs at s1 × 1: a copy at each of 1 clusters
at 1700 ms
>> EngineBound app=ledger replicas={} because="0/3 clusters are available"
>> heard s1 s2 s3 ue-1
at 2300 ms
>> wake
at 12800 ms
>> heard s1 s2 s3 ue-1
>> wake
<<   decides SessionClosing
<<   s1: CloseSession epoch=1
<<   access: RemoveRoute
<<   says: ue-1 is closed: ledger has no place at s1 any more and no other site can take it
>> SessionClosed site=s1 session=ue-1 epoch=1
at 13400 ms
>> wake
<<   decides Placed because="0/3 clusters are available"
<<   s1: RunInstances replicas=0
<<   says: ledger runs at nowhere: 0/3 clusters are available
