"""MonitoringEvent, 3GPP TS 29.122 Rel-17 (API 3gpp-monitoring-event v1), as a NEF exposes it (TS 29.522, 4.4.2).

Location reporting, loss of connectivity, UE reachability. ``data_types``, ``attributes`` and ``checks`` say what a subscription
is, ``sightings`` where everybody was seen last; ``monitors`` are the operations, ``watching`` and ``delivery`` what follows from
a sighting or from silence (all pure); ``reports`` is what an application function is told.
"""
