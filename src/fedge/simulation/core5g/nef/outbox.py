"""Notifications on their way to application functions: in order for each UE of a subscription, tried again, never unbounded.

Neither redirects nor proxies are followed, and each destination is held against the allow-list again before a request leaves:
a subscription that was kept on disk may be older than the list. Faults (``faults``) strike here too.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import httpx2

from fedge.simulation.core5g import faults
from fedge.simulation.core5g.nef import destinations

MOST_WAITING = 4096
MOST_BYTES = 64 << 20
"""A report of ten thousand places has two megabytes, and its receiver may be gone for minutes."""
TRIES = 5
FIRST_PAUSE_S = 0.1
"""Doubled with each try: the last of five comes 1.5 s after the first, before an acknowledgement is given up."""
AGAIN = (408, 429, 500, 502, 503, 504)


class Letter(NamedTuple):
    """``lane``: letters of one lane arrive in order."""

    lane: tuple[str, str]
    url: str
    body: bytes


class Outbox:
    """``counts``: what became of the letters, in words; ``waiting``: how many have not left. Use from one event loop."""

    def __init__(self, client: httpx2.AsyncClient, networks: Sequence[str], rng: Random) -> None:
        self.faults = faults.NONE
        self.counts: Counter[str] = Counter()
        self._client, self._networks, self._rng = client, networks, rng
        self._lanes: dict[tuple[str, str], deque[Letter]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting = 0
        self._bytes = 0

    def post(self, letter: Letter) -> None:
        if self.faults.drop and self._rng.random() < self.faults.drop:
            self.counts["lost by a fault"] += 1
            return
        if self.waiting >= MOST_WAITING or self._bytes + len(letter.body) > MOST_BYTES:
            self.counts["overflow"] += 1
            return
        if self.faults.reorder and self._rng.random() < self.faults.reorder:
            self._start(self._late(letter))
            return
        self._queue(letter)
        if self.faults.duplicate and self._rng.random() < self.faults.duplicate:
            self._start(self._late(letter))

    def objection(self, url: str) -> str | None:
        """Why no letter may go there; None where one may."""
        return destinations.objection(url, self._networks)

    def waits(self, lane: tuple[str, str]) -> bool:
        """Has a letter of this lane not left yet?"""
        return lane in self._lanes

    async def close(self) -> None:
        """What has not left by now never will."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def _start(self, work: object) -> None:
        task = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type, var-annotated]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _late(self, letter: Letter) -> None:
        await asyncio.sleep(self._rng.random() * self.faults.delay_ms / 1000)
        self._queue(letter)

    def _queue(self, letter: Letter) -> None:
        self.waiting += 1
        self._bytes += len(letter.body)
        lane = self._lanes.get(letter.lane)
        if lane is not None:
            lane.append(letter)
            return
        self._lanes[letter.lane] = deque([letter])
        self._start(self._empty(letter.lane))

    async def _empty(self, lane: tuple[str, str]) -> None:
        letters = self._lanes[lane]
        while letters:
            try:
                self.counts[await self._deliver(letters[0])] += 1
            finally:
                self._bytes -= len(letters.popleft().body)
                self.waiting -= 1
        del self._lanes[lane]

    async def _deliver(self, letter: Letter) -> str:
        if self.objection(letter.url) is not None:
            return "not allowed"
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                answer = await self._client.post(
                    letter.url, content=letter.body, headers={"content-type": "application/json"}
                )
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
                continue
            if answer.is_success:
                return "delivered"
            if answer.status_code not in AGAIN:
                return "refused"
        return "given up"
