"""Which driver carries plain UDP here, and who is led to which instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from fedge.core.applications.traffic_rules import forwards, matching, served
from fedge.core.messages import TrafficRule
from fedge.dataplane import nftables
from fedge.dataplane.away import HERE, Away
from fedge.ports import Endpoint, Forwarding, PlainFlow

IDLE_S = 300.0
"""A flow that carried nothing for so long is let go; RFC 4787 (REQ-5) recommends five minutes or more."""
Pair = tuple[Endpoint, Endpoint]
"""(UE, the address that it sends to)"""


def choice(n6_interface: str) -> tuple[str, str]:
    """("nftables" or "userspace", why). ``n6_interface``: where N6 is routed to; empty where it comes in UDP datagrams."""
    if not n6_interface:
        return "userspace", "N6 comes in UDP datagrams here, and nftables rewrites what is routed"
    why_not = nftables.unusable()
    if why_not:
        return "userspace", why_not
    return "nftables", f"N6 is routed to {n6_interface}"


class _Game(NamedTuple):
    rules: tuple[TrafficRule, ...]
    instances: tuple[Endpoint, ...]
    away: Away


class PlainApplications:
    """Each UE that is heard is led to the instance that has the fewest, if a rule lets it pass, and stays until that ends, it is
    led away (`away.py`), or it says nothing for ``IDLE_S``.

    An address is one application's: of several that ask for it, the first has it until it goes. ``refused``: who has none of
    those that it asked for, (application, address); it gets nothing. ``door_host``: where other sites' gateways find a door for
    each application, empty: nowhere; ``admits``: may this address use one?
    """

    def __init__(
        self, driver: Forwarding, door_host: str = "", admits: Callable[[str], bool] = lambda host: True
    ) -> None:
        self.driver, self.door_host, self._admits = driver, door_host, admits
        self.flows: dict[Pair, PlainFlow] = {}
        self.refused: frozenset[tuple[str, Endpoint]] = frozenset()
        self.doors: dict[str, Endpoint] = {}
        self._apps: dict[str, _Game] = {}
        self._owners: dict[Endpoint, str] = {}
        self._held: Counter[Endpoint] = Counter()
        self._carried: dict[Pair, tuple[int, float]] = {}

    @property
    def services(self) -> frozenset[Endpoint]:
        """The stable addresses that are served here."""
        return frozenset(self._owners)

    def serve(
        self,
        app: str,
        rules: tuple[TrafficRule, ...],
        instances: Iterable[Endpoint],
        away: Away | None = None,
    ) -> None:
        """These run now, under these rules. UEs that lost their instance, or are led away or back, are led there now; neither
        an instance nor anybody elsewhere: the application is gone. ``away`` None: as it was.
        """
        before = self._apps.get(app)
        away = away if away is not None else before.away if before is not None else HERE
        self._apps[app] = game = _Game(rules, tuple(instances), away)
        if not (game.instances or away.ues or away.elsewhere):
            del self._apps[app]
        self._share_out()
        self._keep_door(app)
        self.driver.serve(self.services | set(self.doors.values()))
        stranded = []
        for pair, flow in tuple(self.flows.items()):
            running = self._instances(*pair)
            if not running:
                self._let_go(pair)
                self.driver.forget(*pair)
            elif flow.instance not in running:
                stranded.append(pair)
        self._lead(stranded)

    def welcome(self) -> None:
        """Lead those who have been heard since."""
        self._lead(self.driver.unknown())

    def end_idle(self, now_s: float) -> int:
        """Let go whose flow has carried nothing since ``IDLE_S`` before ``now_s``; how many."""
        carried = self.driver.carried()
        quiet = []
        for pair in tuple(self.flows):
            count, since = self._carried.get(pair, (-1, now_s))
            if carried.get(pair, 0) != count:
                self._carried[pair] = carried.get(pair, 0), now_s
            elif now_s - since >= IDLE_S:
                quiet.append(pair)
        for pair in quiet:
            self._let_go(pair)
            self.driver.forget(*pair)
        return len(quiet)

    def hosts(self, app: str) -> list[str]:
        """The address of the UE of each flow; those that came through the door are told by the gateway that led them."""
        return [ue[0] for ue, service in self.flows if self._owners.get(service) == app]

    def held(self, app: str) -> Counter[Endpoint]:
        """Flows by instance."""
        game = self._apps.get(app)
        return Counter({end: self._held[end] for end in game.instances}) if game is not None else Counter()

    def owner(self, end: Endpoint) -> str:
        """Whose address this is here; nobody's: empty."""
        return self._owners.get(end, "")

    def _share_out(self) -> None:
        wanted = {app: served(game.rules, "UDP") for app, game in self._apps.items()}
        self._owners = {end: app for end, app in self._owners.items() if end in wanted.get(app, ())}
        asked = [(app, end) for app, ends in wanted.items() for end in sorted(ends)]
        refused = [(app, end) for app, end in asked if self._owners.setdefault(end, app) != app]
        content = set(self._owners.values())
        self.refused = frozenset((app, end) for app, end in refused if app not in content)

    def _keep_door(self, app: str) -> None:
        """An application that runs here and has an address of UDP has a door."""
        runs = app in self._apps and self._apps[app].instances and app in self._owners.values()
        if runs and app not in self.doors and self.door_host:
            with suppress(OSError):  # no descriptor or port is left: at the next order, perhaps
                self.doors[app] = self.driver.open_door(self.door_host)
        elif not runs and app in self.doors:
            self.driver.close_door(self.doors.pop(app))

    def _instances(self, ue: Endpoint, service: Endpoint) -> Sequence[Endpoint]:
        """Whoever may have the UE's traffic to this address: of the application that has it, if its rules let it pass."""
        inside = next((app for app, door in self.doors.items() if door == service), None)
        if inside is not None:
            return self._apps[inside].instances if self._admits(ue[0]) else ()
        game = self._apps.get(self._owners.get(service, ""))
        if game is None or not forwards(matching(game.rules, ue, service, "UDP")):
            return ()
        return game.away.ends(ue[0], game.instances)

    def _lead(self, pairs: Iterable[Pair]) -> None:
        led: list[PlainFlow] = []
        more: Counter[Endpoint] = Counter()
        for ue, service in pairs:
            running = self._instances(ue, service)
            if not running:
                self.driver.forget(ue, service)
                continue
            instance = min(running, key=lambda one: (self._held[one] + more[one], one))
            more[instance] += 1
            led.append(PlainFlow(ue, service, instance))
        gone = self.driver.lead(led)
        for flow in led:
            pair = (flow.ue, flow.service)
            self._let_go(pair)
            self.flows[pair] = flow
            self._held[flow.instance] += 1
        for pair in gone:
            self._let_go(pair)

    def _let_go(self, pair: Pair) -> None:
        flow = self.flows.pop(pair, None)
        self._carried.pop(pair, None)
        if flow is not None:
            self._held[flow.instance] -= 1
            if not self._held[flow.instance]:
                del self._held[flow.instance]
