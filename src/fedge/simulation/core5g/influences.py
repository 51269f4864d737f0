"""What is asked of session management, by whom it concerns: which influence rules a flow. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fedge.core.model import Address, UeId
from fedge.simulation.core5g.words import Influence


class Influences(Mapping[str, Influence]):
    """By id; and for each (UE or everybody, application) in the order in which they were asked for."""

    def __init__(self) -> None:
        self._all: dict[str, Influence] = {}
        self._for: dict[tuple[UeId | None, Address], dict[str, Influence]] = {}

    def __getitem__(self, id: str) -> Influence:
        return self._all[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def put(self, influence: Influence) -> Influence | None:
        """It is the newest now; what it replaces, if anything."""
        before = self.remove(influence.id)
        self._all[influence.id] = influence
        self._for.setdefault((influence.ue, influence.service), {})[influence.id] = influence
        return before

    def remove(self, id: str) -> Influence | None:
        found = self._all.pop(id, None)
        if found is not None:
            group = self._for[found.ue, found.service]
            del group[id]
            if not group:
                del self._for[found.ue, found.service]
        return found

    def ruling(self, ue: UeId, service: Address) -> Influence | None:
        """One for this very UE comes before one for all; of equals the newest rules."""
        for whom in (ue, None):
            group = self._for.get((whom, service))
            if group:
                return group[next(reversed(group))]
        return None
