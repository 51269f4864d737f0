"""Which driver carries plain UDP here, and who is led to which instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fedge.core.applications.traffic_rules import forwards, matching, served
from fedge.core.messages import TrafficRule
from fedge.dataplane import nftables
from fedge.ports import Endpoint, Forwarding, PlainFlow


def choice(n6_interface: str) -> tuple[str, str]:
    """("nftables" or "userspace", why). ``n6_interface``: where N6 is routed to; empty where it comes in UDP datagrams."""
    if not n6_interface:
        return "userspace", "N6 comes in UDP datagrams here, and nftables rewrites what is routed"
    why_not = nftables.unusable()
    if why_not:
        return "userspace", why_not
    return "nftables", f"N6 is routed to {n6_interface}"


class PlainApplications:
    """Each UE that is heard is led to the instance that has the fewest, if a rule lets it pass, and stays until that ends.

    An address is one application's: of several that ask for it, the first has it until it goes. ``refused``: the others',
    (application, address); they get nothing there.
    """

    def __init__(self, driver: Forwarding) -> None:
        self.driver = driver
        self.flows: dict[tuple[Endpoint, Endpoint], PlainFlow] = {}
        self.refused: frozenset[tuple[str, Endpoint]] = frozenset()
        self._apps: dict[str, tuple[tuple[TrafficRule, ...], tuple[Endpoint, ...]]] = {}
        self._owners: dict[Endpoint, str] = {}
        self._held: Counter[Endpoint] = Counter()

    @property
    def services(self) -> frozenset[Endpoint]:
        """The stable addresses that are served here."""
        return frozenset(self._owners)

    def serve(self, app: str, rules: tuple[TrafficRule, ...], instances: Iterable[Endpoint]) -> None:
        """These run now, under these rules. UEs that lost their instance are led to another; none: the application is gone."""
        self._apps[app] = (rules, tuple(instances))
        if not self._apps[app][1]:
            del self._apps[app]
        self._share_out()
        self.driver.serve(self.services)
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

    def _share_out(self) -> None:
        wanted = {app: served(rules, "UDP") for app, (rules, _) in self._apps.items()}
        self._owners = {end: app for end, app in self._owners.items() if end in wanted.get(app, ())}
        asked = [(app, end) for app, ends in wanted.items() for end in sorted(ends)]
        self.refused = frozenset((app, end) for app, end in asked if self._owners.setdefault(end, app) != app)

    def _instances(self, ue: Endpoint, service: Endpoint) -> tuple[Endpoint, ...]:
        """Of the application that has this address, if its rules let this traffic pass."""
        rules, instances = self._apps.get(self._owners.get(service, ""), ((), ()))
        return instances if forwards(matching(rules, ue, service, "UDP")) else ()

    def _lead(self, pairs: Iterable[tuple[Endpoint, Endpoint]]) -> None:
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

    def _let_go(self, pair: tuple[Endpoint, Endpoint]) -> None:
        flow = self.flows.pop(pair, None)
        if flow is not None:
            self._held[flow.instance] -= 1
            if not self._held[flow.instance]:
                del self._held[flow.instance]
