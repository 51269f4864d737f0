"""A gateway, a control plane in short and an operator in short, by a virtual clock: messages get lost, late, doubled, reordered.

The operator here is this test's own, smaller than ``simulation.core5g``: three APIs that hold subscriptions, walking UEs, and
faults. What it holds is its truth; what the gateway told the control plane is kept in ``told``.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from msgspec import structs

from fedge.core.exposure import (
    Answer,
    Call,
    CellTold,
    Channelled,
    Create,
    Delete,
    Effect,
    Exposure,
    ExposureSettings,
    FlowQuality,
    FlowTold,
    Found,
    Held,
    Hush,
    List,
    Listen,
    Locate,
    Losses,
    MappedCell,
    Missing,
    Notice,
    Place,
    PlacesTold,
    RadioTold,
    Reach,
    ReachTold,
    Replace,
    Returns,
    Tell,
    Topology,
    mark_of,
)
from fedge.core.exposure.calls import APIS, Api, Asks, CellChanges, Measurements, Places
from fedge.core.messages import (
    Message,
    QualityGranted,
    QualityLost,
    QualityRefused,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
)
from fedge.core.model import MS, SECOND, CellId, SiteId, UeId

CELLS = tuple(
    MappedCell(CellId(f"c{n}"), kind, 100.0 * n, 0.0, 60.0, SiteId("s1"), {SiteId("s1"): 1.0}, (f"00000000{n}",))
    for n, kind in enumerate(("nr", "nr", "lte"), 1)
)  # fmt: skip
TOPOLOGY = Topology(400.0, 100.0, CELLS, {"nr": 10.0, "lte": 22.0}, (52.0, 13.0))
UES = tuple(UeId(f"ue-{n}") for n in range(3))
SETTINGS = ExposureSettings(b"secret", "everybody@example", references=("QOS_E", "QOS_L"))


@dataclass
class Weather:
    """Shares of messages; ``lame``: how often the operator says yes and does nothing.

    ``mute_returns``: nothing is told of UEs that are back.
    """

    lost: float = 0.0
    twice: float = 0.0
    slow: float = 0.0
    lame: float = 0.0
    mute_returns: bool = False


@dataclass
class Kept:
    """A subscription at the operator. ``lame``: it was agreed, and nothing is done about it."""

    api: Api
    token: str
    asks: Asks
    ends: int
    websocket: bool
    lame: bool
    installed: bool = False


@dataclass
class Operator:
    kept: dict[str, Kept] = field(default_factory=dict)
    made: int = 0
    refuses: set[Api] = field(default_factory=set)
    room: bool = True
    down_until: int = 0
    websockets: bool = True
    most_alike: Counter[str] = field(default_factory=Counter)
    """The most subscriptions that were ever held at once for one notification address."""


class World:
    def __init__(self, seed: int, weather: Weather) -> None:
        self.rng, self.weather = Random(seed), weather
        self.now = 1000 * SECOND
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self.operator = Operator()
        self.at: dict[UeId, int] = dict.fromkeys(UES, 0)
        self.away: dict[UeId, int] = {}
        """Who is not on the network, since when."""
        self._lost: set[UeId] = set()
        self.wanted: dict[str, RequestQuality] = {}
        self.answers: dict[str, Message] = {}
        """The last word on each flow that is asked for."""
        self.told: list[Message] = []
        self.mute: set[str] = set()
        """Of these subscriptions' flows the next word gets lost: by token."""
        self._channels: set[str] = set()
        self.gateway = self._gateway()
        self._later(0, self._wake)
        self._later(0, self._walk)

    # --- time --------------------------------------------------------------------------------------------------------------

    def run(self, until_ms: int) -> None:
        end = self.now + until_ms * MS
        while self._heap and self._heap[0][0] <= end:
            self.now, _, then = heapq.heappop(self._heap)
            then()
        self.now = end

    def _later(self, ns: int, then: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (self.now + ns, self._order, then))

    def _delay(self) -> int:
        slow = self.rng.random() < self.weather.slow
        return int(self.rng.uniform(500, 4000) if slow else self.rng.uniform(1, 20)) * MS

    # --- the gateway's side --------------------------------------------------------------------------------------------------

    def _gateway(self) -> Exposure:
        gateway = Exposure(SETTINGS, TOPOLOGY)
        for api in APIS:
            self._later(self._delay(), lambda api=api: self._feed(gateway, Found(api)))  # type: ignore[misc]
        return gateway

    def restart_gateway(self) -> None:
        """Killed: what it knew is gone, its websockets close, answers on their way find nobody."""
        self._channels.clear()
        served = {flow for flow, answer in self.answers.items() if isinstance(answer, QualityGranted)}
        self.answers.clear()
        self.gateway = gateway = self._gateway()
        for flow, one in list(self.wanted.items()):
            self.wanted[flow] = structs.replace(one, served=flow in served)
            self._feed(gateway, self.wanted[flow])
        self._feed(gateway, QualityTold())

    def want(
        self, flow: str, reference: str = "QOS_E", server: str = "10.0.0.1", seconds: int = 3600
    ) -> None:
        self.wanted[flow] = RequestQuality(flow, UES[0], server, reference, seconds)
        self.answers.pop(flow, None)
        self._feed(self.gateway, self.wanted[flow])

    def release(self, flow: str) -> None:
        if self.wanted.pop(flow, None) is not None:
            self._feed(self.gateway, ReleaseQuality(flow))

    def _wake(self) -> None:
        self._carry_out(self.gateway, self.gateway.wake(self.now))
        self._later(50 * MS, self._wake)

    def _feed(self, gateway: Exposure, event: Message | Notice | Answer | Found | Missing) -> None:
        if gateway is self.gateway:
            self._carry_out(gateway, gateway.handle(event, self.now, self.rng.random()))

    def _carry_out(self, gateway: Exposure, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Tell(message):
                    self.told.append(message)
                    if isinstance(message, QualityGranted | QualityLost | QualityRefused):
                        self.answers[message.flow] = message
                        if not isinstance(message, QualityGranted):
                            self.wanted.pop(message.flow, None)
                case Listen(token):
                    self._later(self._delay(), lambda token=token: self._listen(gateway, token))  # type: ignore[misc]
                case Hush(token):
                    self._channels.discard(token)
                case _:
                    self._call(gateway, effect)

    def _listen(self, gateway: Exposure, token: str) -> None:
        there = (
            self._up
            and self.operator.websockets
            and any(k.token == token for k in self.operator.kept.values())
        )
        if there and gateway is self.gateway:
            self._channels.add(token)
        self._feed(gateway, Channelled(token, there))

    def _call(self, gateway: Exposure, call: Call) -> None:
        if self.rng.random() < self.weather.lost / 2:
            answer = Answer(call.number, 0)
            self._later(3 * SECOND, lambda: self._feed(gateway, answer))
            return

        def arrive() -> None:
            answer = self._answer(call) if self._up else Answer(call.number, 0)
            if self.rng.random() < self.weather.lost / 2:
                answer = Answer(call.number, 0, detail="the answer got lost")
            self._later(self._delay(), lambda: self._feed(gateway, answer))

        self._later(self._delay(), arrive)

    # --- the operator's side --------------------------------------------------------------------------------------------------

    @property
    def _up(self) -> bool:
        return self.now >= self.operator.down_until

    def restart_operator(self, down_ms: int, forgetful: bool) -> None:
        self.operator.down_until = self.now + down_ms * MS
        if forgetful:
            self.operator.kept.clear()
        for token in tuple(self._channels):
            self._channels.discard(token)
            self._feed(self.gateway, Channelled(token, False))

    def _answer(self, call: Call) -> Answer:
        operator = self.operator
        if isinstance(call, Locate):
            place = Place(call.ue, self.now, float(self.at[call.ue]), 0.0, 5.0)
            return Answer(call.number, 200, place=place)
        if isinstance(call, Create | Replace) and call.api in operator.refuses:
            return Answer(call.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED")
        match call:
            case List(number, api):
                held = (self._held(id, kept) for id, kept in operator.kept.items() if kept.api == api)
                return Answer(number, 200, held=tuple(held))
            case Create():
                operator.made += 1
                id = f"s{operator.made}"
                operator.kept[id] = self._keep(call)
                alike = Counter(kept.token for kept in operator.kept.values())
                operator.most_alike |= alike
                return Answer(call.number, 201, held=(self._held(id, operator.kept[id]),))
            case Replace() if call.subscription in operator.kept:
                operator.kept[call.subscription] = self._keep(call, operator.kept[call.subscription])
                return Answer(
                    call.number, 200, held=(self._held(call.subscription, operator.kept[call.subscription]),)
                )
            case Delete() if call.subscription in operator.kept:
                del operator.kept[call.subscription]
                return Answer(call.number, 204)
        return Answer(call.number, 404, "SUBSCRIPTION_NOT_FOUND")

    def _keep(self, call: Create | Replace, before: Kept | None = None) -> Kept:
        """Of a quality that is said again as it is installed, the network says nothing again."""
        lame = self.rng.random() < self.weather.lame
        ends = self.now + call.lasts_s * SECOND if call.lasts_s else 0
        kept = Kept(call.api, call.token, call.asks, ends, call.channel == "websocket", lame)
        if before is not None and before.installed and before.asks == call.asks:
            kept.installed = True
        elif isinstance(call.asks, FlowQuality) and not lame:
            self._later(self._delay(), lambda: self._install(kept))
        return kept

    def _install(self, kept: Kept) -> None:
        if any(one is kept for one in self.operator.kept.values()):
            kept.installed = self.operator.room
            said = "SUCCESSFUL_RESOURCES_ALLOCATION" if kept.installed else "FAILED_RESOURCES_ALLOCATION"
            if kept.token in self.mute:
                self.mute.discard(kept.token)
                return
            id = next(id for id, one in self.operator.kept.items() if one is kept)
            self._notify(kept, FlowTold(kept.token, (said,), id))

    def _held(self, id: str, kept: Kept) -> Held:
        by_websocket = kept.websocket and self.operator.websockets
        return Held(
            id,
            "" if by_websocket else kept.token,
            mark_of(kept.token) if kept.api == "radio" else "",
            f"wss://operator/{id}" if by_websocket else "",
            (kept.ends - self.now) / SECOND if kept.ends else None,
        )

    def _walk(self) -> None:
        """Everybody walks; at every 60 m they hand over, sometimes with a word beforehand."""
        self._later(SECOND, self._walk)
        self._look_for_losses()
        for ue in UES:
            if ue in self.away:
                continue
            before, self.at[ue] = self.at[ue], (self.at[ue] + self.rng.randrange(40)) % 300
            source, target = CELLS[before // 100], CELLS[self.at[ue] // 100]
            if source != target:
                self._to(CellChanges, lambda token: CellTold(token, ue, self.now, target.cell, source.cell))  # noqa: B023
            self._to(Measurements, lambda token: RadioTold(token, ue, self.now, target.cell, -80.0))  # noqa: B023
        places = tuple(
            Place(ue, self.now, float(at), 0.0, 5.0, self.cell_of(ue))
            for ue, at in self.at.items()
            if ue not in self.away
        )
        self._to(Places, lambda token: PlacesTold(token, places))
        for id in [id for id, kept in self.operator.kept.items() if kept.ends and kept.ends <= self.now]:
            del self.operator.kept[id]

    def leave(self, ue: UeId) -> None:
        self.away.setdefault(ue, self.now)

    def _look_for_losses(self) -> None:
        """Told once, after five seconds of silence; and once when it is back."""
        lost = {ue for ue, since in self.away.items() if self.now - since >= 5 * SECOND} - self._lost
        back = self._lost - self.away.keys()
        self._lost = (self._lost | lost) - back
        for ue in sorted(lost):
            self._to(Losses, lambda token: ReachTold(token, (Reach(ue, self.now, False),)))  # noqa: B023
        for ue in () if self.weather.mute_returns else sorted(back):
            self._to(Returns, lambda token: ReachTold(token, (Reach(ue, self.now, True),)))  # noqa: B023

    def cell_of(self, ue: UeId) -> CellId:
        return CELLS[self.at[ue] // 100].cell

    def _to(self, what: type[Asks], notice: Callable[[str], Notice]) -> None:
        for kept in self.operator.kept.values():
            if isinstance(kept.asks, what) and not kept.lame and self._up:
                self._notify(kept, notice(kept.token))

    def _notify(self, kept: Kept, notice: Notice) -> None:
        if kept.websocket and self.operator.websockets and kept.token not in self._channels:
            return
        for _ in range(2 if self.rng.random() < self.weather.twice else 1):
            if self.rng.random() >= self.weather.lost:
                self._later(self._delay(), lambda: self._feed(self.gateway, notice))

    def forge(self) -> None:
        """Somebody who guessed nothing, and somebody who knows a token, but tells of a future that is not to come."""
        self._feed(self.gateway, PlacesTold("guessed", (Place(UES[0], self.now, 9e9, 9e9),)))
        ahead = PlacesTold(self.gateway.token("places"), (Place(UES[0], self.now + 3600 * SECOND, 9e9, 9e9),))
        self._feed(self.gateway, ahead)
        self._feed(self.gateway, CellTold(self.gateway.token("cells"), UES[0], self.now, CellId("nowhere")))
        self._feed(self.gateway, FlowTold(self.gateway.token("nr"), ("SESSION_TERMINATION",)))
