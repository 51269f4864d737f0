"""The simulated 5G core's control side: session management (SMF) and exposure (NEF). Its user plane is in other programs.

``smf`` decides (pure); ``path_change`` is the one state machine of it; ``words`` says what it hears and does; ``nef`` is Traffic
Influence over HTTPS (3GPP TS 29.522, Rel-17); ``system`` joins them, ``store`` keeps what a restart must not lose. Fedge talks
to all this by the wire alone: another core network is another ``core5g.json``. Written to TS 29.522; not yet run against a real
core.
"""
