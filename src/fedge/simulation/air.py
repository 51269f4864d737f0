"""What one direction of one UE's radio does to packets: delay, rate, order, and the silence of a handover.

Pure: the caller brings the time and the luck (``fading``). A radio bearer keeps order (RLC acknowledged mode), so nothing
overtakes. In a cellular handover packets wait, up to 256 KiB, and come out as a burst at the link's rate; in a Wi-Fi roam
they are lost.
"""

from __future__ import annotations

from math import exp

from fedge.core.model import MS
from fedge.simulation.profiles import Percentiles, fit

HANDOVER_BUFFER_BYTES = 256 * 1024
FIRST_SLOT_NS = 500_000
"""After a handover the first packet goes out with the next slot (0.5 ms: 30 kHz subcarriers)."""
SLOWEST_MBIT_S = 0.5


class Air:
    """One direction. All instants in ns on one clock; before ``tune`` nothing gets through without an error."""

    __slots__ = ("_floor_ns", "_gap_begins", "_gap_ends", "_held_bytes", "_holds", "_last_due", "_ns_per_byte",
                 "_shift_ns", "_sigma", "_spread_ns", "weak_ns")  # fmt: skip

    def __init__(self) -> None:
        self._last_due = 0
        self._gap_begins = self._gap_ends = 0
        self._holds = True
        self._held_bytes = 0
        self.weak_ns = 0

    def tune(self, rtt_ms: Percentiles, share: float, mbit_s: float) -> None:
        """Take on another access: this direction has ``share`` of its round trip and ``mbit_s`` of rate."""
        fitted = fit(rtt_ms)
        self._shift_ns = fitted.shift * share * MS
        self._spread_ns = fitted.spread * share * MS
        self._sigma = fitted.sigma
        self._floor_ns = 0.6 * rtt_ms.p5 * share * MS  # a lognormal's tail below what was ever measured
        self._ns_per_byte = 8_000.0 / max(mbit_s, SLOWEST_MBIT_S)

    def follow(self, other: Air, least_mbit_s: float) -> None:
        """Be as ``other`` is now, at its rate or ``least_mbit_s`` if that is more; packets keep their order here."""
        self._shift_ns, self._spread_ns, self._sigma = other._shift_ns, other._spread_ns, other._sigma
        self._floor_ns, self.weak_ns = other._floor_ns, other.weak_ns
        self._ns_per_byte = other._ns_per_byte
        if least_mbit_s:
            self._ns_per_byte = min(self._ns_per_byte, 8_000.0 / least_mbit_s)
        if self._gap_begins != other._gap_begins:
            self.silence(other._gap_begins, other._gap_ends, other._holds)

    def silence(self, begins: int, ends: int, holds: bool) -> None:
        """Announce a handover gap; ``holds``: packets wait for its end instead of being lost."""
        self._gap_begins, self._gap_ends, self._holds = begins, ends, holds
        self._held_bytes = 0

    def due(self, now: int, size: int, z: float) -> int:
        """When a packet of ``size`` bytes that enters at ``now`` comes out; 0 if it is lost in a handover."""
        delay = self._shift_ns + self._spread_ns * exp(self._sigma * z)
        if delay < self._floor_ns:
            delay = self._floor_ns
        due = now + delay + self.weak_ns
        if now < self._gap_ends and due > self._gap_begins:
            self._held_bytes += size
            if not self._holds or self._held_bytes > HANDOVER_BUFFER_BYTES:
                return 0
            if due < self._gap_ends + FIRST_SLOT_NS:
                due = self._gap_ends + FIRST_SLOT_NS
        if due < self._last_due:
            due = self._last_due
        at = int(due + size * self._ns_per_byte)
        self._last_due = at
        return at
