"""The virtual clock: what is to happen, in order. Nothing else makes time pass, so a seed plays the same again."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from fedge.core.model import MS, SECOND
from fedge.simulation.world.ports import Act, Living

BEGINS = 1000 * SECOND


class Clock:
    """``now`` in nanoseconds."""

    def __init__(self) -> None:
        self.now = BEGINS
        self._heap: list[tuple[int, int, Living | None, int | None, Act, tuple[Any, ...]]] = []
        self._order = 0

    def at(
        self,
        instant: int,
        node: Living | None,
        life: int | None,
        act: Act,
        args: tuple[Any, ...],
    ) -> None:
        """``act(*args)`` at an instant; for ``node``, if it lives (and, given a ``life``, still that one)."""
        self._order += 1
        heapq.heappush(self._heap, (instant, self._order, node, life, act, args))

    def soon(self, act: Callable[[], object]) -> None:
        self.at(self.now, None, None, act, ())

    def until(self, end: int, enough: Callable[[], bool] = lambda: False) -> bool:
        heap, looked = self._heap, self.now
        while heap and heap[0][0] <= end:
            instant, _, node, life, act, args = heapq.heappop(heap)
            self.now = max(self.now, instant)
            if node is not None:
                if node.paused_until > self.now or node.backlog:
                    self._keep(node, life, act, args)
                    continue
                if life is not None and (not node.alive or node.life != life):
                    continue
            act(*args)
            if self.now - looked >= 100 * MS:
                looked = self.now
                if enough():
                    return True
        self.now = end
        return enough()

    def _keep(self, node: Living, life: int | None, act: Act, args: tuple[Any, ...]) -> None:
        """For a paused node: in order, until it goes on."""
        if not node.backlog:
            self.at(max(self.now, node.paused_until), None, None, self.go_on, (node,))
        node.backlog.append((life, act, args))

    def go_on(self, node: Living) -> None:
        if node.paused_until > self.now:
            self.at(node.paused_until, None, None, self.go_on, (node,))
            return
        backlog, node.backlog = node.backlog, []
        for life, act, args in backlog:
            if life is None or (node.alive and node.life == life):
                act(*args)

    def ms(self) -> float:
        return (self.now - BEGINS) / MS
