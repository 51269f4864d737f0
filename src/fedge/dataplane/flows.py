"""A gateway's flow table: where each session's uplink goes, which frames may leave, what is held and what is forwarded.

Pure: packets in, (destination, packet) out. Generations only rise and a lower epoch is never let through again (invariants 1
and 2). What comes straight from the site's user plane function is of the generation that the flow has here: no core network knows
generations. An old gateway forwards such a packet once, and nobody forwards it again, so packets cannot circle.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from dataclasses import dataclass, field

from fedge.core.messages import ClientPackets
from fedge.core.model import MS, SessionKey
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge_sdk import wire

HELD_PACKETS = 256
REMEMBERED = 4096
"""Of so many sessions that are no longer here the last generation and epoch are known: an old copy cannot bring them back."""
_ENVELOPE = struct.Struct("!BBQI16xQ")
"""kind, hop, session key, generation, and the stamp: the segments' times are not known to a gateway (``fedge_sdk.wire``)."""
_HEAD = struct.Struct("!BBQI")
_DOWN = struct.Struct("!2xQ28xB8xI")
"""The session key of an envelope; kind and epoch of the FRAME or FENCE in it."""

_LOCAL = Flow.LOCAL
"""A name of this module's own: looking up an enumeration's member costs a tenth of what a packet does here."""

INSTANCE, PEER = "instance", "peer"
Delivery = tuple[str, str, bytes]
"""(INSTANCE or PEER, its name, the packet in its envelope)"""


@dataclass(slots=True)
class Entry:
    """One session here; ``held`` keeps the newest ``HELD_PACKETS`` packets while there is no writer to give them to.

    ``heard_at``: its client's last packet from the user plane (ns), 0: none. ``silence``: the longest time between two of them
    since ``FlowTable.clients``, and when that ended.
    """

    flow: Flow
    generation: int
    epoch: int
    instance: str
    peer: str
    held: deque[bytes] = field(default_factory=deque)
    direct_generation: int = 0
    expected: bool = False
    """Whoever hears the client next is to say so (``FlowTable.arrived``)."""
    heard_at: int = 0
    silence: int = 0
    silence_ended_at: int = 0


class FlowTable:
    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.cleared: dict[int, tuple[int, int]] = {}
        self.arrived: list[tuple[int, int, bool]] = []
        """(session, generation, is the writer here) of expected clients that were heard; whoever reads it empties it."""
        self.counts: Counter[str] = Counter()

    def set(self, effect: SetFlow) -> list[Delivery]:
        """Install or change a flow; answers the packets that were held for it. An older one changes nothing."""
        entry = self.entries.get(effect.key)
        generation, epoch = (
            (entry.generation, entry.epoch) if entry is not None else self.cleared.get(effect.key, (0, 0))
        )
        if effect.generation < generation or effect.epoch < epoch:
            self.counts["stale_flow"] += 1
            return []
        if entry is None:
            entry = Entry(effect.flow, effect.generation, effect.epoch, "", "")
            self.entries[effect.key] = entry
        entry.flow, entry.generation, entry.epoch = effect.flow, effect.generation, effect.epoch
        entry.instance, entry.peer = effect.instance or entry.instance, effect.peer or ""
        if entry.flow in (Flow.HOLD, Flow.EARLY):
            return []
        held, entry.held = entry.held, deque()
        deliveries: list[Delivery] = []
        for packet in held:
            deliveries += self._route(entry, packet)
        return deliveries

    def clear(self, effect: ClearFlow) -> None:
        """Forget a session, but not how far it had come, unless a later epoch of it is here."""
        entry = self.entries.get(effect.key)
        if entry is not None and entry.epoch <= effect.epoch:
            self.counts["held_dropped"] += len(entry.held)
            del self.entries[effect.key]
            self.cleared[effect.key] = (entry.generation, entry.epoch)
            if len(self.cleared) > REMEMBERED:
                del self.cleared[next(iter(self.cleared))]

    def expect(self, key: int) -> None:
        """Note it in ``arrived`` when the client is next heard straight from the user plane."""
        entry = self.entries.get(key)
        if entry is not None:
            entry.expected = True

    def clients(self, ahead: int = 0) -> tuple[ClientPackets, ...]:
        """Whose packets came straight from the user plane since the last call. ``ahead``: so much the reader's clock is (ns)."""
        heard = []
        for key, entry in self.entries.items():
            if entry.silence_ended_at:
                silence_ms, ended_at = entry.silence / MS, entry.silence_ended_at + ahead
                told = ClientPackets(SessionKey(key), entry.heard_at + ahead, silence_ms, ended_at)
                heard.append(told)
                entry.silence = entry.silence_ended_at = 0
        return tuple(heard)

    def direct(self, key: int, datagram: bytes, now: int) -> tuple[list[Delivery], int]:
        """Where an INPUT of a session goes that came straight from the site's user plane function at ``now`` (ns).

        Also the flow's generation when its client is heard so for the first time at it and believes the writer here.
        """
        entry = self.entries.get(key)
        if entry is None:
            self.counts["no_flow"] += 1
            return [], 0
        if now - entry.heard_at > entry.silence:
            entry.silence, entry.silence_ended_at = now - entry.heard_at if entry.heard_at else 0, now
        entry.heard_at = now
        generation = entry.generation
        packet = _ENVELOPE.pack(wire.UP, 0, key, generation, now) + datagram
        if entry.expected:
            self._note_arrival(entry, key, packet)
        if entry.flow is not _LOCAL:
            return self._route(entry, packet), 0
        heard = 0
        if generation > entry.direct_generation:
            if (
                wire.accepted_epoch(packet) >= entry.epoch
            ):  # lower: its client does not yet believe the writer here
                heard = entry.direct_generation = generation
        return [(INSTANCE, entry.instance, packet)], heard

    def _note_arrival(self, entry: Entry, key: int, packet: bytes) -> None:
        """Heard before there is a writer here, or believing the writer: nothing else is worth telling."""
        local = entry.flow is _LOCAL
        if entry.flow is Flow.EARLY or (local and wire.accepted_epoch(packet) >= entry.epoch):
            entry.expected = False
            self.arrived.append((key, entry.generation, local))

    def uplink(self, packet: bytes) -> list[Delivery]:
        """Where a packet goes that another gateway forwarded."""
        try:
            kind, hop, key, _ = _HEAD.unpack_from(packet)
        except struct.error:
            kind = hop = key = 0
        if kind != wire.UP or hop != 1 or len(packet) < wire.ENVELOPE_BYTES + wire.INPUT_BYTES:
            self.counts["malformed"] += 1
            return []
        entry = self.entries.get(key)
        if entry is None:
            self.counts["no_flow"] += 1
            return []
        return self._route(entry, packet)

    def _route(self, entry: Entry, packet: bytes) -> list[Delivery]:
        if entry.flow is _LOCAL:
            return [(INSTANCE, entry.instance, packet)]
        if entry.flow is Flow.FORWARD:
            kind, hop, key, _ = _HEAD.unpack_from(packet)
            if hop:
                self.counts["not_forwarded"] += 1
                return []
            self.counts["forwarded"] += 1
            head = _HEAD.pack(kind, 1, key, entry.generation)
            return [(PEER, entry.peer, head + packet[_HEAD.size :])]
        if len(entry.held) >= HELD_PACKETS:
            entry.held.popleft()
            self.counts["overflow"] += 1
        entry.held.append(packet)
        self.counts["held"] += 1
        return [(INSTANCE, entry.instance, packet)] if entry.flow is Flow.HOLD else []

    def downlink(self, packet: bytes) -> int | None:
        """The session of a packet of an instance here, if it may go to the client."""
        if len(packet) < _DOWN.size or packet[0] != wire.DOWN:
            self.counts["malformed"] += 1
            return None
        key, kind, epoch = _DOWN.unpack_from(packet)
        entry = self.entries.get(key)
        if entry is None:
            self.counts["no_flow_down"] += 1
            return None
        if epoch < entry.epoch and kind == wire.FRAME:  # a FENCE names the epoch to refuse, not its own
            self.counts["stale_epoch"] += 1
            return None
        return int(key)
