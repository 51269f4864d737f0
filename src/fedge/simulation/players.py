"""All players on one event loop: whose turn it is to press, whose datagram came, who has to ask discovery.

A shell around ``player``. Sixty times a second each player sends on its own phase. The sockets stand behind one ``epoll``,
which the loop's ``select`` watches: thousands of players cost no more than those who have something to say.
"""

from __future__ import annotations

import asyncio
import select
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import heapreplace
from random import Random
from time import monotonic_ns
from typing import Any

import structlog

from fedge.core.model import SECOND
from fedge.simulation.delay import DelayQueue
from fedge.simulation.people import USUAL, Habits
from fedge.simulation.player import PERIOD_NS, Pause, Player, pause_of
from fedge.wire.records import Trace
from fedge_sdk.attach import NotYet, Refused, attach_once

LOOK_AROUND_S = 0.1
ASKERS = 4
"""Threads that wait for discovery; it answers in milliseconds."""
REFUSED_AGAIN_S = 1.0
_FOREVER = 1 << 63
READ_BYTES = 2048
BATCH = 32
"""Datagrams heard of one player before others have their turn."""
log = structlog.get_logger("players")


@dataclass(frozen=True)
class FleetPlan:
    """What a run asks of its players. ``hosts``: address of each UE. ``last_input_ns``: no new input after it; 0: endless."""

    seed: int
    api: str
    token: str
    hosts: tuple[str, ...]
    last_input_ns: int = 0
    application: str = "arena"
    believe_all: bool = False
    habits: Habits = USUAL


class Fleet:
    """Plays between ``start`` and ``stop``."""

    def __init__(self, plan: FleetPlan, trace: Trace) -> None:
        self._plan = plan
        self.players = [
            Player(ue, host, plan.seed, plan.believe_all, trace) for ue, host in enumerate(plan.hosts)
        ]
        self._turns = DelayQueue()
        self._armed: asyncio.TimerHandle | None = None
        self._askers = ThreadPoolExecutor(ASKERS, "discovery")
        self._lives: list[asyncio.Task[None]] = []
        self._content: dict[int, tuple[Player, int, asyncio.Future[None]]] = {}
        """Who plays on, by UE: until when (ns), and whom that wakes."""
        self._late_ns = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let everybody join, spread over the time that their habits give them."""
        self._loop = loop
        self._poll = select.epoll()
        self._by_fd = {player.socket.fileno(): player for player in self.players}
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)
        loop.add_reader(self._poll.fileno(), self._listen)
        plan = self._plan
        for player in self.players:
            joins_s = Random(f"join/{plan.seed}/{player.ue}").uniform(0.0, plan.habits.join_within_s)
            self._lives.append(loop.create_task(self._live(player, joins_s)))
        self._look_around()

    async def stop(self) -> None:
        """Stop playing at once."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        self._looking.cancel()
        if self._armed is not None:
            self._armed.cancel()
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()
        for player in self.players:
            player.socket.close()
        self._askers.shutdown(wait=False, cancel_futures=True)

    def summary(self) -> dict[str, Any]:
        """Totals for the log."""
        return {
            "sent": sum(player.sent for player in self.players),
            "acknowledged": sum(player.acknowledged for player in self.players),
            "malformed": sum(player.malformed for player in self.players),
            "latest_turn_ms": round(self._late_ns / 1e6, 2),
        }

    # --- a player's life ----------------------------------------------------------------------------------------------------

    async def _live(self, player: Player, joins_s: float) -> None:
        await asyncio.sleep(joins_s)
        await self._attach(player)
        joined = monotonic_ns()
        # The phase of a player's clock against the servers' is drawn, so that two runs of a seed are alike in it too.
        phase = int(Random(f"phase/{self._plan.seed}/{player.ue}").uniform(0, PERIOD_NS))
        self._turns.put((joined // PERIOD_NS + 1) * PERIOD_NS + phase, player)
        self._arm()
        pause = pause_of(self._plan.seed, player.ue) if self._plan.habits.pauses else None
        while True:
            await self._plays_on(player, joined + pause.leaves_ns if pause is not None else _FOREVER)
            if pause is not None and monotonic_ns() - joined > pause.leaves_ns:
                await self._take_a_pause(player, pause, joined)
                pause = None
            else:
                log.info("hears nothing, asks discovery", player=player.name)
                await self._attach(player)

    async def _plays_on(self, player: Player, until: int) -> None:
        """Until that instant, or until it hears nothing any more."""
        wakes: asyncio.Future[None] = self._loop.create_future()
        self._content[player.ue] = player, until, wakes
        await wakes

    def _look_around(self) -> None:
        """For everybody at once: a timer of each player's own would wake the process a thousand times a second for a hundred."""
        self._looking = self._loop.call_later(LOOK_AROUND_S, self._look_around)
        now = monotonic_ns()
        over = [
            ue for ue, (player, until, _) in self._content.items() if now > until or player.is_silent(now)
        ]
        for ue in over:
            _, _, wakes = self._content.pop(ue)
            if not wakes.done():  # else it was cancelled: the run ends
                wakes.set_result(None)

    async def _take_a_pause(self, player: Player, pause: Pause, joined: int) -> None:
        if self._over(joined + pause.returns_ns + SECOND):
            return  # the end comes too soon to be back before it
        player.leaving_since = monotonic_ns()
        while not player.may_go(monotonic_ns()):
            await asyncio.sleep(LOOK_AROUND_S / 5)
        player.go(monotonic_ns())
        await asyncio.sleep(max(0.5, (joined + pause.returns_ns - monotonic_ns()) / SECOND))
        await self._attach(player)

    async def _attach(self, player: Player) -> None:
        plan = self._plan
        while True:
            try:
                attachment = await self._loop.run_in_executor(
                    self._askers, attach_once, plan.api, plan.application, player.name, plan.token
                )
            except NotYet as error:
                await asyncio.sleep(error.retry_after_s)
            except Refused as error:
                log.warning("discovery refuses", player=player.name, reason=str(error))
                await asyncio.sleep(REFUSED_AGAIN_S)
            else:
                player.take(attachment, monotonic_ns())
                return

    # --- the hot path -------------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Hear one datagram of each who has some, until nobody has: to ask once for all costs less than each for itself."""
        poll, by_fd, most = self._poll.poll, self._by_fd, len(self.players)
        for _ in range(BATCH):
            ready = poll(0, most)
            if not ready:
                break
            now = monotonic_ns()
            for fd, _ in ready:
                player = by_fd[fd]
                try:
                    datagram, source = player.socket.recvfrom(READ_BYTES)
                except OSError:
                    continue
                player.hear(datagram, source, now)

    def _take_turns(self) -> None:
        self._armed = None
        turns, now = self._turns.heap, monotonic_ns()
        may_press = not self._over(now)
        while turns and turns[0][0] <= now:
            due, number, player = turns[0]
            player.play(now, may_press)
            self._late_ns = max(self._late_ns, now - due)
            following = due + PERIOD_NS
            heapreplace(turns, (following if following > now else now + PERIOD_NS, number, player))
            now = monotonic_ns()
        self._arm()

    def _arm(self) -> None:
        head = self._turns.next_due
        if head is not None:
            if self._armed is not None:
                self._armed.cancel()
            self._armed = self._loop.call_at(head / SECOND, self._take_turns)

    def _over(self, at: int) -> bool:
        return bool(self._plan.last_input_ns) and at >= self._plan.last_input_ns
