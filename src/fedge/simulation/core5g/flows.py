"""All flows, found by UE and application, by UE, and by the place that they are changing to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.core5g.path_change import Flow


class Flows(Mapping[tuple[UeId, Address], Flow]):
    def __init__(self) -> None:
        self._all: dict[tuple[UeId, Address], Flow] = {}
        self._of: dict[UeId, dict[Address, Flow]] = {}

    def __getitem__(self, key: tuple[UeId, Address]) -> Flow:
        return self._all[key]

    def __iter__(self) -> Iterator[tuple[UeId, Address]]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def open(self, ue: UeId, service: Address) -> Flow:
        """The UE's flow with the application; a new one begins without a path, and obeys nobody."""
        flow = self._all.get((ue, service))
        if flow is None:
            flow = self._all[ue, service] = Flow(ue, service, "")
            self._of.setdefault(ue, {})[service] = flow
        return flow

    def close(self, flow: Flow) -> None:
        del self._all[flow.ue, flow.service]
        del self._of[flow.ue][flow.service]

    def of(self, ue: UeId) -> list[Flow]:
        return list(self._of.get(ue, {}).values())

    def ruled_by(self, influence: str, ue: UeId | None) -> list[Flow]:
        """Those that obey the influence. ``ue``: the only one that it can be about; None: any."""
        flows = list(self._all.values()) if ue is None else self.of(ue)
        return [flow for flow in flows if flow.influence == influence]

    def changing_to(self, site: SiteId) -> list[Flow]:
        return [
            flow for flow in self._all.values() if flow.change is not None and flow.change.target.site == site
        ]
