"""Quality of flows: every request is answered, and what the network says of a flow is told once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs

from fedge.core.exposure import (
    Answer,
    Create,
    Delete,
    Effect,
    FlowQuality,
    FlowTold,
    Found,
    Held,
    List,
    Missing,
    Replace,
    Subscription,
    advance,
)
from fedge.core.exposure.desk import Desk
from fedge.core.messages import (
    Message,
    QualityGranted,
    QualityKept,
    QualityLost,
    QualityRefused,
    QualityTold,
    RequestQuality,
)
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import UES

ASKED = RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60)
ELSEWHERE = RequestQuality("f", UES[0], "10.0.0.2", "QOS_E", 60)


def verdicts(talk: Talk) -> list[Message]:
    return [
        *talk.told(QualityGranted),
        *talk.told(QualityRefused),
        *talk.told(QualityLost),
        *talk.told(QualityKept),
    ]


def hear(talk: Talk, *events: str) -> None:
    talk.hear(FlowTold(talk.gateway.token("quality/f"), events))


def granted() -> Talk:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.agree(create, "s9")
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f")]
    return talk


def test_it_is_granted_when_the_network_says_so_and_not_before() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    assert create.asks == FlowQuality(UES[0], "10.0.0.1", "QOS_E")
    talk.agree(create, "s9")
    assert verdicts(talk) == []
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f")]


def test_the_networks_word_may_come_before_the_answer() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f")]
    talk.agree(create, "s9")
    talk.later(9000)
    assert verdicts(talk) == []


def test_what_the_network_never_said_is_not_granted_by_its_silence() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.agree(create, "s9")
    for _ in range(3):
        talk.later(2500)
        talk.lists(Held("s9", create.token))
    talk.later(700)
    assert verdicts(talk) == [
        QualityRefused("f", "the network has not said in time that it serves it", final=False)
    ]
    assert [call.subscription for call in talk.take(Delete)] == ["s9"]


def restarted(request: RequestQuality) -> Talk:
    """The operator holds it from an earlier life of the gateway, and says nothing again of what it serves already."""
    talk = Talk()
    talk.hear(Found("quality"))
    talk.hear(request)
    talk.hear(QualityTold())
    talk.later(50)
    token = talk.gateway.token("quality/f")
    talk.lists(Held("s9", token))
    for call in talk.take(Replace):
        talk.agree(call, "s9")
    for _ in range(3):
        talk.later(2700)
        talk.lists(Held("s9", token))
    return talk


def test_of_what_it_has_said_before_its_list_is_enough() -> None:
    assert verdicts(restarted(structs.replace(ASKED, served=True))) == [QualityGranted("f")]
    (refused,) = verdicts(restarted(ASKED))
    assert isinstance(refused, QualityRefused)


def test_of_one_that_it_had_to_be_asked_for_anew_another_word_is_needed() -> None:
    talk = Talk()
    talk.hear(structs.replace(ASKED, served=True))
    talk.begun()
    for _ in range(3):
        talk.later(2700)
        talk.lists(
            *(Held(sub.subscription, sub.token) for sub in talk.gateway.subs.values() if sub.api == "quality")
        )
    (refused,) = verdicts(talk)
    assert isinstance(refused, QualityRefused)


def relisted(talk: Talk) -> None:
    for _ in range(3):
        talk.later(2700)
        talk.lists(Held("s9", talk.gateway.token("quality/f")))


def test_another_server_needs_another_word_and_so_does_the_way_back() -> None:
    for servers in ((ELSEWHERE,), (ELSEWHERE, ASKED)):
        talk = granted()
        for asked in servers:
            talk.hear(asked)
            (change,) = talk.take(Replace)
            talk.agree(change, "s9")
        relisted(talk)
        assert verdicts(talk) == [QualityLost("f", "the network has not said in time that it serves it")]


def test_another_server_that_the_operator_was_never_told_changes_nothing() -> None:
    talk = granted()
    talk.hear(Missing("quality", "CAPIF: ConnectError", settled=False))
    talk.hear(ELSEWHERE)
    talk.hear(ASKED)
    talk.hear(Found("quality"))
    relisted(talk)
    assert [call for call in talk.take(Replace) if call.api == "quality"] == []
    assert verdicts(talk) == [QualityGranted("f")]


def test_no_room_is_a_refusal_that_is_not_final_and_nothing_is_left() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.agree(create, "s9")
    hear(talk, "FAILED_RESOURCES_ALLOCATION")
    (refused,) = verdicts(talk)
    assert isinstance(refused, QualityRefused)
    assert not refused.final
    talk.later(50)
    assert [call.subscription for call in talk.take(Delete)] == ["s9"]


def test_a_refusal_of_the_operator_is_final() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.hear(Answer(create.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED"))
    talk.later(50)
    (refused,) = verdicts(talk)
    assert refused == QualityRefused("f", "REQUESTED_SERVICE_NOT_AUTHORIZED", final=True)
    assert "quality/f" not in talk.gateway.subs


def test_a_quality_that_was_not_agreed_is_refused_at_once() -> None:
    talk = Talk().begun()
    talk.hear(RequestQuality("f", UES[0], "10.0.0.1", "QOS_UNHEARD_OF", 60))
    (refused,) = verdicts(talk)
    assert isinstance(refused, QualityRefused)
    assert refused.final
    assert talk.take(Create) == []


def test_an_operator_that_does_not_answer_is_told_as_a_refusal_in_time() -> None:
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.hear(Answer(create.number, 0))
    talk.later(7900)
    assert verdicts(talk) == []
    talk.later(200)
    (refused,) = verdicts(talk)
    assert isinstance(refused, QualityRefused)
    assert not refused.final


def test_where_there_is_no_such_api_it_is_refused_with_the_reason() -> None:
    talk = Talk()
    talk.hear(Missing("quality", "CAPIF has no API 3gpp-as-session-with-qos"))
    talk.hear(ASKED)
    assert verdicts(talk) == [QualityRefused("f", "CAPIF has no API 3gpp-as-session-with-qos", final=False)]


def test_the_same_request_again_is_answered_again_and_changes_nothing() -> None:
    talk = granted()
    talk.hear(ASKED)
    assert verdicts(talk) == [QualityGranted("f")]
    assert talk.take(Replace) == []


def test_another_server_replaces_the_flow_beneath_the_subscription() -> None:
    talk = granted()
    talk.hear(ELSEWHERE)
    (change,) = talk.take(Replace)
    assert (change.subscription, change.asks) == ("s9", FlowQuality(UES[0], "10.0.0.2", "QOS_E"))
    assert verdicts(talk) == []
    talk.agree(change, "s9")
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f")]


def test_a_change_that_is_refused_ends_what_was_granted() -> None:
    talk = granted()
    talk.hear(ELSEWHERE)
    (change,) = talk.take(Replace)
    talk.hear(Answer(change.number, 403, "OPERATION_PROHIBITED"))
    talk.later(50)
    assert verdicts(talk) == [QualityLost("f", "OPERATION_PROHIBITED")]


def test_the_network_ends_it() -> None:
    talk = granted()
    hear(talk, "SESSION_TERMINATION")
    assert verdicts(talk) == [QualityLost("f", "SESSION_TERMINATION")]
    hear(talk, "SESSION_TERMINATION", "QOS_GUARANTEED")
    assert verdicts(talk) == []


def test_whether_its_rate_is_kept_is_told_once_each_time() -> None:
    talk = granted()
    hear(talk, "QOS_NOT_GUARANTEED")
    hear(talk, "QOS_NOT_GUARANTEED")
    hear(talk, "QOS_GUARANTEED")
    assert verdicts(talk) == [QualityKept("f", False), QualityKept("f", True)]


LONGER = structs.replace(ASKED, seconds=600)


def test_one_that_is_extended_is_kept_or_not_as_it_was() -> None:
    """Who asks may have forgotten that it is not, in a crash."""
    talk = granted()
    hear(talk, "QOS_NOT_GUARANTEED")
    assert verdicts(talk) == [QualityKept("f", False)]
    talk.hear(LONGER)
    assert verdicts(talk) == [QualityGranted("f"), QualityKept("f", False)]
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")  # a second time: nothing has begun
    assert verdicts(talk) == [QualityGranted("f"), QualityKept("f", False)]
    hear(talk, "QOS_GUARANTEED")
    assert verdicts(talk) == [QualityKept("f", True)]
    talk.hear(LONGER)
    assert verdicts(talk) == [QualityGranted("f")]


def test_one_that_begins_anew_is_kept_again() -> None:
    talk = granted()
    hear(talk, "QOS_NOT_GUARANTEED")
    talk.hear(ELSEWHERE)
    (change,) = talk.take(Replace)
    talk.agree(change, "s9")
    assert verdicts(talk) == [QualityKept("f", False)]
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f"), QualityKept("f", True)]
    hear(talk, "QOS_NOT_GUARANTEED")
    assert verdicts(talk) == [QualityKept("f", False)]


@pytest.mark.parametrize("kept", [True, False])
def test_a_restarted_gateway_passes_on_whatever_is_said_next(kept: bool) -> None:
    talk = restarted(structs.replace(ASKED, served=True))
    assert verdicts(talk) == [QualityGranted("f")], "whether it is kept was said to the gateway before"
    hear(talk, "QOS_GUARANTEED" if kept else "QOS_NOT_GUARANTEED")
    assert verdicts(talk) == [QualityKept("f", kept)]


def test_an_operator_that_forgot_it_is_asked_again_in_silence() -> None:
    talk = granted()
    talk.later(31_000)
    talk.lists()
    talk.later(50)
    create = next(call for call in talk.take(Create) if call.api == "quality")
    talk.agree(create, "s10")
    hear(talk, "SUCCESSFUL_RESOURCES_ALLOCATION")
    assert verdicts(talk) == [QualityGranted("f")]


def test_one_that_it_does_not_give_back_is_told_as_lost() -> None:
    talk = granted()
    talk.later(31_000)
    talk.lists()
    talk.later(50)
    create = next(call for call in talk.take(Create) if call.api == "quality")
    talk.hear(Answer(create.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED"))
    talk.later(50)
    assert verdicts(talk) == [QualityLost("f", "REQUESTED_SERVICE_NOT_AUTHORIZED")]


def test_it_ends_when_its_time_is_over() -> None:
    talk = granted()
    talk.later(59_000)
    assert talk.take(Delete) == []
    talk.lists(Held("s9", talk.gateway.token("quality/f")))
    talk.later(1100)
    assert [call.subscription for call in talk.take(Delete)] == ["s9"]
    assert verdicts(talk) == []


def test_a_restarted_gateway_finds_it_and_says_that_it_is_granted() -> None:
    granted()
    talk = Talk()
    talk.hear(ASKED)
    talk.hear(QualityTold())
    talk.begun()
    # ``begun`` read an empty list: the operator's real one comes next
    create = [call for call in talk.take(List) if call.api == "quality"]
    assert create == []
    assert [sub.state for sub in talk.gateway.subs.values() if sub.api == "quality"] == ["HELD"]


def test_a_notification_with_anothers_token_says_nothing_of_a_flow() -> None:
    talk = granted()
    talk.hear(FlowTold(talk.gateway.token("places"), ("SESSION_TERMINATION",)))
    talk.hear(FlowTold("guessed", ("SESSION_TERMINATION",)))
    assert verdicts(talk) == []
    assert (talk.gateway.counts["of another kind"], talk.gateway.counts["unknown"]) == (1, 1)


def test_an_operator_that_nobody_has_looked_at_yet_refuses_nothing() -> None:
    talk = Talk()
    talk.hear(Missing("quality", "CAPIF: no security context yet", settled=False))
    talk.hear(ASKED)
    talk.later(3000)
    assert verdicts(talk) == []
    talk.begun()
    assert [sub.state for sub in talk.gateway.subs.values() if sub.api == "quality"] == ["HELD"]
    talk = Talk()
    talk.hear(Missing("quality", "CAPIF: ConnectError", settled=False))
    talk.hear(ASKED)
    talk.later(8100)
    assert verdicts(talk) == [QualityRefused("f", "CAPIF: ConnectError", final=False)]


def test_of_many_flows_only_the_one_that_something_is_heard_of_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    real = advance.advance

    def counting(sub: Subscription, desk: Desk, now: int, number: Callable[[], int]) -> list[Effect]:
        looked.append(sub.name)
        return real(sub, desk, now, number)

    talk = Talk().begun()
    monkeypatch.setattr(advance, "advance", counting)
    flows = [f"f-{n}" for n in range(50)]
    for flow in flows:
        talk.hear(RequestQuality(flow, UES[0], "10.0.0.1", "QOS_E", 60))
    for create in talk.take(Create):
        talk.agree(create, f"s-{create.number}")
    for flow in flows:
        talk.hear(FlowTold(talk.gateway.token(f"quality/{flow}"), ("SUCCESSFUL_RESOURCES_ALLOCATION",)))
    talk.later(9000)
    assert len(verdicts(talk)) == len(flows)
    # asked, agreed and told
    assert max(looked.count(f"quality/{flow}") for flow in flows) <= 3
    looked.clear()
    talk.later(20_000)
    assert not any(name.startswith("quality/") for name in looked)


def test_whatever_is_wanted_of_an_api_is_looked_at_when_it_can_be_used_again() -> None:
    talk = Talk().begun()
    talk.hear(Missing("quality", "CAPIF: ConnectError", settled=False))
    for n in range(3):
        talk.hear(RequestQuality(f"f-{n}", UES[0], "10.0.0.1", "QOS_E", 60))
    talk.later(1000)
    assert talk.take(Create) == []
    talk.hear(Found("quality"))
    assert len(talk.take(Create)) == 3
