"""A steering, a control plane in short, and a core network in short, under a virtual clock: messages are lost, late and doubled.

The core here is this test's own, smaller than ``simulation.core5g``: one flow a subscription, EARLY, LATE, and time-outs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from fedge.core.messages import (
    ActivateRoute,
    DeclinePath,
    InstallRoute,
    Message,
    PathChangeAsked,
    RouteActivated,
    RouteInstalled,
    RouteRefused,
    RoutesTold,
    WithdrawRoute,
)
from fedge.core.model import MS, SECOND, Address, AppId, SessionId, SessionKey, SiteId, UeId
from fedge.core.steering import (
    Acknowledge,
    Answer,
    Create,
    Delete,
    Effect,
    Held,
    List,
    Patch,
    PathNotified,
    Steering,
    SteeringSettings,
    Tell,
)
from fedge.core.steering.advance import advance

SITES = tuple(SiteId(name) for name in ("s1", "s2", "s3"))
GATEWAYS = {site: Address(f"10.0.0.{n}:6000") for n, site in enumerate(SITES, 1)}
UE, SESSION, KEY = UeId("ue-1"), SessionId("ue-1"), SessionKey(7)


@dataclass
class Weather:
    """Shares of messages; ``lame``: how often the core says yes and does nothing."""

    lost: float = 0.0
    twice: float = 0.0
    slow: float = 0.0
    lame: float = 0.0


@dataclass
class Subscription:
    token: str
    transaction: str
    routes: tuple[str, ...]


@dataclass
class Change:
    target: str
    early: str
    stage: str = "EARLY"
    late: str = ""
    began: int = 0


@dataclass
class Core:
    """``path``: where the traffic goes. ``switched``: every site that it ever went to."""

    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    path: str = ""
    change: Change | None = None
    switched: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    made: int = 0


class World:
    def __init__(self, seed: int, weather: Weather) -> None:
        self.rng, self.weather = Random(seed), weather
        self.now = 1000 * SECOND
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self.core = Core()
        self.wrong: list[str] = []
        self.site, self.serving, self.top, self.active = SITES[0], 1, 1, 0
        self.move: tuple[int, SiteId] | None = None
        self._late: set[str] = set()
        """The sites to which the core configured a path while the present move was under way."""
        self.redirected = False
        self.steering = self._steering()
        self.say(InstallRoute(SESSION, KEY, UE, 1, self.site, GATEWAYS[self.site], AppId("arena")))
        self.say(ActivateRoute(SESSION, KEY, 1))
        self.say(RoutesTold())
        self._wake()

    def _steering(self) -> Steering:
        steering = Steering(SteeringSettings(b"secret"))
        steering.offer(GATEWAYS)
        return steering

    # --- the clock ----------------------------------------------------------------------------------------------------------

    def after(self, ns: int, act: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (self.now + ns, self._order, act))

    def until(self, instant: int) -> None:
        while self._heap and self._heap[0][0] <= instant:
            self.now, _, act = heapq.heappop(self._heap)
            act()
        self.now = instant

    def settled(self) -> bool:
        """Everybody agrees on where the session is, and nothing is under way."""
        paths, held = tuple(self.steering.paths.values()), tuple(self.core.subscriptions.values())
        return (
            self.move is None
            and self.active >= self.serving
            and self.core.path == self.site
            and len(paths) == len(held) == 1
            and paths[0].there
            and set(held[0].routes) == set(SITES)
        )

    def _wake(self) -> None:
        self._carry_out(self.steering.wake(self.now))
        self._who_rests_has_nothing_to_say()
        self._core_wakes()
        self.after(50 * MS, self._wake)

    def _who_rests_has_nothing_to_say(self) -> None:
        for path in self.steering.paths.values():
            until = self.steering.rests_until(path.key)
            for instant in (self.now, self.now + 2 * SECOND, self.now + 20 * SECOND):
                if instant < until:
                    said = advance(deepcopy(path), deepcopy(self.steering._desk), instant)
                    assert said == [], f"{path} rests until {until}, and at {instant} says {said}"

    def _travels(self, act: Callable[[], None]) -> None:
        """A message on its way: lost, late, twice."""
        rng, weather = self.rng, self.weather
        for _ in range(2 if rng.random() < weather.twice else 1):
            if rng.random() >= weather.lost:
                slow = rng.random() < weather.slow
                self.after(rng.randrange(MS, 1500 * MS if slow else 8 * MS), act)

    # --- Fedge's side -------------------------------------------------------------------------------------------------------

    def say(self, event: Message | PathNotified | Answer) -> None:
        self._carry_out(self.steering.handle(event, self.now))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                self.after(MS, lambda message=effect.message: self._hears(message))  # type: ignore[misc]
                continue
            steering, answered = self.steering, [False]

            def answer(said: Answer, steering: Steering = steering, answered: list[bool] = answered) -> None:
                if not answered[0] and self.steering is steering:
                    answered[0] = True
                    self.say(said)

            def call(effect: Effect = effect, answer: Callable[[Answer], None] = answer) -> None:
                said = self._served(effect)
                self._travels(lambda: answer(said))

            self._travels(call)
            self.after(2 * SECOND, lambda number=effect.number, answer=answer: answer(Answer(number, 0)))  # type: ignore[misc]

    def _hears(self, message: Message) -> None:
        """The control plane."""
        match message:
            case RouteInstalled(_, generation):
                if self.move is not None and self.move[0] == generation:
                    if self.core.path != self.move[1] and self.move[1] not in self._late:
                        self.wrong.append(
                            f"{generation} is said to be ready, and the core never made a path to {self.move[1]}"
                        )
                    self.after(30 * MS, lambda: self._activate(generation))
            case RouteActivated(_, generation, _):
                self.active = max(self.active, generation)
            case RouteRefused(_, generation, _) if self.move is not None and self.move[0] == generation:
                self._give_up(generation)
            case PathChangeAsked(_, _, site):
                if self.move is None and self.rng.random() < 0.7:
                    self.plan(site)
                elif self.move is None or self.move[1] != site:
                    self.say(DeclinePath(SESSION, KEY, site, "not allowed"))

    def plan(self, site: SiteId) -> None:
        """A move begins; its target is warm a little later."""
        if self.move is not None or site == self.site or self.active < self.serving:
            return
        self.top += 1
        generation, self.move = self.top, (self.top, site)
        change = self.core.change
        self._late = {change.target} if change is not None and change.stage == "LATE" else set()
        self.after(10 * MS, lambda: self._install(generation, site))
        self.after(1200 * MS, lambda: self._give_up(generation))

    def _install(self, generation: int, site: SiteId) -> None:
        if self.move == (generation, site):
            self.say(InstallRoute(SESSION, KEY, UE, generation, site, GATEWAYS[site], AppId("arena")))

    def _activate(self, generation: int) -> None:
        if self.move is not None and self.move[0] == generation:
            self.site, self.serving, self.move = self.move[1], generation, None
            self.say(ActivateRoute(SESSION, KEY, generation))

    def _give_up(self, generation: int) -> None:
        if self.move is not None and self.move[0] == generation:
            site, self.move = self.move[1], None
            self.say(WithdrawRoute(SESSION, KEY, generation, site))

    def restart(self) -> None:
        """Steering forgets everything; the control plane tells every route."""
        self.steering = self._steering()
        leads, arena = self.active >= self.serving, AppId("arena")
        gateway = GATEWAYS[self.site]
        installed = InstallRoute(
            SESSION, KEY, UE, self.serving, self.site, gateway, arena, leads, top=self.top
        )
        self.say(replace(installed, redirected=self.redirected))
        self.say(ActivateRoute(SESSION, KEY, self.serving))
        if self.move is not None:
            self._install(*self.move)
        self.say(RoutesTold())

    # --- the core -----------------------------------------------------------------------------------------------------------

    def _served(self, call: Effect) -> Answer:
        core = self.core
        match call:
            case List(number):
                held = tuple(Held(name, one.token, one.routes) for name, one in core.subscriptions.items())
                return Answer(number, 200, held=held)
            case Create(number, token, transaction, _, _, routes):
                core.made += 1
                name = f"sub-{core.made}"
                core.subscriptions[name] = Subscription(token, transaction, tuple(one.dnai for one in routes))
                self._reconsider(name)
                return Answer(number, 201, held=(Held(name, token, core.subscriptions[name].routes),))
            case Patch(number, name, routes):
                if name not in core.subscriptions:
                    return Answer(number, 404, "SUBSCRIPTION_NOT_FOUND")
                core.subscriptions[name].routes = tuple(one.dnai for one in routes)
                self._reconsider(name)
                return Answer(number, 200, held=(Held(name, "", core.subscriptions[name].routes),))
            case Delete(number, name):
                return Answer(number, 204 if core.subscriptions.pop(name, None) else 404)
            case Acknowledge(number, uri, _, _, status):
                return Answer(number, self._acknowledged(uri, status))
        raise AssertionError(call)

    def _reconsider(self, name: str) -> None:
        core, routes = self.core, self.core.subscriptions[name].routes
        if core.path in routes or (core.change is not None and core.change.target in routes):
            return
        if self.rng.random() >= self.weather.lame:
            self._begin(routes[0])

    def _begin(self, target: str) -> None:
        self.core.made += 1
        self.core.change = Change(target, f"early/{self.core.made}", began=self.now)
        self._notify("EARLY", self.core.change.early)

    def wander(self) -> None:
        """The core wants another path for reasons of its own."""
        offered = [
            dnai for one in self.core.subscriptions.values() for dnai in one.routes if dnai != self.core.path
        ]
        if offered and self.core.change is None:
            self._begin(self.rng.choice(offered))

    def _notify(self, stage: str, uri: str) -> None:
        core, change = self.core, self.core.change
        assert change is not None
        for one in core.subscriptions.values():
            event = PathNotified(
                one.token, "EARLY" if stage == "EARLY" else "LATE", change.target, core.path, one.transaction, True, UE, uri
            )  # fmt: skip
            self._travels(lambda event=event: self.say(event))  # type: ignore[misc]

    def _acknowledged(self, uri: str, status: str) -> int:
        core, change = self.core, self.core.change
        if uri in core.answers:
            return core.answers[uri]
        if change is None or uri not in (change.early, change.late):
            return 404
        core.answers[uri] = 204
        if status != "SUCCESS":
            core.change = None
        elif uri == change.early:
            if self.rng.random() >= self.weather.lame:
                self.after(5 * MS, lambda: self._configured(change))
        else:
            if change.target != self.site:
                self.wrong.append(f"the core switches to {change.target} while {self.site} writes")
            core.path, core.change = change.target, None
            core.switched.append(change.target)
        return 204

    def _configured(self, change: Change) -> None:
        if self.core.change is change and change.stage == "EARLY":
            self.core.made += 1
            change.stage, change.late = "LATE", f"late/{self.core.made}"
            self._late.add(change.target)
            self._notify("LATE", change.late)

    def _core_wakes(self) -> None:
        change = self.core.change
        if change is not None and self.now - change.began > 3 * SECOND:
            self.core.change = None

    def forget(self) -> None:
        """The NEF restarts and has lost its subscriptions, or only the change under way."""
        if self.rng.random() < 0.5:
            self.core.subscriptions.clear()
        self.core.change = None
