# The Pod that held ue-1's only copy is deleted, and its files with it: s1 says so. The client's next attach gets a new session.
teller: centre

at 1000 ms
>> SessionLost site=s1 key=7 epoch=1 reason="its Pod was deleted"
<<   s1: DiscardSession epoch=1
<<   says: ue-1 lost its state with s1
>> SessionLost site=s1 key=7 epoch=1 reason="its Pod was deleted"
<<   s1: DiscardSession epoch=1
>> AskedAttach request=5 key=8
<<   decides SessionPlaced key=8 site=s1 because="s1 is the best of 3 sites: 12.9 ms"
<<   access: RemoveRoute
<<   s1: OpenSession key=8 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s1 gateway=s1:6000 top=1
