"""AsSessionWithQoS, 3GPP TS 29.122 Rel-17 (API 3gpp-as-session-with-qos v1), as a NEF exposes it (TS 29.522, 4.4.9).

``data_types`` and ``checks`` say what a subscription is, ``packet_filters`` which packets it means; ``sessions`` are the
operations and what the ``radio`` makes of them (pure); ``said`` is what each event tells an application function.
"""
