"""Who is connected to the simulated core network's control side: user plane functions (role ``upf``) and the access network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from fedge.adapters.embedded.link import Join, Line
from fedge.core.messages import Message
from fedge.core.model import SiteId
from fedge.simulation.core5g.words import Event, RanLost, UpfLost


class Links:
    """The newest connection of each user plane function, and of the access network."""

    def __init__(self, handle: Callable[[Event], None]) -> None:
        self._handle = handle
        self._upfs: dict[SiteId, Line] = {}
        self._ran: Line | None = None
        self._watching: set[asyncio.Task[None]] = set()

    def accept(self, join: Join, line: Line) -> Callable[[Message], None] | None:
        if join.role == "upf":
            site = SiteId(join.name)
            self._upfs[site] = line
            self._watch(self._upf_closed(site, line))
        elif join.role == "ran":
            self._ran = line
            self._watch(self._ran_closed(line))
        else:
            return None
        return self._handle

    def to_upf(self, site: SiteId, message: Message) -> bool:
        line = self._upfs.get(site)
        return line is not None and line.send(message)

    def to_ran(self, message: Message) -> bool:
        return self._ran is not None and self._ran.send(message)

    def _watch(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(closing)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _ran_closed(self, line: Line) -> None:
        await line.closed.wait()
        if self._ran is line:
            self._ran = None
            self._handle(RanLost())

    async def _upf_closed(self, site: SiteId, line: Line) -> None:
        await line.closed.wait()
        if self._upfs.get(site) is line:
            del self._upfs[site]
            self._handle(UpfLost(site))
