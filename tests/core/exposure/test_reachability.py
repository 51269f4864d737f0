"""Who is lost and who is back: told by the operator, late, twice, behind another word, or not at all."""

from __future__ import annotations

from fedge.core.exposure import FlowTold, Place, PlacesTold, RadioTold, Reach, ReachTold
from fedge.core.exposure.calls import Create
from fedge.core.messages import Message, QualityLost, ReachabilityChanged, RequestQuality
from fedge.core.model import MS
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import CELLS, UES

UE, OTHER = UES[0], UES[1]


def lost(talk: Talk, ms: int, left: bool = False) -> list[Message]:
    return heard(talk, ReachTold(talk.gateway.token("losses"), (Reach(UE, talk.now + ms * MS, False, left),)))


def back(talk: Talk, ms: int) -> list[Message]:
    return heard(talk, ReachTold(talk.gateway.token("returns"), (Reach(UE, talk.now + ms * MS, True),)))


def seen(talk: Talk, ms: int) -> list[Message]:
    told = RadioTold(talk.gateway.token("nr"), UE, talk.now + ms * MS, CELLS[0].cell, -80.0)
    return heard(talk, told)


def heard(talk: Talk, notice: ReachTold | RadioTold) -> list[Message]:
    talk.hear(notice)
    return list(talk.told(ReachabilityChanged))


def test_a_loss_and_a_return_are_told_once_each() -> None:
    talk = Talk().begun()
    seen(talk, -9000)
    assert lost(talk, -3000) == [ReachabilityChanged(UE, False, talk.now - 3000 * MS)]
    assert lost(talk, -3000) == []
    assert lost(talk, -2000) == []
    assert back(talk, -1000) == [ReachabilityChanged(UE, True, talk.now - 1000 * MS)]
    assert back(talk, -1000) == []
    assert talk.gateway.counts["twice"] == 2


def test_a_return_whose_notification_is_lost_shows_in_whatever_is_told_of_the_ue() -> None:
    talk = Talk().begun()
    lost(talk, -3000)
    assert seen(talk, -3500) == []  # from before the loss, and late
    assert seen(talk, -1000) == [ReachabilityChanged(UE, True, talk.now - 1000 * MS)]
    assert back(talk, -900) == []
    assert talk.gateway.counts["seen again"] == 1


def test_a_place_shows_it_too() -> None:
    talk = Talk().begun()
    lost(talk, -3000)
    talk.hear(PlacesTold(talk.gateway.token("places"), (Place(UE, talk.now, 1.0, 1.0),)))
    assert talk.told(ReachabilityChanged) == [ReachabilityChanged(UE, True, talk.now)]


def test_a_loss_that_comes_late_is_no_news_of_a_ue_that_was_seen_since() -> None:
    talk = Talk().begun()
    seen(talk, -1000)
    assert lost(talk, -2000) == []
    assert talk.gateway.counts["too late"] == 1


def test_a_return_that_overtook_its_loss_holds() -> None:
    talk = Talk().begun()
    assert back(talk, -1000) == []
    assert lost(talk, -2000) == []


def served(talk: Talk) -> None:
    for flow, ue in (("mine", UE), ("others", OTHER)):
        talk.hear(RequestQuality(flow, ue, "10.0.0.1", "QOS_E", 60))
        for create in talk.take(Create):
            talk.agree(create, flow)
        talk.hear(FlowTold(talk.gateway.token(f"quality/{flow}"), ("SUCCESSFUL_RESOURCES_ALLOCATION",)))


def test_whoever_has_left_the_network_has_no_quality_there_any_more() -> None:
    """SESSION_TERMINATION would say so too, once, and may be lost: the resource would go on to look granted."""
    talk = Talk().begun()
    served(talk)
    lost(talk, 0, left=True)
    assert talk.told(QualityLost) == [QualityLost("mine", "the device has left the network")]
    talk.hear(FlowTold(talk.gateway.token("quality/mine"), ("SESSION_TERMINATION",)))
    assert talk.told(QualityLost) == []


def test_a_ue_that_is_only_silent_keeps_its_quality() -> None:
    talk = Talk().begun()
    served(talk)
    lost(talk, -100)
    assert talk.told(QualityLost) == []
    lost(talk, 0, left=True)  # now it has
    assert len(talk.told(QualityLost)) == 1


def test_a_leaving_that_is_told_again_after_another_loss_ends_no_quality_granted_since() -> None:
    talk = Talk().begun()
    lost(talk, -3000, left=True)
    back(talk, -2000)
    served(talk)
    lost(talk, -100)
    lost(talk, -3000, left=True)
    lost(talk, 60_000, left=True)
    assert talk.told(QualityLost) == []
    assert (talk.gateway.counts["too late"], talk.gateway.counts["from the future"]) == (1, 1)
    lost(talk, -100, left=True)  # of the same instant: the two are told apart by their words
    assert talk.told(QualityLost) == [QualityLost("mine", "the device has left the network")]


def test_a_word_of_a_loss_that_is_too_late_ends_no_quality() -> None:
    talk = Talk().begun()
    served(talk)
    seen(talk, -100)
    lost(talk, -2000, left=True)
    assert talk.told(QualityLost) == []
