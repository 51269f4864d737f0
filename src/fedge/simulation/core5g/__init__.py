"""The simulated 5G core's control side: session management (SMF) and exposure (NEF). Its user plane is in other programs.

``smf`` decides (pure); ``path_change`` is the one state machine of it; ``words`` says what it hears and does; ``nef`` is three
APIs over HTTPS (3GPP TS 29.522 and TS 29.122, Rel-17), ``capif`` how a customer comes to use them (TS 29.222); ``system`` joins
session management and Traffic Influence, ``store`` and ``shelf`` keep what a restart must not lose. Fedge talks to all this by
the wire alone: another core network is another ``core5g.json``. Written to the specifications; not yet run against a real core.
"""
