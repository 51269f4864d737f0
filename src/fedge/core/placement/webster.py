"""Webster's method over arrays: seats one at a time to the largest weight / (2 × seats + 1).

Ties go to whoever has fewer seats, then by name: upward or downward by the parity of the FNV hash of the
binding's uid, so that not every binding favours the same cluster. Source: Balinski and Young, Fair
Representation, 2nd ed., ch. 4; Karmada's pkg/util/helper/webstermethod.go and binding.go for the ties.
"""

from __future__ import annotations

from heapq import heapify, heapreplace

import numpy as np

from fedge.core.placement.fleet import Ints

FEW = 64
"""seats that are worth giving one by one from the start"""


def descending(uid: str) -> bool:
    """Whether ties go to the last name: the FNV-32a hash of the uid is odd."""
    if not uid:
        return False
    value = 0x811C9DC5
    for byte in uid.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return bool(value & 1)


def webster(total: int, weights: Ints, order: Ints, uid: str) -> Ints:
    """Seats for each weight. ``order``: the places of the names, for ties."""
    seats = np.zeros(len(weights), np.int64)
    if total <= 0 or len(weights) == 0 or not weights.sum():
        return seats
    if total > FEW:
        seats = _surely(total, weights)
    missing = total - int(seats.sum())
    if not missing:
        return seats
    by_name = -order if descending(uid) else order
    claim = weights / (2.0 * seats + 1.0)
    best = np.lexsort((by_name, seats, -claim))[:missing]
    heap = [(-float(claim[each]), int(seats[each]), int(by_name[each]), int(each)) for each in best]
    heapify(heap)
    for _ in range(missing):
        _, has, name, each = heap[0]
        seats[each] = has + 1
        heapreplace(heap, (-(float(weights[each]) / (2.0 * (has + 1) + 1.0)), has + 1, name, each))
    return seats


def _surely(total: int, weights: Ints) -> Ints:
    """Seats whose claims lie above a bar that leaves some to give: these are given whatever the ties."""
    sum_of_weights = float(weights.sum())
    bar = sum_of_weights / (2.0 * total)
    while True:
        seats = np.floor((weights / bar - 1.0) / 2.0 + 1.0 - 1e-9).astype(np.int64).clip(0)
        given = int(seats.sum())
        if given <= total:
            return seats
        bar *= 1.0 + max(given - total, 1) / (2.0 * total) + 1e-9
