# An order to open was refused, but it had been said twice and the second found a place. What that opened goes.
teller: centre

>> AskedClose request=5
<<   reply 5: 202
<<   decides SessionClosing
<<   s1: CloseSession epoch=1
<<   access: RemoveRoute
>> SessionClosed site=s1 epoch=1
>> heard ue-1
>> AskedAttach request=6 key=8
<<   decides SessionPlaced key=8 site=s1 because="s1 is the best of 3 sites: 12.9 ms"
<<   s1: OpenSession key=8 epoch=1 generation=1
<<   access: InstallRoute key=8 generation=1 site=s1 gateway=s1:6000 top=1
>> SessionRefused site=s1 epoch=1 reason="no ready instance of ledger with a free place"
<<   access: RemoveRoute key=8
<<   s1: DiscardSession key=8 epoch=1
<<   reply 6: 503 NO_SITE
