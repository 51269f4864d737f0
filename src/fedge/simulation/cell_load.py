"""What a cell carries one way, and what waiting for it costs: a queue in virtual time, shared by its UEs and a background load.

Pure: the caller brings the time and, for losses, the luck. Nothing is queued here: a packet is told how long it has to wait. The
background stands for people who are not simulated; it asks for a share of the capacity that swings from slot to slot around its
mean, so waiting begins before the cell is full and grows steeply near it. Packets of guaranteed bit rate (``bearers``) go first
and wait for each other only. Capacity, buffer, swing and the guaranteed share are assumed (docs/access-model.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fedge.core.model import MS
from fedge.simulation.profiles import PROFILE_OF_KIND

BUFFER_NS = 150 * MS
"""The shared queue holds what the whole cell carries in so long (assumed); what does not fit is lost."""
SLOT_NS = 20 * MS
SWING = 0.5
"""Standard deviation of the background's share in a slot over its mean (assumed); slots are independent, gamma distributed."""
PATTERN_SLOTS = 4096
"""After 82 s the swing begins again."""
FORGOTTEN_NS = 2_000 * MS
"""Nobody looked for so long: what the queue was before makes no difference any more."""
GUARANTEED_SHARE = {"nr": 0.5, "lte": 0.5, "nsa": 0.5, "wifi": 0.0}
"""How much of a cell may be promised (assumed); a hotspot promises nothing."""
NO_ROOM = -1


class Carried(NamedTuple):
    """One direction of a cell since the last look: share of its capacity in use, its UEs' bytes, their mean wait in ms."""

    used: float
    bytes: int
    wait_ms: float


def swing(seed: int) -> list[float]:
    """The background's share in each slot of a pattern, its mean being 1."""
    shape = 1 / SWING**2
    return [float(x) for x in np.random.default_rng([seed, 0x10AD]).gamma(shape, 1 / shape, PATTERN_SLOTS)]


class CellQueue:
    """``mbit_s``: capacity. ``pattern`` as of ``swing``, entered at slot ``offset``; slots are counted from ``began`` (ns)."""

    __slots__ = ("_at", "_began", "_bytes", "_first_free", "_first_work", "_free", "_idle", "_losing",
                 "_ns_per_byte", "_offered", "_offset", "_packets", "_pattern", "_random", "_since", "_slot",
                 "_waited", "load", "mbit_s")  # fmt: skip

    def __init__(
        self, mbit_s: float, pattern: Sequence[float], offset: int, began: int, random: Callable[[], float]
    ) -> None:
        self.mbit_s, self.load = mbit_s, 0.0
        self._ns_per_byte = 8_000.0 / mbit_s
        self._pattern, self._offset, self._began, self._random = pattern, offset, began, random
        # when all that was let in will have been sent, and when the guaranteed part of it
        self._free = self._first_free = float(began)
        self._since, self._idle = began, 0.0
        self._bytes = self._packets = 0
        self._waited = 0.0
        # of the background: up to when it is counted in, its slot, work offered by UEs in that slot, chance of a loss when full
        self._at, self._slot = began, -1
        self._offered = self._first_work = self._losing = 0.0

    # --- packets --------------------------------------------------------------------------------------------------------------

    def enter(self, now: int, size: int) -> int:
        """How long (ns) a packet of ``size`` bytes waits that comes at ``now``; ``NO_ROOM``: it is lost."""
        if self.load:
            return self._enter_loaded(now, size)
        free, work = self._free, size * self._ns_per_byte
        if now >= free:
            self._idle += now - free
            self._free = now + work
            self._bytes += size
            self._packets += 1
            return 0
        wait = free - now
        if wait + work > BUFFER_NS:
            return NO_ROOM
        self._free = free + work
        self._count(size, wait)
        return int(wait)

    def enter_first(self, now: int, size: int) -> int:
        """As ``enter``, of a packet within its guaranteed rate: others wait for it, and it is not lost."""
        self.let_pass(now)
        work = size * self._ns_per_byte
        self._free += work
        self._first_work += work
        self._bytes += size
        first = max(self._first_free, float(now))
        self._first_free = first + work
        return int(first - now)

    def _enter_loaded(self, now: int, size: int) -> int:
        self._background(now)
        work = size * self._ns_per_byte
        self._offered += work
        wait = self._free - now
        if wait >= BUFFER_NS and self._random() < self._losing:
            return NO_ROOM
        # in a full queue it takes the place of a packet of the background, which is lost as often as the UEs' are
        self._free = min(self._free + work, now + BUFFER_NS)
        self._count(size, wait)
        return int(wait)

    def _count(self, size: int, wait: float) -> None:
        self._bytes += size
        self._packets += 1
        self._waited += wait

    # --- the background -------------------------------------------------------------------------------------------------------

    def carry(self, load: float, now: int) -> None:
        """From ``now`` on the background asks for ``load`` times the capacity; 0: there is none."""
        self.let_pass(now)
        self.load, self._at, self._slot = load, now, -1

    def let_pass(self, now: int) -> None:
        """Count in what happened up to ``now``."""
        if self.load:
            self._background(now)
        elif now > self._free:
            self._idle += now - self._free
            self._free = float(now)

    def _background(self, now: int) -> None:
        """Count in what the background brought up to ``now``, slot by slot."""
        if now <= self._at:
            return
        if now - self._at > FORGOTTEN_NS:
            self._at = now - FORGOTTEN_NS
        at, free = self._at, max(self._free, float(self._at))
        while at < now:
            slot = (at - self._began) // SLOT_NS
            share = self.load * self._pattern[(slot + self._offset) % PATTERN_SLOTS]
            if slot != self._slot:
                self._chance_of_loss(slot, share)
            end = min(now, self._began + (slot + 1) * SLOT_NS)
            free += share * (end - at)
            if free < end:
                self._idle += end - free
                free = float(end)
            elif free > end + BUFFER_NS:
                free = float(end + BUFFER_NS)
            at = end
        self._at, self._free = now, free

    def _chance_of_loss(self, slot: int, share: float) -> None:
        """What of all that comes finds no room while the queue is full; the UEs offer as much as in the slot before."""
        one_before = slot == self._slot + 1
        offered = share + (self._offered / SLOT_NS if one_before else 0.0)
        left = 1.0 - (self._first_work / SLOT_NS if one_before else 0.0)
        self._losing = max(0.0, 1.0 - left / offered) if offered else 0.0
        self._slot, self._offered, self._first_work = slot, 0.0, 0.0

    # --- figures --------------------------------------------------------------------------------------------------------------

    def take(self, now: int) -> Carried:
        """What was carried since the last time. Where no packet came: the wait is what one would have had now."""
        self.let_pass(now)
        elapsed = max(1, now - self._since)
        wait = self._waited / self._packets if self._packets else max(0.0, self._free - now)
        # what is let in already is sent later, but counts here
        carried = Carried(min(1.0, max(0.0, 1.0 - self._idle / elapsed)), self._bytes, wait / MS)
        self._since, self._idle, self._waited = now, 0.0, 0.0
        self._bytes = self._packets = 0
        return carried


class CellShares:
    """A cell's two directions, and what of each is promised to QoS flows (kbit/s)."""

    __slots__ = (
        "down",
        "most_down_kbit_s",
        "most_up_kbit_s",
        "promised_down_kbit_s",
        "promised_up_kbit_s",
        "up",
    )

    def __init__(self, kind: str, up: CellQueue, down: CellQueue) -> None:
        self.up, self.down = up, down
        self.promised_up_kbit_s = self.promised_down_kbit_s = 0
        share = GUARANTEED_SHARE[kind]
        self.most_up_kbit_s = int(share * up.mbit_s * 1000)
        self.most_down_kbit_s = int(share * down.mbit_s * 1000)

    def has_room(self, up_kbit_s: int, down_kbit_s: int) -> bool:
        """May so much more be promised? What asks for nothing always fits."""
        return (not up_kbit_s or self.promised_up_kbit_s + up_kbit_s <= self.most_up_kbit_s) and (
            not down_kbit_s or self.promised_down_kbit_s + down_kbit_s <= self.most_down_kbit_s
        )

    def promise(self, up_kbit_s: int, down_kbit_s: int) -> None:
        """So much more is promised; less, where negative."""
        self.promised_up_kbit_s += up_kbit_s
        self.promised_down_kbit_s += down_kbit_s


def capacity_mbit_s(kind: str) -> tuple[float, float]:
    """Of a cell of this kind, up and down: what one UE gets in its best seconds (p95 of the profile), having it to itself."""
    profile = PROFILE_OF_KIND[kind]
    return profile.up_mbit_s.p95, profile.down_mbit_s.p95


def cells_shares(
    kinds: Sequence[str], seed: int, began: int, random: Callable[[], float]
) -> list[CellShares]:
    """Every cell of a city, by their kinds; ``began``: monotonic instant of simulated second 0."""
    pattern, found = swing(seed), []
    for number, kind in enumerate(kinds):
        up_mbit_s, down_mbit_s = capacity_mbit_s(kind)
        up = CellQueue(up_mbit_s, pattern, number * 2 * 977, began, random)
        down = CellQueue(down_mbit_s, pattern, (number * 2 + 1) * 977, began, random)
        found.append(CellShares(kind, up, down))
    return found
