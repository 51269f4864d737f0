"""The exposure function (NEF): three APIs over HTTPS with OAuth2, each in a package of its own.

``influence``: Traffic Influence (3GPP TS 29.522); ``monitoring``: MonitoringEvent, ``quality``: AsSessionWithQoS (TS 29.122, as a
NEF exposes them by TS 29.522, 4.4.2 and 4.4.9); all Rel-17. What they share: ``app`` and ``exchange`` are HTTP, ``resources`` the
six operations on subscriptions, ``tokens`` who may; ``operator`` what is offered to whom; ``reading`` and ``patches`` take JSON
in, ``outbox`` carries notifications; ``problem`` is every refusal's form.
"""
