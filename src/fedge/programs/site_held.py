"""Failpoints of a site's agent: the effects of a move that a test holds back, in their order, and wires that it cuts.

Off but for a run with the test switch ``failpoints`` (``runtime/failpoints.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.messages import (
    Answer,
    FinalDelta,
    MoveActivated,
    SourceReleased,
    StateRound,
    TargetWarmed,
    UplinkSeen,
)
from fedge.core.model import SiteId
from fedge.core.transfer import Effect, TellControl, TellPeer
from fedge.programs.site_lines import Peer
from fedge.runtime.failpoints import Failpoints

HELD_AT = {
    (TellControl, TargetWarmed): "WARMING",
    (TellPeer, StateRound): "COPYING",
    (TellPeer, FinalDelta): "FROZEN",
    (TellPeer, Answer): "ACTIVATED",
    (TellControl, MoveActivated): "ACTIVATED",
    (TellControl, UplinkSeen): "STEERED",
    (TellControl, SourceReleased): "RELEASED",
}
"""Which failpoint an effect passes: the state that the move cannot leave while it is held."""


class Held:
    """What is held back at ``site``."""

    def __init__(self, site: SiteId) -> None:
        self._site, self._failpoints = site, Failpoints()
        self._effects: list[tuple[str, Effect]] = []

    def holds(self, effect: Effect) -> bool:
        """Is it kept for later? So is what comes behind something that is held at the same failpoint."""
        if not self._failpoints.active or not isinstance(effect, TellControl | TellPeer):
            return False
        point = HELD_AT.get((type(effect), type(effect.message)))
        if point is None:
            return False
        held = self._failpoints.holds(point) or any(each == point for each, _ in self._effects)
        if held:
            self._effects.append((point, effect))
        return held

    def released(self) -> list[Effect]:
        """What is held no more."""
        if not self._effects:
            return []
        held, self._effects = self._effects, []
        free: list[Effect] = []
        for point, effect in held:
            if self._failpoints.holds(point):
                self._effects.append((point, effect))
            else:
                free.append(effect)
        return free

    def cut(self, peers: Mapping[SiteId, Peer]) -> None:
        """The emulated wires to these that a test wants cut, and no others."""
        if self._failpoints.active:
            for site, peer in peers.items():
                if peer.backhaul is not None:
                    peer.backhaul.cut = self._failpoints.cut(self._site, site)
