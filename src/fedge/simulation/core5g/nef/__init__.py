"""The exposure function (NEF): three APIs over HTTPS, each in a package of its own.

``influence``: Traffic Influence (3GPP TS 29.522); ``monitoring``: MonitoringEvent, ``quality``: AsSessionWithQoS (TS 29.122, as a
NEF exposes them by TS 29.522, 4.4.2 and 4.4.9); all Rel-17. What they share: ``access`` says who may call any of them, by a token
of CAPIF's or of its own (``tokens``, ``token_api``); ``exchange`` is HTTP, ``resources`` the six operations on subscriptions;
``operator`` what is offered to whom; ``reading`` and ``patches`` take JSON in, ``outbox`` carries notifications; ``problem`` is
every refusal's form.
"""
