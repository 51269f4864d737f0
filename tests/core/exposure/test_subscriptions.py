"""Subscriptions, told as talks: what is asked for, and what follows each answer, silence and restart."""

from __future__ import annotations

from fedge.core.exposure import (
    Answer,
    Channelled,
    Create,
    Delete,
    Expiring,
    Exposure,
    ExposureSettings,
    Found,
    Held,
    Hush,
    List,
    Listen,
    Missing,
    Place,
    PlacesTold,
    Replace,
    mark_of,
)
from fedge.core.exposure.calls import CellChanges, Places
from fedge.core.exposure.subscription import TRANSITIONS
from fedge.core.messages import OperatorOffers, QualityTold, ReleaseQuality, RequestQuality
from fedge.core.model import SECOND
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import TOPOLOGY, UES


def places(talk: Talk) -> str:
    return talk.gateway.token("places")


def keep_alive(talk: Talk, seconds: int) -> None:
    """Places come every second."""
    for _ in range(seconds):
        talk.later(1000)
        talk.hear(PlacesTold(places(talk), (Place(UES[0], talk.now, 1.0, 1.0),)))


def test_nothing_is_created_before_the_list_was_read() -> None:
    talk = Talk()
    talk.hear(Found("location"))
    talk.later(2000)
    assert [call.api for call in talk.take(List)] == ["location"]
    assert talk.take(Create) == []


def test_without_a_group_nobody_s_place_is_followed() -> None:
    gateway = Exposure(ExposureSettings(b"secret", ""), TOPOLOGY)
    assert sorted(gateway.subs) == ["cells", "lte", "nr"]


def test_an_unanswered_create_is_looked_for_in_the_list_and_not_repeated() -> None:
    talk = Talk()
    talk.hear(Found("location"))
    talk.later(50)
    talk.lists()
    create, *others = talk.take(Create)
    for one in others:
        talk.agree(one, f"s-{one.number}")
    talk.hear(Answer(create.number, 0))
    talk.later(100)
    (listing,) = talk.take(List)
    assert talk.take(Create) == []
    rest = tuple(Held(f"s-{one.number}", one.token, lasts_s=600.0) for one in others)
    talk.hear(Answer(listing.number, 200, held=(Held("s7", create.token, lasts_s=600.0), *rest)))
    talk.later(500)
    (again,) = talk.take(Replace)
    assert (again.subscription, again.asks) == ("s7", create.asks)
    assert talk.take(Create) == []


def test_what_an_earlier_life_left_is_deleted_once_all_wants_are_known() -> None:
    talk = Talk()
    talk.hear(Found("quality"))
    talk.later(50)
    orphan, foreign = Held("s1", talk.gateway.token("quality/old")), Held("s2")
    talk.lists(orphan, foreign)
    assert talk.take(Delete) == []
    talk.hear(QualityTold())
    talk.later(50)
    talk.lists(orphan, foreign)
    assert [call.subscription for call in talk.take(Delete)] == ["s1"]


def test_of_two_subscriptions_for_one_want_one_is_deleted() -> None:
    talk = Talk()
    talk.hear(Found("quality"))
    talk.hear(RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60))
    talk.hear(QualityTold())
    talk.later(50)
    token = talk.gateway.token("quality/f")
    talk.lists(Held("s1", token), Held("s2", token))
    assert [call.subscription for call in talk.take(Delete)] == ["s2"]
    assert [call.subscription for call in talk.take(Replace)] == ["s1"]


def test_a_subscription_is_renewed_before_it_expires() -> None:
    talk = Talk().begun()
    assert talk.take(Replace) == []
    keep_alive(talk, 400)
    renewed = talk.take(Replace)
    kinds = {call.asks.__class__.__name__ for call in renewed}
    assert kinds == {"Places", "Losses", "Returns", "CellChanges", "Measurements"}
    assert all(call.lasts_s == 600 for call in renewed)


def test_one_that_was_not_renewed_in_time_is_created_anew() -> None:
    talk = Talk().begun()
    talk.later(390_000)
    for call in talk.take(Replace):
        talk.hear(Answer(call.number, 0))
    for call in talk.take(List):
        talk.hear(Answer(call.number, 0))
    talk.later(300_000)
    talk.lists()
    talk.later(50)
    talk.lists()
    assert len(talk.take(Create)) == 6


def test_where_an_operator_does_not_tell_who_is_lost_places_are_served_all_the_same() -> None:
    talk = Talk()
    talk.hear(Found("location"))
    talk.later(50)
    talk.lists()
    for call in talk.take(Create):
        if isinstance(call.asks, Places):
            talk.agree(call, "s1", lasts_s=600.0)
        else:
            talk.refuse(call, 403, "EVENT_UNSUPPORTED")
    assert talk.told(OperatorOffers)[-1].location


def test_one_that_is_cancelled_is_asked_for_anew_whatever_it_was_to_tell() -> None:
    talk = Talk().begun()
    for name in ("places", "losses", "returns"):
        talk.hear(PlacesTold(talk.gateway.token(name), (), ended=True))
    talk.later(50)
    assert len(talk.take(Create)) == 3
    assert talk.gateway.counts["cancelled"] == 3


def test_an_expiry_that_the_operator_announces_is_met_by_a_renewal() -> None:
    talk = Talk().begun()
    talk.hear(Expiring(talk.gateway.token("cells"), 60.0))
    talk.later(1000)
    (renewed,) = talk.take(Replace)
    assert renewed.asks == CellChanges()


def test_places_that_stop_coming_are_told_as_unavailable_and_asked_for_anew() -> None:
    talk = Talk().begun()
    keep_alive(talk, 3)
    assert talk.told(OperatorOffers)[-1].location
    talk.later(6500)
    (again,) = talk.take(Replace)
    assert isinstance(again.asks, Places)
    offers = talk.told(OperatorOffers)[-1]
    assert not offers.location
    assert "nothing is heard" in offers.reason
    talk.hear(PlacesTold(places(talk), (Place(UES[0], talk.now, 1.0, 1.0),)))
    talk.agree(again, again.subscription, lasts_s=600.0)
    assert talk.told(OperatorOffers)[-1].location


def test_a_standing_want_that_is_refused_is_told_and_asked_for_again_later() -> None:
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(50)
    talk.lists()
    for call in talk.take(Create):
        talk.refuse(call, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED")
    offers = talk.told(OperatorOffers)[-1]
    assert not offers.radio
    assert "REQUESTED_SERVICE_NOT_AUTHORIZED" in offers.reason
    talk.later(30_000)
    assert talk.take(Create) == []
    talk.later(31_000)
    assert len(talk.take(Create)) == 3


def test_an_operator_that_does_not_answer_is_left_alone_but_for_one_call_at_a_time() -> None:
    talk = Talk().begun()
    talk.later(31_000)
    for _ in range(4):
        for call in talk.take(List):
            talk.hear(Answer(call.number, 0))
        talk.later(50)
    assert talk.gateway.desks["location"].circuit.open
    assert not talk.told(OperatorOffers)[-1].location
    talk.take(List)
    talk.take(Replace)
    talk.hear(RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60))
    talk.later(3000)
    assert talk.take(Create) == []
    assert sorted(call.api for call in talk.take(List)) == ["location", "quality", "radio"]


def test_the_answer_to_a_list_closes_the_circuit() -> None:
    talk = Talk().begun()
    talk.later(31_000)
    for _ in range(6):
        for call in talk.take(List):
            talk.hear(Answer(call.number, 503))
        talk.later(1000)
    assert talk.gateway.desks["quality"].circuit.open
    talk.hear(RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60))
    talk.lists()
    assert not talk.gateway.desks["quality"].circuit.open
    assert "quality/f" in talk.gateway.subs
    assert [call.api for call in talk.take(Create) if call.api == "quality"] == ["quality"]


def test_an_api_that_is_not_there_is_told_with_its_reason() -> None:
    talk = Talk()
    talk.hear(Missing("radio", "CAPIF has no API rni"))
    assert "CAPIF has no API rni" in talk.told(OperatorOffers)[-1].reason
    talk.later(2000)
    assert talk.take(List) == []


def test_notifications_come_by_websocket_and_by_http_where_that_fails() -> None:
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(50)
    talk.lists()
    cells = next(call for call in talk.take(Create) if call.asks == CellChanges())
    assert cells.channel == "websocket"
    talk.agree(cells, "s1", lasts_s=600.0, uri="wss://operator/s1")
    (listen,) = talk.take(Listen)
    assert (listen.token, listen.uri) == (cells.token, "wss://operator/s1")
    for _ in range(3):
        talk.hear(Channelled(cells.token, False))
        talk.later(1000)
    replaced = next(call for call in talk.take(Replace) if call.asks == CellChanges())
    assert replaced.channel == "callback"
    talk.agree(replaced, "s1", lasts_s=600.0)
    talk.take(Listen)
    talk.later(10_000)
    assert talk.take(Listen) == []


def test_a_subscription_of_an_earlier_life_keeps_its_websocket() -> None:
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(50)
    (listing,) = talk.take(List)
    mark = mark_of(talk.gateway.token("cells"))
    talk.hear(Answer(listing.number, 200, held=(Held("s1", mark=mark, uri="wss://operator/s1"),)))
    talk.later(50)
    (again,) = talk.take(Replace)
    assert (again.subscription, again.asks, again.channel) == ("s1", CellChanges(), "websocket")
    assert [one.uri for one in talk.take(Listen)] == ["wss://operator/s1"]


def test_a_websocket_that_closes_is_opened_again_and_the_list_is_read() -> None:
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(50)
    talk.lists()
    cells = next(call for call in talk.take(Create) if call.asks == CellChanges())
    talk.agree(cells, "s1", lasts_s=600.0, uri="wss://operator/s1")
    talk.take(Listen)
    talk.hear(Channelled(cells.token, True))
    talk.later(20_000)
    assert talk.take(Listen) == []
    talk.take(List)
    talk.hear(Channelled(cells.token, False))
    talk.later(200)
    assert [one.uri for one in talk.take(Listen)] == ["wss://operator/s1"]
    listing = next(call for call in talk.take(List) if call.api == "radio")
    talk.hear(Answer(listing.number, 200))  # it has forgotten all of them
    assert [one.token for one in talk.take(Hush)] == [cells.token]
    talk.later(50)
    assert any(call.asks == CellChanges() for call in talk.take(Create))


def test_what_the_operator_cancels_is_created_anew() -> None:
    talk = Talk().begun()
    keep_alive(talk, 2)
    talk.hear(PlacesTold(places(talk), (), ended=True))
    talk.later(50)
    (create,) = talk.take(Create)
    assert isinstance(create.asks, Places)


def test_a_release_while_the_create_is_on_its_way_deletes_what_comes_of_it() -> None:
    talk = Talk().begun()
    talk.hear(RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60))
    (create,) = talk.take(Create)
    talk.hear(ReleaseQuality("f"))
    assert talk.take(Delete) == []
    talk.agree(create, "s9")
    (delete,) = talk.take(Delete)
    assert delete.subscription == "s9"
    talk.hear(Answer(delete.number, 204))
    assert "quality/f" not in talk.gateway.subs


def test_the_state_machine_says_who_may_do_what() -> None:
    assert {one.actor for one in TRANSITIONS} == {"gateway", "operator", "time"}
    assert len({(one.state, one.event) for one in TRANSITIONS}) == len(TRANSITIONS)
    assert {one.next for one in TRANSITIONS} <= {one.state for one in TRANSITIONS}
    assert SECOND == 10**9


def test_a_list_that_never_comes_is_asked_for_again() -> None:
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(30_000)
    (first,) = talk.take(List)
    talk.later(1000)
    (again,) = talk.take(List)
    assert again.number != first.number
    assert talk.hear(Answer(first.number, 200)) == []
    talk.hear(Answer(again.number, 200))
    assert len(talk.take(Create)) == 3


def followed() -> Talk:
    """Cell changes come over a websocket."""
    talk = Talk()
    talk.hear(Found("radio"))
    talk.later(50)
    talk.lists()
    for call in talk.take(Create):
        uri = "wss://operator/s1" if call.asks == CellChanges() else ""
        talk.agree(call, "s1" if uri else f"standing-{call.number}", uri=uri)
    return talk


def relisted(talk: Talk, *cells: Held) -> None:
    """The radio's list is read again: the measurements' as they were agreed, and these."""
    talk.later(31_000)
    listing = next(call for call in talk.take(List) if call.api == "radio")
    others = (sub for name, sub in talk.gateway.subs.items() if sub.api == "radio" and name != "cells")
    held = (*(Held(sub.subscription, sub.token) for sub in others), *cells)
    talk.hear(Answer(listing.number, 200, held=held))
    talk.later(50)


def test_another_consumers_subscription_of_the_same_kind_is_left_alone() -> None:
    theirs = (
        Held("theirs-1", uri="wss://operator/theirs-1"),
        Held("theirs-2", mark="another-instance", uri="wss://operator/theirs-2"),
        Held("theirs-3"),
    )
    talk = followed()
    relisted(talk, *theirs, Held("s1", mark=mark_of(talk.gateway.token("cells")), uri="wss://operator/s1"))
    assert (talk.take(Delete), talk.take(Replace), talk.take(Create)) == ([], [], [])
    relisted(talk, *theirs)
    (create,) = talk.take(Create)
    assert create.asks == CellChanges(), "theirs is not taken over in place of ours, which is lost"
    assert (talk.take(Delete), talk.take(Replace)) == ([], [])


def test_a_service_that_does_not_say_the_mark_again_keeps_what_is_followed() -> None:
    talk = followed()
    relisted(talk, Held("s1", uri="wss://operator/s1"))
    assert (talk.take(Delete), talk.take(Create)) == ([], [])
    relisted(talk, Held("s1", uri="wss://operator/of-another-life"))
    (create,) = talk.take(Create)
    assert create.asks == CellChanges()
