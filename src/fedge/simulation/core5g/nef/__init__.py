"""The exposure function (NEF): Traffic Influence, 3GPP TS 29.522 Rel-17 (API 3gpp-traffic-influence v1), over HTTPS with OAuth2.

``data_types`` and ``checks`` say what a subscription is; ``subscriptions`` are the six operations (pure); ``api`` is HTTP around
them, ``tokens`` who may; ``notifications`` and ``outbox`` carry events to application functions; ``problem`` is every refusal's
form.
"""
