"""Traffic Influence, 3GPP TS 29.522 Rel-17 (API 3gpp-traffic-influence v1).

``data_types`` and ``checks`` say what a subscription is; ``subscriptions`` are the six operations (pure); ``notifications``: what
an application function is told; ``api`` is HTTP around them, with the acknowledgement URI of the callbacks.
"""
