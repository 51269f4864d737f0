# A measurement report names x2: its site is warmed and the copy held close. Then the UE arrives in x3.
teller: centre

at 500 ms
>> heard s1 s2 s3 ue-1
>> HandoverPredicted cell=x2
<<   decides MovePlanned order=m-1 gain_ms=20.0 reason="s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" hold=True
<<   s2: WarmTarget order=m-1
<<   says: ue-1 → s2 (a handover is predicted): s2 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
>> TargetWarmed site=s2 move=m-1
<<   says: a place is warm at the target
<<   access: InstallRoute generation=2 site=s2 gateway=s2:6000 access=nr
<<   s1: BeginCopy order=m-1 hold=True
<<   says: copying state while the source serves
>> RouteInstalled generation=2

at 560 ms
>> CellChanged cell=x3 radio_rtt_ms=8.0
<<   decides MoveExpired move=m-1 reason="the handover went elsewhere"
<<   s1: AbortMove order=m-1 reason="the handover went elsewhere"
# The source says that it serves on; the next look finds s3.
>> MoveAborted site=s1 move=m-1 epoch=1 reason="the handover went elsewhere"
<<   says: given up: the handover went elsewhere; s1 serves on
<<   access: WithdrawRoute generation=2 site=s2
>> wake
<<   decides MovePlanned order=m-2 gain_ms=20.0 reason="s3 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms" access=nr
<<   s3: WarmTarget order=m-2
<<   says: ue-1 → s3 (another site is better): s3 is expected 20.0 ms faster than s1: 12.9 ms against 32.9 ms
