"""Session management as stories: what happens, and what is then said to whom. No network, no clock."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fedge.core.messages.user_plane import InstallTunnel, PathSwitched, RanHello, SwitchPath
from fedge.core.model import Address, UeId
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.core5g.path_change import TRANSITIONS
from fedge.simulation.core5g.words import Acknowledged, InfluenceEnded, ToRan, ToUpf, UpfLost
from tests.simulation.core5g.core import ROUTE, SERVICE, UE, A, B, Story, influence


def test_the_first_path() -> None:
    story = Story().attached()
    assert story.say(influence(A, B)) == ["notify EARLY ->a"]
    assert story.ack() == [
        "answer done",
        "remember -",
        "upf a: InstallTunnel",
        "ran: InstallPath a",
        "notify LATE ->a",
    ]
    assert story.ack() == ["remember a", "ran: SwitchPath a", "answer done"]
    assert (story.site, story.state) == (A, None)
    assert story.wait(10_000) == []


def test_asked_by_the_application_function() -> None:
    story = Story().anchored(A)
    assert story.say(influence(B)) == ["notify EARLY a>b"]
    assert story.ack() == [
        "answer done",
        "remember a",
        "upf b: InstallTunnel",
        "ran: InstallPath b",
        "notify LATE a>b",
    ]
    assert story.ack() == ["remember b", "ran: SwitchPath b", "upf a: EndTunnel", "answer done"]
    assert story.wait(4000) == ["upf a: RemoveTunnel", "ran: RemovePath a", "remember b"]


def test_foreseen_by_the_network() -> None:
    story = Story().anchored(A, B)
    assert story.predicted("near-b") == ["notify EARLY a>b"]
    assert story.ack() == ["answer done", "remember a", "upf b: InstallTunnel", "ran: InstallPath b"]
    assert story.state == "READY", "the handover is waited for"
    assert story.moved("near-b") == ["notify LATE a>b"]
    assert "answer done" in story.ack()
    assert story.site == B


def test_the_handover_comes_before_the_early_acknowledgement() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    assert story.moved("near-b") == []
    assert story.ack()[-1] == "notify LATE a>b"


def test_a_handover_that_nobody_foresaw() -> None:
    story = Story().anchored(A, B)
    assert story.moved("near-b") == ["notify EARLY a>b"]
    assert story.ack()[-1] == "notify LATE a>b"


def test_the_handover_goes_elsewhere() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    story.ack()
    assert story.moved("near-a") == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert (story.site, story.state) == (A, None)
    assert story.ack() == ["answer done"], "said again, it gets the answer it had"


def test_a_late_acknowledgement_of_a_dropped_change_is_told_so() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    story.moved("near-a")
    assert story.ack() == ["answer over"]


def test_the_handover_never_comes() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    story.ack()
    assert story.wait(2000) == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.site == A


@pytest.mark.parametrize("refusal", ["TEMPORARY_CONGESTION", "RELOC_NO_ALLOWED", "OTHER"])
def test_a_refusal_keeps_the_old_path(refusal: str) -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    assert story.ack(refusal) == ["answer done"]
    assert (story.site, story.state) == (A, None)
    story.say(influence(B))
    story.ack()
    assert story.ack(refusal) == ["answer done", "upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.site == A
    assert story.wait(10_000) == [], "the network does not ask again by itself"


def test_no_acknowledgement_in_time_keeps_the_old_path() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    assert story.wait(3000) == []
    assert (story.site, story.state) == (A, None)
    assert story.ack() == ["answer over"]
    story.say(influence(B))
    story.ack()
    assert story.wait(3000) == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.ack() == ["answer over"]
    assert story.site == A


def test_a_first_path_is_offered_again_until_somebody_takes_it() -> None:
    story = Story().attached()
    story.say(influence(A))
    assert story.wait(5000) == ["notify EARLY ->a"]
    assert story.ack("RELOC_NO_ALLOWED") == ["answer done"]
    assert story.wait(10_000) == []
    story.say(influence(A))
    story.ack("TEMPORARY_CONGESTION")
    assert story.wait(3000) == ["notify EARLY ->a"]


def test_an_acknowledgement_said_twice_and_its_opposite() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    assert story.ack(of=0) == ["answer done"]
    assert story.ack("OTHER", of=0) == ["answer contradicted"]
    assert story.state == "LATE"
    assert story.say(Acknowledged(99, "never-asked")) == ["answer unknown"]


def test_the_late_acknowledgement_is_answered_by_the_switch() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    story.answers = False
    assert story.ack() == ["remember b", "ran: SwitchPath b"]
    assert story.ack() == [], "said again, it waits too"
    assert story.switched() == ["upf a: EndTunnel", "answer done", "answer done"]
    assert story.ack() == ["answer done"]


def test_a_switch_without_answer_goes_forward() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    story.answers = False
    story.ack()
    assert story.wait(2000) == ["answer delayed"]
    assert story.say(influence(A)) == [], "nothing new while it is being switched"
    told = story.ran_hello()
    assert told[-1] == "ran: SwitchPath b"
    story.answers = True
    assert story.switched()[:1] == ["upf a: EndTunnel"]
    assert story.notified()[-1].target.site == A, "what was asked meanwhile comes next"


def test_a_tunnel_that_is_not_installed_in_time() -> None:
    story = Story().anchored(A)
    story.answers = False
    story.say(influence(B))
    story.ack()
    assert story.wait(2000) == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.site == A


def test_the_target_is_lost_before_the_late_acknowledgement() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    assert story.say(UpfLost(B)) == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.ack() == ["answer over"]


def test_the_target_restarted_and_has_not_answered_yet() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    story.answers = False
    assert story.hello(B) == ["upf b: InstallTunnel", "ran: InstallPath b"]
    assert story.ack() == ["answer failed", "upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    assert story.site == A


def test_whoever_restarts_is_told_everything_again() -> None:
    story = Story().anchored(A)
    assert story.hello(A) == ["upf a: InstallTunnel", "ran: InstallPath a", "ran: SwitchPath a"]
    assert story.hello(B) == []
    assert story.ran_hello() == ["upf a: InstallTunnel", "ran: InstallPath a", "ran: SwitchPath a"]


def test_a_ue_that_left_has_no_paths() -> None:
    story = Story().anchored(A)
    assert story.say(RanHello(Address("127.9.0.3:2152"), ())) == [
        "upf a: RemoveTunnel",
        "ran: RemovePath a",
        "forget",
    ]


def test_the_subscription_ends() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    story.ack()
    assert story.say(InfluenceEnded("s")) == [
        "upf b: RemoveTunnel",
        "upf a: RemoveTunnel",
        "ran: RemovePath b",
        "ran: RemovePath a",
        "forget",
    ]
    assert story.ack() == ["answer over"]
    assert story.say(InfluenceEnded("s")) == []


def test_lte_and_wifi_are_not_steered() -> None:
    story = Story().attached(kind="lte", cell="lte-b")
    assert story.say(influence(A, B)) == []
    assert story.moved("near-b") == ["notify EARLY ->b"]
    story.ack()
    story.ack()
    assert story.moved("lte-b") == [], "the path stays"
    assert story.say(influence(A)) == []


def test_a_handover_to_lte_drops_what_was_foreseen() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    story.ack()
    assert story.moved("lte-b") == ["upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]


def test_what_is_asked_comes_before_what_is_foreseen() -> None:
    story = Story().anchored(A)
    story.say(influence(B))
    assert story.predicted("near-a") == []
    assert story.moved("near-a") == []
    assert story.ack()[-1] == "notify LATE a>b"


def test_what_was_foreseen_is_now_asked_for() -> None:
    story = Story().anchored(A, B)
    story.predicted("near-b")
    story.ack()
    assert story.say(influence(B)) == ["notify LATE a>b"], "no handover is waited for"


def test_an_application_that_is_not_to_be_relocated_by_the_network() -> None:
    story = Story().attached()
    story.say(influence(A, B, relocatable=False))
    story.ack()
    story.ack()
    assert story.predicted("near-b") + story.moved("near-b") == []


def test_without_acknowledgements_nobody_is_waited_for() -> None:
    story = Story().attached()
    said = story.say(influence(A, ack=False))
    assert said == [
        "notify EARLY ->a",
        "remember -",
        "upf a: InstallTunnel",
        "ran: InstallPath a",
        "notify LATE ->a",
        "remember a",
        "ran: SwitchPath a",
    ]
    assert [notify.transaction for notify in story.notified()] == ["", ""]


def test_one_kind_of_notification_only() -> None:
    story = Story().attached()
    assert story.say(influence(A, early=False))[-1] == "notify LATE ->a"
    assert story.ack()[0] == "remember a"
    story = Story().attached()
    assert story.say(influence(A, late=False)) == ["notify EARLY ->a"]
    assert story.ack()[-1] == "ran: SwitchPath a"


def test_the_acknowledgement_names_the_routes_end() -> None:
    story = Story().attached()
    story.say(influence(A))
    story.ack(n6="127.9.10.9:6001")
    installed = [e.message for e in story.seen if isinstance(e, ToUpf)]
    assert [one.n6 for one in installed if isinstance(one, InstallTunnel)] == ["127.9.10.9:6001"]


def test_the_routes_end_moves() -> None:
    story = Story().anchored(A)
    elsewhere = replace(influence(A), routes=(replace(ROUTE[A], n6=Address("127.9.10.1:6009")),))
    assert story.say(elsewhere) == ["remember a", "upf a: InstallTunnel", "ran: InstallPath a"]


def test_everybody_and_one_of_them() -> None:
    story = Story().attached()
    assert story.say(influence(A, ue=None, id="all")) == ["notify EARLY ->a"]
    story.ack()
    story.ack()
    assert story.say(influence(B, ue=UE, id="own")) == ["notify EARLY a>b"]
    story.ack()
    story.ack()
    assert story.site == B
    assert story.say(InfluenceEnded("own")) == ["notify EARLY b>a"], "the general one rules again"
    assert story.say(influence(A, ue=UeId("another"), id="other")) == []


def test_a_new_subscription_takes_a_path_over() -> None:
    """As after a restart that lost the subscriptions: the application function is asked as if it were the first."""
    story = Story(tuple(Story().anchored(A).held.values()), life=2).attached()
    assert story.site == A, "nobody ended it"
    assert story.say(influence(A, id="new")) == ["notify EARLY a>a"]
    assert story.ack()[-1] == "notify LATE a>a"
    assert story.ack() == ["remember a", "ran: SwitchPath a", "answer done"]
    assert story.wait(5000) == []


def test_a_path_that_is_not_taken_over_stays_as_it_was() -> None:
    before = Story().attached()
    before.say(influence(A))
    before.ack()
    before.ack()
    story = Story(tuple(before.held.values()), life=2).attached()
    story.say(influence(A, id="new"))
    story.ack(n6="127.9.10.1:6009")
    assert story.ack("OTHER") == ["answer done", "upf a: InstallTunnel", "ran: InstallPath a"]
    last = [e.message for e in story.seen if isinstance(e, ToUpf)][-1]
    assert isinstance(last, InstallTunnel)
    assert last.n6 == ROUTE[A].n6


def test_a_restart_of_session_management() -> None:
    before = Story().attached()
    before.say(influence(A))
    before.ack()
    before.ack()
    before.say(influence(B))
    before.ack()
    before.ack()
    after = Story(tuple(before.held.values()), life=2)
    after.say(influence(B))
    assert after.ran_hello() == []
    assert after.hello(B) == [
        "upf b: InstallTunnel",
        "ran: InstallPath b",
        "ran: SwitchPath b",
        "upf a: EndTunnel",
    ]
    assert after.hello(A) == ["upf a: InstallTunnel", "ran: InstallPath a"], "the path that was to go"
    assert after.wait(4000) == ["upf a: RemoveTunnel", "ran: RemovePath a", "remember b"]
    switches = [
        e.message.number for e in before.seen if isinstance(e, ToRan) and isinstance(e.message, SwitchPath)
    ]
    after.say(influence(A))
    after.ack()
    after.ack()
    later = [
        e.message.number for e in after.seen if isinstance(e, ToRan) and isinstance(e.message, SwitchPath)
    ]
    assert later[0] == switches[-1]
    assert later[-1] > switches[-1]


def test_a_restart_in_the_middle_begins_again() -> None:
    before = Story().attached()
    before.say(influence(A))
    before.ack()
    before.ack()
    before.say(influence(B))
    before.ack()
    old = before.notified()[-1].transaction
    after = Story(tuple(before.held.values()), life=2)
    after.say(influence(B))
    after.ran_hello()
    after.hello(A)
    assert after.hello(B)[-1] == "notify EARLY a>b", "it is still asked for"
    assert after.say(Acknowledged(1, old)) == ["answer unknown"]


def test_an_old_switch_answer_means_nothing() -> None:
    story = Story().anchored(A)
    assert story.say(PathSwitched(UE, SERVICE, A, 1, 0)) == []


@pytest.mark.parametrize("after", ["request", "early", "late"])
def test_a_core_that_says_yes_and_does_nothing(after: str) -> None:
    story = Story().anchored(A)
    story.smf.strike(Faults(silent_after=after))  # type: ignore[arg-type]
    said = story.say(influence(B))
    if after != "request":
        assert said == ["notify EARLY a>b"]
        said = story.ack()
    if after == "late":
        said = story.ack()
        assert said == ["answer done", "upf b: RemoveTunnel", "ran: RemovePath b", "remember a"]
    story.wait(5000)
    assert (story.site, story.state) == (A, None)


def test_one_actor_for_each_way_out() -> None:
    ways = [(one.state, one.event) for one in TRANSITIONS]
    assert len(ways) == len(set(ways))
    states = {one.state for one in TRANSITIONS}
    assert {one.next for one in TRANSITIONS} - states == {"SWITCHED", "DROPPED"}
