"""Which quality sessions a UE and a client have, and which must be looked at now: so that a wake costs what is due in it.

Volatile: rebuilt of `Quality.sessions`, and held to it by `core/control/quality.py`, which alone changes those.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from msgspec import Struct

from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.core.quality.session import KEPT_FOR, QualitySession, expires_at

ASK_AGAIN = 2 * SECOND
PATIENCE = 20 * SECOND
"""So long the operator is asked again that has no answer or no room now; then the network has ended the session."""
LOOKED_OVER_AT_ONCE = 200


class Trouble(Struct, frozen=True):
    """The operator has no answer, or no room, for a flow: ``since`` when, and ``at`` when it was asked last."""

    reason: str
    since: Nanoseconds
    at: Nanoseconds


def due_at(one: QualitySession, trouble: Trouble | None) -> Nanoseconds | None:
    """When time alone changes something: it expires, patience ends, it is asked for again, it need not be kept. None: never."""
    if not one.live:
        return one.ended_at + KEPT_FOR if one.session is None else None
    instants = [expires_at(one)] if one.status == "AVAILABLE" else []
    if trouble is not None:
        instants += [trouble.since + PATIENCE, trouble.at + ASK_AGAIN]
    elif one.status == "REQUESTED":
        instants.append(one.asked_at + PATIENCE)
    return min(instants)


class Watch:
    """``trouble``: by session. ``stirred``: UEs whose packets may carry another address than when the operator was asked last."""

    def __init__(self, sessions: Iterable[QualitySession] = ()) -> None:
        self.trouble: dict[str, Trouble] = {}
        self.stirred: dict[UeId, None] = {}
        self._of_ue: dict[UeId, dict[str, None]] = {}
        self._of_client: dict[str, dict[str, None]] = {}
        self._due: dict[str, Nanoseconds] = {}
        self._next: list[tuple[Nanoseconds, str]] = []
        self._turn = 0
        for one in sessions:
            self.put(one)

    def put(self, one: QualitySession) -> None:
        """It is new, or has changed, or its trouble has."""
        self._of_ue.setdefault(one.flow.ue, {})[one.id] = None
        if one.session is None:
            self._of_client.setdefault(one.owner, {})[one.id] = None
        at = due_at(one, self.trouble.get(one.id))
        if at is None:
            self._due.pop(one.id, None)
        elif self._due.get(one.id) != at:
            self._due[one.id] = at
            heappush(self._next, (at, one.id))
            if len(self._next) > 2 * len(self._due) + 64:  # most are of instants that do not count any more
                self._next = [(at, name) for name, at in self._due.items()]
                heapify(self._next)

    def drop(self, one: QualitySession) -> None:
        self.trouble.pop(one.id, None)
        self._due.pop(one.id, None)
        of_ue, of_client = self._of_ue.get(one.flow.ue, {}), self._of_client.get(one.owner, {})
        of_ue.pop(one.id, None)
        of_client.pop(one.id, None)
        if not of_ue:
            self._of_ue.pop(one.flow.ue, None)
        if not of_client:
            self._of_client.pop(one.owner, None)

    def due(self, now: Nanoseconds) -> list[str]:
        """Whose instant has come, once: who is given one must ``put`` it again."""
        found = []
        while self._next and self._next[0][0] <= now:
            at, name = heappop(self._next)
            if self._due.get(name) == at:
                del self._due[name]
                found.append(name)
        return found

    def of_ue(self, ue: UeId) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._of_ue.get(ue, ()))

    def asked_by(self, client: str) -> int:
        """How many its client has asked for; a QoSPolicy's are not counted."""
        return len(self._of_client.get(client, ()))

    def asked_in_all(self) -> int:
        return sum(map(len, self._of_client.values()))

    def stir(self, ue: UeId) -> None:
        if ue in self._of_ue:
            self.stirred[ue] = None

    def stir_next(self) -> None:
        """Some UEs in turn: what nobody said has changed is found out, too."""
        ues = tuple(self._of_ue)
        for _ in range(min(len(ues), LOOKED_OVER_AT_ONCE)):
            self._turn = (self._turn + 1) % len(ues)
            self.stirred[ues[self._turn]] = None
