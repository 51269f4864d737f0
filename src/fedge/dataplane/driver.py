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
    """Each UE that is heard is led to the instance that has the fewest, if a rule lets it pass, and stays until that ends."""

    def __init__(self, driver: Forwarding) -> None:
        self.driver = driver
        self.flows: dict[tuple[Endpoint, Endpoint], PlainFlow] = {}
        self._apps: dict[str, tuple[tuple[TrafficRule, ...], tuple[Endpoint, ...]]] = {}

    @property
    def services(self) -> frozenset[Endpoint]:
        """The stable addresses that are served here."""
        return frozenset(end for rules, _ in self._apps.values() for end in served(rules, "UDP"))

    def serve(self, app: str, rules: tuple[TrafficRule, ...], instances: Iterable[Endpoint]) -> None:
        """These run now, under these rules. UEs that lost their instance are led to another; none: the application is gone."""
        self._apps[app] = (rules, tuple(instances))
        if not self._apps[app][1]:
            del self._apps[app]
        self.driver.serve(self.services)
        stranded = []
        for pair, flow in tuple(self.flows.items()):
            running = self._instances(*pair)
            if not running:
                del self.flows[pair]
                self.driver.forget(*pair)
            elif flow.instance not in running:
                stranded.append(pair)
        self._lead(stranded)

    def welcome(self) -> None:
        """Lead those who have been heard since."""
        self._lead(self.driver.unknown())

    def _instances(self, ue: Endpoint, service: Endpoint) -> tuple[Endpoint, ...]:
        """Of the application whose rules let this traffic pass."""
        for rules, instances in self._apps.values():
            if forwards(matching(rules, ue, service, "UDP")):
                return instances
        return ()

    def _lead(self, pairs: Iterable[tuple[Endpoint, Endpoint]]) -> None:
        held = Counter(flow.instance for flow in self.flows.values())
        led = []
        for ue, service in pairs:
            running = self._instances(ue, service)
            if not running:
                self.driver.forget(ue, service)
                continue
            instance = min(running, key=lambda one: (held[one], one))
            held[instance] += 1
            led.append(PlainFlow(ue, service, instance))
        self.driver.lead(led)
        self.flows |= {(flow.ue, flow.service): flow for flow in led}
