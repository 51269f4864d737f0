"""A UE at the radio: the bearer that everything takes, and beside it one of its own for each QoS flow (TS 23.501, 5.7).

Pure. What a flow is guaranteed goes first in its cell's queue, on a bearer that keeps its own order only; what exceeds the
guaranteed rate takes the UE's other bearer and is treated like all the rest; what exceeds the most that the flow may have is
lost.
``qos_flows`` says who is given a flow, ``cell_load`` has the queues, ``air`` the radio behind them.
"""

from __future__ import annotations

from fedge.core.messages.user_plane import PacketFilter, Quality
from fedge.core.model import MS
from fedge.simulation.air import Air
from fedge.simulation.cell_load import NO_ROOM, CellQueue, CellShares
from fedge.simulation.session_watch import SessionWatch
from fedge.wire import ip

Endpoint = ip.Endpoint
Spans = tuple[tuple[int, int], ...]
BURST_NS = 100 * MS
"""A rate may be exceeded by what it amounts to in so long (assumed: less than the averaging window of 2 s, TS 23.501 5.7.3.6)."""
LARGEST_BURST_BYTES = 3_000
"""Two packets may always come at once, however low the rate."""
IN_ROAM, IN_FULL_CELL, ABOVE_MOST = 0, NO_ROOM, -2
LOST = {IN_ROAM: "lost_in_roam", IN_FULL_CELL: "lost_in_full_cell", ABOVE_MOST: "lost_above_most"}


class Allowance:
    """A rate, as the instant at which what was taken would have been sent at it (GCRA)."""

    __slots__ = ("_burst_ns", "_ns_per_byte", "_sent_at")

    def __init__(self, kbit_s: int) -> None:
        self._ns_per_byte = 8e6 / kbit_s
        self._burst_ns = max(BURST_NS, LARGEST_BURST_BYTES * self._ns_per_byte)
        self._sent_at = 0.0

    def take(self, now: int, size: int) -> bool:
        """Is a packet of ``size`` bytes within the rate? Then it is taken."""
        after = max(self._sent_at, float(now)) + size * self._ns_per_byte
        if after - now > self._burst_ns:
            return False
        self._sent_at = after
        return True


class Promise:
    """One direction of a QoS flow. ``kept``: its cell has room for what is guaranteed."""

    __slots__ = ("_guaranteed", "_least_mbit_s", "_most", "air", "kept")

    def __init__(self, guaranteed_kbit_s: int, most_kbit_s: int) -> None:
        self.air, self.kept = Air(), False
        self._guaranteed = Allowance(guaranteed_kbit_s) if guaranteed_kbit_s else None
        self._most = Allowance(most_kbit_s) if most_kbit_s else None
        self._least_mbit_s = guaranteed_kbit_s / 1000

    def due(self, queue: CellQueue, usual: Air, now: int, size: int, z: float) -> int:
        """When a packet that enters at ``now`` comes out, by this bearer or the ``usual`` one; if it does not, why (``LOST``)."""
        if self._most is not None and not self._most.take(now, size):
            return ABOVE_MOST
        if self.kept and self._guaranteed is not None and self._guaranteed.take(now, size):
            return self.air.due(now + queue.enter_first(now, size), size, z)
        wait = queue.enter(now, size)
        return usual.due(now + wait, size, z) if wait >= 0 else wait

    def follow(self, usual: Air) -> None:
        """The UE's radio has changed: so has this bearer's. The cell gives it what the guaranteed rate needs."""
        self.air.follow(usual, self._least_mbit_s)


def within(spans: Spans, port: int) -> bool:
    """No spans at all mean every port."""
    return not spans or any(low <= port <= high for low, high in spans)


class QosFlow:
    """``ue``: index. ``promised_in``: the cell that has room for it; None: its packets are like all others."""

    __slots__ = ("down", "filters", "name", "promised_in", "quality", "ue", "up")

    def __init__(self, name: str, ue: int, filters: tuple[PacketFilter, ...], quality: Quality) -> None:
        self.name, self.ue, self.filters, self.quality = name, ue, filters, quality
        self.up = Promise(quality.guaranteed_up_kbit_s, quality.most_up_kbit_s)
        self.down = Promise(quality.guaranteed_down_kbit_s, quality.most_down_kbit_s)
        self.promised_in: CellShares | None = None

    @property
    def kept(self) -> bool:
        return self.promised_in is not None

    def same(self, other: QosFlow) -> bool:
        """Does ``other`` promise the same to the same packets?"""
        return (self.ue, self.filters, self.quality) == (other.ue, other.filters, other.quality)

    def fits(self, cell: CellShares) -> bool:
        """Has ``cell`` room for what is guaranteed?"""
        return cell.has_room(self.quality.guaranteed_up_kbit_s, self.quality.guaranteed_down_kbit_s)

    def keep(self, cell: CellShares | None) -> None:
        """From now on the promise is ``cell``'s; None: nobody's."""
        up, down = self.quality.guaranteed_up_kbit_s, self.quality.guaranteed_down_kbit_s
        if self.promised_in is not None:
            self.promised_in.promise(-up, -down)
        if cell is not None:
            cell.promise(up, down)
        self.promised_in = cell
        self.up.kept = self.down.kept = self.kept


class Ue:
    """``cell``: index of the one it is in; ``shares``: that cell's. ``flows``: by the address that the UE sends to, from which of
    its ports.

    ``heard``: by the address that it sends to, where it last sent from.
    """

    __slots__ = ("cell", "down", "down_last", "flows", "heard", "index", "queue_down", "queue_up", "shares",
                 "up", "up_last", "watch")  # fmt: skip

    def __init__(self, index: int) -> None:
        self.index = index
        self.cell = 0
        self.up, self.down = Air(), Air()
        self.flows: dict[Endpoint, tuple[tuple[Spans, QosFlow], ...]] = {}
        self.heard: dict[Endpoint, Endpoint] = {}
        self.watch = SessionWatch()
        # the last instant promised on the backhaul and to or from which site: packets of one path keep their order
        self.up_last = self.down_last = (-1, 0)

    def attach(self, cell: int, shares: CellShares) -> None:
        """It is in this cell from now on."""
        self.cell, self.shares = cell, shares
        self.queue_up, self.queue_down = shares.up, shares.down

    def radio_changed(self) -> None:
        """``up`` and ``down`` were tuned, silenced or weakened: the bearers of its flows are so too."""
        for found in self.flows.values():
            for _, flow in found:
                flow.up.follow(self.up)
                flow.down.follow(self.down)

    def flow(self, service: Endpoint, port: int) -> QosFlow | None:
        """The QoS flow of packets between ``service`` and the UE's ``port``; None: they have none."""
        for ports, flow in self.flows.get(service, ()):
            if within(ports, port):
                return flow
        return None
