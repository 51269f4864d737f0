"""A player of the simulated world: a real client session, without a socket."""

from __future__ import annotations

from typing import Any

from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.model import MS, SECOND, AppId, SessionId, SessionKey, UeId
from fedge.simulation.world.node import Node
from fedge.simulation.world.ports import Surroundings
from fedge.simulation.world.redirect import endpoint
from fedge_sdk.client import ClientSession
from fedge_sdk.way import Endpoint

PERIOD = SECOND // 60
SILENCE = 3 * SECOND
PATIENCE = 5 * SECOND


class Client(Node):
    """A player and its device, as ``simulation.player`` and ``simulation.players`` play it, without a socket."""

    def __init__(self, world: Surroundings, ue: int) -> None:
        super().__init__(world, f"c{ue}")
        self.ue, self.ue_id = ue, UeId(f"ue-{ue}")
        self.session: ClientSession | None = None
        self.site_id: SessionId | None = None
        self.heard_at = 0
        self.acked_at = self.longest_silence = 0
        self.attaching = False
        self.unsteered = ue in world.plan.unsteered
        self._asked_at = 0
        self._question = 0

    def started(self) -> None:
        self.after(0, self._play)
        self.attach()

    def forget(self) -> None:
        """The device restarts: the session's memory is gone, and the player attaches again."""
        self.session, self.life, self.attaching = None, self.life + 1, False
        self.after(self.world.rng.randrange(MS, 400 * MS), self._again)

    def leave(self, back_after: int) -> None:
        """End the session, and come back later without memory."""
        if self.site_id is not None:
            session = self.site_id
            self.world.judge.closed(self.session.key if self.session else 0)
            self.world.centre.ask(lambda request: AskedClose(request, session), lambda status, body: None)
        self.session, self.life, self.attaching = None, self.life + 1, False
        self.after(back_after, self._again)

    def _again(self) -> None:
        self.after(0, self._play)
        self.attach()

    # --- discovery ---------------------------------------------------------------------------------------------------------

    def attach(self) -> None:
        if self.attaching:
            return
        self.attaching = True
        self._ask()

    def _ask(self) -> None:
        world = self.world
        self._question += 1
        question, key = self._question, SessionKey(world.rng.getrandbits(63) or 1)

        def answered(status: int, body: dict[str, Any]) -> None:
            self.after(world.rng.randrange(MS, 4 * MS), self._answered, question, status, body)

        def ask() -> None:
            world.centre.ask(lambda request: AskedAttach(request, AppId("ledger"), self.ue_id, key), answered)

        self.after(world.rng.randrange(MS, 4 * MS), ask)
        self.after(PATIENCE, self._no_answer, question)

    def _no_answer(self, question: int) -> None:
        if self.attaching and question == self._question:
            self._ask()

    def _answered(self, question: int, status: int, body: dict[str, Any]) -> None:
        if question != self._question or not self.attaching:
            return
        self._question += 1
        if status != 200:
            self.world.told(f"{self.name} attaches: {status} {body}")
            self.after(100 * MS, self._ask)
            return
        self.attaching = False
        key, floor, fresh = int(body["key"], 16), body["epoch_floor"], body["fresh"]
        session = self.session
        if session is None or session.key != key or (fresh and session.acked_seq):
            life = body.get("life", 1)
            self.session = ClientSession(key, floor, fresh, life, self.world.plan.believe_all)
            self.world.told(f"{self.name} has session {key:x} from epoch {floor}, fresh: {fresh}")
        else:
            session.raise_floor(floor)
        if self.unsteered and self.session is not None:
            self.session.way.attached(endpoint(body["service"]), map(endpoint, body["services"]))
        self.site_id = SessionId(body["session"])
        self.heard_at = self.world.now

    # --- play --------------------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        session, world = self.session, self.world
        if session is not None:
            if session.synced:
                data = world.rng.randbytes(world.rng.randrange(2, 9))
                world.judge.pushed(session.key, session.push(data), data)
            ways = session.way.destinations(world.now) if self.unsteered else (None,)
            radio = world.rng.randrange(2 * MS, 6 * MS)
            for service in ways:
                world.at(world.now + radio, self, None, self._out, (session.datagram(), service))
            if world.now - self.heard_at > SILENCE:
                self.attach()
        self.after(PERIOD, self._play)

    def _out(self, datagram: bytes, service: Endpoint | None) -> None:
        if self.world.rng.random() < self.world.weather.packet_lost:
            return
        if service is None:
            self.world.access.uplink(self.ue, datagram)
        else:
            self.world.access.uplink_to(self.ue, service, datagram)

    def hear(self, source: str, datagram: bytes, service: Endpoint | None = None) -> None:
        session = self.session
        if session is None or int.from_bytes(datagram[1:9], "big") != session.key:
            return
        last = session.last_tick
        verdict = session.receive(datagram, service, self.world.now)
        if verdict.accepted:
            self.heard_at = self.world.now
        self.world.judge.heard(self, source, verdict)
        if verdict.accepted and session.last_tick > last:
            self.longest_silence = max(
                self.longest_silence, self.world.now - (self.acked_at or self.world.now)
            )
            self.acked_at = self.world.now
