"""Which driver carries plain UDP here, and who is led to which instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

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
    """Each UE that is heard is led to the instance of its service that has the fewest, and stays there until told otherwise."""

    def __init__(self, driver: Forwarding) -> None:
        self.driver = driver
        self.flows: dict[tuple[Endpoint, Endpoint], PlainFlow] = {}
        self._instances: dict[Endpoint, tuple[Endpoint, ...]] = {}

    def serve(self, service: Endpoint, instances: Iterable[Endpoint]) -> None:
        """These run now. The UEs of others are led to them, or wait for the next."""
        self._instances[service] = tuple(instances)
        self._lead([pair for pair, flow in self.flows.items() if pair[1] == service and self._gone(flow)])

    def welcome(self) -> None:
        """Lead those who have been heard since."""
        self._lead(self.driver.unknown())

    def _gone(self, flow: PlainFlow) -> bool:
        return flow.instance not in self._instances.get(flow.service, ())

    def _lead(self, pairs: Iterable[tuple[Endpoint, Endpoint]]) -> None:
        held = Counter(flow.instance for flow in self.flows.values())
        led = []
        for ue, service in pairs:
            running = self._instances.get(service)
            if running:
                instance = min(running, key=lambda one: (held[one], one))
                held[instance] += 1
                led.append(PlainFlow(ue, service, instance))
        self.driver.lead(led)
        self.flows |= {(flow.ue, flow.service): flow for flow in led}
