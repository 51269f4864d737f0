"""Every event that reaches the control plane is told by one function, and what is journaled is what its tables say."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.control import DECIDED
from fedge.core.control.dispatch import on, table, together
from fedge.core.control.events.visits import VisitBegan, VisitEnded
from fedge.core.control.plane import ANSWERS, DECIDES, TOLD
from fedge.core.messages import Message
from fedge.wire.codec import message_types

OURS = "fedge.core.control.events."
SAID_TO_IT = tuple(f"fedge.core.messages.{one}" for one in ("site", "access", "exposure", "engine", "sink"))
"""What agents, steering, the access gateway, Karmada's scheduler and who sends events say, and are told."""

IT_SAYS = {
    "site": "AbortMove AskInventory BeginCopy CloseSession DiscardSession LeadPlain OpenSession Proceed ReleaseSource "
    "RunInstances Unvoid WarmTarget",
    "access": "ActivateRoute DeclinePath InstallRoute RemoveRoute RoutesTold WithdrawRoute",
    "exposure": "AskLocation QualityTold ReleaseQuality RequestQuality",
}
"""What the control plane says itself, and never hears."""


def names(kinds: Any) -> set[str]:
    return {kind.__name__ for kind in kinds}


def test_every_message_is_heard_and_told_or_is_the_control_planes_own_word() -> None:
    own = {name for said in IT_SAYS.values() for name in said.split()}
    kinds = [kind for kind in message_types() if kind.__module__.startswith((OURS, *SAID_TO_IT))]
    assert names(TOLD) | own == names(kinds)
    assert not names(TOLD) & own


def test_requests_are_answered_and_the_other_events_of_the_control_plane_are_decided() -> None:
    ours = [kind for kind in message_types() if kind.__module__.startswith(OURS)]
    assert names(ANSWERS) == {kind.__name__ for kind in ours if kind.__name__.startswith("Asked")}
    assert set(ours) - set(ANSWERS) <= set(DECIDES)
    assert set(DECIDED) == set(DECIDES)


def test_an_event_with_two_stories_is_found_when_the_tables_are_put_together() -> None:
    def told(known: Any, event: Message, now: int) -> None:
        """Nothing."""

    one = table(on(VisitBegan, told), on(VisitEnded, told))
    with pytest.raises(ValueError, match="VisitEnded is told twice"):
        together(one, table(on(VisitEnded, told)))
