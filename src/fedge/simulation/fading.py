"""How lucky each UE's radio is at each instant: delays that hang together in time, and loss that comes in bursts.

Pure, and a function of (seed, simulated time): not of when packets happen to come, so two runs with the same seed draw the
same radio. Delay is driven by one AR(1) process a UE (correlation time 0.4 s, assumed: neighbouring packets see nearly the
same delay and keep their order). Loss is Gilbert-Elliott in continuous time: a good and a bad state with the rates of the
UE's profile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedge.core.model import SECOND
from fedge.simulation.profiles import Bursts

SLOT_NS = 20_000_000
SLOTS = SECOND // SLOT_NS
CORRELATION_S = 0.4
WARM_UP_S = 4

_KEEP = math.exp(-SLOT_NS / SECOND / CORRELATION_S)
_FRESH = math.sqrt(1 - _KEEP * _KEEP)


class Luck:
    """One second of draws. ``z``: standard normal; ``lost_up``, ``lost_down``: bool; all of shape (slots, UEs)."""

    def __init__(self, second: int, z: NDArray[Any], lost_up: NDArray[Any], lost_down: NDArray[Any]) -> None:
        self.second = second
        self.z = z
        self.lost_up = lost_up
        self.lost_down = lost_down


class Fading:
    """Draws second after second. A start in mid-run warms up over the seconds before, so that it joins the same processes."""

    def __init__(self, seed: int, ues: int, first_second: int = 0) -> None:
        self._seed = seed
        self._ues = ues
        self._z = np.zeros(ues)
        self._bad = np.zeros(ues, bool)
        self._next = max(0, first_second - WARM_UP_S)
        self._first = first_second

    def next_second(self, bursts: Sequence[Bursts]) -> Luck:
        """The luck of the next second; ``bursts``: how each UE's access loses packets."""
        into_bad = np.array([SLOT_NS / SECOND / each.every_s for each in bursts])
        out_of_bad = np.array([min(1.0, SLOT_NS / 1e6 / each.last_ms) for each in bursts])
        lose = np.array([each.lose for each in bursts])
        while True:
            luck = self._draw(into_bad, out_of_bad, lose)
            if luck.second >= self._first:
                return luck

    def _draw(self, into_bad: NDArray[Any], out_of_bad: NDArray[Any], lose: NDArray[Any]) -> Luck:
        second, self._next = self._next, self._next + 1
        rng = np.random.default_rng([self._seed, 0xFAD, second])
        noise = rng.standard_normal((SLOTS, self._ues))
        chance = rng.random((3, SLOTS, self._ues))
        z, bad = np.empty_like(noise), np.empty((SLOTS, self._ues), bool)
        if second == 0:
            self._z = rng.standard_normal(self._ues)
        for slot in range(SLOTS):
            self._z = _KEEP * self._z + _FRESH * noise[slot]
            self._bad = np.where(self._bad, chance[0, slot] >= out_of_bad, chance[0, slot] < into_bad)
            z[slot], bad[slot] = self._z, self._bad
        return Luck(second, z, bad & (chance[1] < lose), bad & (chance[2] < lose))
