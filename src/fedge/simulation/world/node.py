"""What every program of the simulated world is: started, killed, paused, and heard on its lines."""

from __future__ import annotations

from typing import Any

from fedge.core.model import MS
from fedge.simulation.world.ports import Act, Lines, Surroundings

REDIAL = 60 * MS


class Node:
    """A program of the world. ``life`` counts its starts; events meant for an earlier life never reach a later one."""

    def __init__(self, world: Surroundings, name: str) -> None:
        self.world, self.name = world, name
        self.alive, self.life, self.paused_until = False, 0, 0
        self.backlog: list[tuple[int | None, Act, tuple[Any, ...]]] = []

    @property
    def net(self) -> Lines:
        return self.world.net

    def start(self) -> None:
        self.alive, self.life = True, self.life + 1
        self.started()

    def crash(self) -> None:
        """Killed, as by SIGKILL: memory gone, lines broken."""
        if self.alive:
            self.alive = False
            self.net.gone(self.name)
            self.crashed()

    def after(self, delay: int, act: Act, *args: object) -> None:
        """``act`` in this life, and not while the node is paused."""
        self.world.at(self.world.now + delay, self, self.life, act, args)

    def started(self) -> None: ...
    def crashed(self) -> None: ...
    def greet(self, other: str) -> None: ...
    def hear(self, source: str, data: bytes) -> None: ...
