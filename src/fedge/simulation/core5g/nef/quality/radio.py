"""What the access network is asked of QoS flows, and to what its answers belong. Pure; part of ``sessions``.

It answers in the order in which it was asked. An answer to nothing is about what it holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from fedge.core.messages.user_plane import InstallQos, Quality, RemoveQos
from fedge.core.model import UeId
from fedge.simulation.core5g.nef.quality.session import Held, Session
from fedge.simulation.core5g.words import ToRan

BEST_EFFORT = Quality(9)
"""What is left of a reference that the operator has taken out of its catalogue."""


class Radio:
    """``out`` collects what is to be said. ``attached``: the UEs that are there; None: nor is the access network."""

    def __init__(self, catalogue: Mapping[str, Quality]) -> None:
        self.out: list[ToRan] = []
        self.attached: frozenset[UeId] | None = None
        self._catalogue = catalogue
        self._unanswered: dict[str, deque[Held]] = {}

    def forget_questions(self) -> None:
        self._unanswered.clear()

    def install(self, session: Session, wanted: Held) -> None:
        """Said when the access network is there, and the UE."""
        ue = session.wanted.ue
        if self.attached is not None and ue in self.attached:
            self._unanswered.setdefault(session.id, deque()).append(wanted)
            quality = self._catalogue.get(wanted.reference, BEST_EFFORT)
            self.out.append(ToRan(InstallQos(session.id, ue, wanted.filters, quality)))

    def remove(self, session: Session) -> None:
        asked = self._unanswered.pop(session.id, None)
        if self.attached is not None and (asked or session.held is not None):
            self.out.append(ToRan(RemoveQos(session.id, session.wanted.ue)))

    def answered(self, session: Session) -> Held | None:
        """What the answer that has just come is to."""
        waiting = self._unanswered.get(session.id)
        return waiting.popleft() if waiting else session.held

    def waits(self, session: Session) -> bool:
        """Is there a question that it has not answered?"""
        return bool(self._unanswered.get(session.id))
