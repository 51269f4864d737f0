"""A session's client as gateways hear it on N6: is it there, and how long was it not heard around a handover?

A core network tells that a handover is done (ETSI GS MEC 012, CellChangeNotification), not how long the radio was silent for it.
The gateway sees that silence: no packet of the client comes. It is longer than the radio's by up to the time between two packets
of the client (17 ms at 60 a second), and nothing is known of it where the packets come to another site's gateway just then, or
where the client had nothing to say.
"""

from __future__ import annotations

from msgspec import Struct

from fedge.core.messages import ClientPackets
from fedge.core.model import MS, SECOND, Nanoseconds

AROUND = 50 * MS
"""The notification's instant is the operator's, on its own clock."""
LONGEST = SECOND
"""A longer silence is no handover's: the client paused, or was lost."""


class ClientView(Struct):
    """``heard_at``: its last packet, straight from the user plane. ``handover_at``: its UE's last change of cells, 0: none.

    ``gap_ms``: how long it was not heard around that handover; None: not known.
    """

    heard_at: Nanoseconds = 0
    handover_at: Nanoseconds = 0
    gap_ms: float | None = None
    _silence_ms: float = 0.0
    _silence_ended_at: Nanoseconds = 0

    def heard(self, packets: ClientPackets) -> None:
        self.heard_at = max(self.heard_at, packets.heard_at)
        self._silence_ms, self._silence_ended_at = packets.silence_ms, packets.silence_ended_at
        self._gap()

    def handed_over(self, at: Nanoseconds) -> None:
        self.handover_at, self.gap_ms = at, None
        self._gap()

    def _gap(self) -> None:
        """The longest silence of a report, if the handover falls into it."""
        long = int(self._silence_ms * MS)
        ends = self._silence_ended_at + AROUND
        if self.handover_at and 0 < long <= LONGEST and ends - long - 2 * AROUND <= self.handover_at <= ends:
            self.gap_ms = max(self.gap_ms or 0.0, self._silence_ms)
