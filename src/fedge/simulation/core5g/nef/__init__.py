"""The exposure function (NEF): Traffic Influence, 3GPP TS 29.522 Rel-17 (API 3gpp-traffic-influence v1), over HTTPS.

``data_types`` and ``checks`` say what a subscription is; ``subscriptions`` are the six operations (pure); ``api`` is HTTP around
them. ``access`` says who may call any API of it, by a token of CAPIF's or of its own (``tokens``, ``token_api``); ``exchange`` is
what the APIs have in common of HTTP; ``notifications`` and ``outbox`` carry events to application functions; ``problem`` is
every refusal's form.
"""
