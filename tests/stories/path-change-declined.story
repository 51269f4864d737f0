# The core network wants a path that discovery does not: to a site that is being drained, then while a move elsewhere is under way.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> AskedDrain request=5 site=s2
<<   reply 5: 202 s2
<<   decides SiteMarked site=s2 mark=draining reason="asked by hand"
<<   says: s2 is draining: asked by hand
>> PathChangeAsked site=s2
<<   access: DeclinePath site=s2 why="not allowed"
>> CellChanged cell=x3 radio_rtt_ms=8.0
<<   decides MovePlanned order=m-1 gain_ms=20.0 reason="s3 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" access=nr
<<   s3: WarmTarget order=m-1
<<   says: ue-1 → s3 (its cell changed): s3 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
>> PathChangeAsked site=s2
<<   access: DeclinePath site=s2 why="not allowed"
>> PathChangeAsked session=ue-9 site=s2
