"""Players whom no core network steers, in the simulated world: on LTE, with a core that refuses, led by REDIRECT.

What of it is real: ``core.steering`` beside the control plane, as its program runs it; what a gateway on N6 remembers of where a
client speaks from (``dataplane.n6``, here in short: the simulation may not import it); and the ``Way`` in the client's session.
Each site is reached at an address of its own from any access; the stable address leads these players nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fedge.core.messages import (
    ExpectClient,
    InstallRoute,
    Message,
    RedirectClient,
    RoutesForgotten,
    RoutesTold,
    UeAt,
)
from fedge.core.model import MS, Address, SessionKey, SiteId, UeId
from fedge.core.steering import Answer, Delete, Effect, List, PathNotified, Steering, SteeringSettings, Tell
from fedge.core.transfer.effects import Flow
from fedge.simulation.faults import SITES
from fedge.simulation.world.node import Node
from fedge.simulation.world.ports import Flows
from fedge_sdk import wire
from fedge_sdk.way import Endpoint

STABLE = Address("127.0.0.1:7777")
OWN = {SiteId(name): Address(f"127.0.{n}.1:7777") for n, name in enumerate(SITES, 1)}
ACCESS = "lte"
WAKES = 50 * MS
_UES = "127.0.200."


def endpoint(address: str) -> Endpoint:
    host, _, port = address.rpartition(":")
    return host, int(port)


SITE_AT = {endpoint(address): site for site, address in OWN.items()}


class Redirects:
    """Steering as the control plane's program has it, for the sessions of these players only. A crash forgets it all.

    ``centre``: that program. ``post``: into its inbox.
    """

    def __init__(self, centre: Node, post: Callable[[Message], None]) -> None:
        self._centre, self._world, self._post = centre, centre.world, post
        self._ues = {UeId(f"ue-{n}") for n in centre.world.plan.unsteered}
        self.steering = Steering(SteeringSettings(b"secret", service=STABLE, services=OWN))
        self.steering.offer({SiteId(name): Address(f"127.0.0.1:{6000 + int(name[1:])}") for name in SITES})
        post(RoutesForgotten())
        centre.after(WAKES, self._wake)

    def takes(self, message: Message) -> bool:
        """Is it about these players' routes? Then it is done."""
        if isinstance(message, InstallRoute):
            ours = message.ue in self._ues
        else:
            ours = isinstance(message, RoutesTold) or getattr(message, "key", None) in self.steering.paths
        if ours:
            self._feed(message)
        return ours

    def _feed(self, event: Message | PathNotified | Answer) -> None:
        self._carry_out(self.steering.handle(event, self._world.now))

    def _wake(self) -> None:
        self._carry_out(self.steering.wake(self._world.now))
        self._centre.after(WAKES, self._wake)

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                self._post(effect.message)
                continue
            answer = Answer(effect.number, 200)
            if not isinstance(effect, List | Delete):
                answer = Answer(
                    effect.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED", "no 5G standalone session"
                )
            self._centre.after(self._world.rng.randrange(MS, 10 * MS), self._feed, answer)


class Speaking(Protocol):
    """A site's gateway: its flows, and a word of its own to a client."""

    @property
    def flows(self) -> Flows: ...
    def towards(self, key: int, datagram: bytes) -> None: ...


class Whereabouts:
    """What a site's gateway knows of where these players' sessions are spoken from: (UE, the address that it sends to)."""

    def __init__(self, site: Speaking) -> None:
        self._site = site
        self.at: dict[int, tuple[int, Endpoint]] = {}
        self._redirected: dict[int, RedirectClient] = {}

    def heard(self, key: int, ue: int, service: Endpoint) -> None:
        """A packet of a session came straight from the user plane."""
        entry = self._site.flows.entries.get(key)
        if entry is not None and self.at.get(key) != (ue, service):
            self._speaks_from(key, ue, service)

    def _speaks_from(self, key: int, ue: int, service: Endpoint) -> None:
        before = self.at.get(key)
        if before is None or before[1] != service:
            self._site.flows.expect(key)
        for other in [one for one, known in self.at.items() if known == (ue, service)]:
            del self.at[other]  # one socket of a UE speaks for one session
        self.at[key] = (ue, service)

    def told(self, message: Message) -> bool:
        """Is it an order to the gateway? Then it is done."""
        match message:
            case RedirectClient():
                if message.key in self._site.flows.entries:
                    self._redirected[message.key] = message
                    datagram = wire.encode_redirect(message.key, message.number, endpoint(message.service))
                    self._site.towards(message.key, datagram)
            case ExpectClient():
                self._site.flows.expect(message.key)
            case UeAt():
                self._taught(message)
            case _:
                return False
        return True

    def _taught(self, message: UeAt) -> None:
        entry = self._site.flows.entries.get(message.key)
        if entry is None or (entry.flow is Flow.LOCAL and message.key in self.at):
            return
        ue, service = int(endpoint(message.ue)[0].rpartition(".")[2]), endpoint(message.service)
        if self.at.get(message.key) != (ue, service):
            self._speaks_from(message.key, ue, service)

    def to_tell(self, key: SessionKey, generation: int) -> UeAt | None:
        """What the target's gateway shall know before the client's packets arrive there."""
        known, told = self.at.get(key), self._redirected.get(key)
        if known is None:
            return None
        ue, (host, port) = known
        redirected = told is not None and told.generation == generation
        service = told.service if told is not None and redirected else Address(f"{host}:{port}")
        return UeAt(key, Address(f"{_UES}{ue}:5000"), service)

    def cleared(self, key: int) -> None:
        if key not in self._site.flows.entries:
            self.at.pop(key, None)
            self._redirected.pop(key, None)
