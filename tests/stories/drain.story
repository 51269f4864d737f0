# A person drains s1: its session moves, whatever it gains; then the site is made ready again.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> AskedDrain request=5 site=s1
<<   reply 5: 202 s1
<<   decides SiteMarked site=s1 mark=draining reason="asked by hand"
<<   says: s1 is draining: asked by hand
at 800 ms
>> wake
<<   decides MovePlanned order=m-1 gain_ms=-20.0 reason="s1 must let go: the site is being drained; s2 is the best of the others:
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (its site is drained): s1 must let go: the site is being drained; s2 is the best of the others: 32.9 ms
>> AskedDrain request=6 site=s1 undo=True
<<   reply 6: 202 s1
<<   decides SiteMarked site=s1 mark=ready reason="asked by hand"
<<   says: s1 is ready: asked by hand
