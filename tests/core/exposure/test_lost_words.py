"""What one notification decides, and that one lost, late, doubled, or behind another: the flow is asked for anew, once."""

from __future__ import annotations

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fedge.core.exposure import Answer, Create, Delete, FlowTold, Held, Replace
from fedge.core.messages import Message, QualityGranted, QualityLost, QualityRefused, RequestQuality
from tests.core.exposure.talk import Talk
from tests.core.exposure.worlds import UES, Weather, World

ASKED = RequestQuality("f", UES[0], "10.0.0.1", "QOS_E", 60)
INSTALLED, NO_ROOM = "SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION"


def verdicts(talk: Talk) -> list[Message]:
    return [*talk.told(QualityGranted), *talk.told(QualityRefused), *talk.told(QualityLost)]


def hear(talk: Talk, event: str, of: str = "") -> None:
    talk.hear(FlowTold(talk.gateway.token("quality/f"), (event,), of))


def unheard_of() -> Talk:
    """Agreed as s9, and for three seconds nobody has said what became of it."""
    talk = Talk().begun()
    talk.hear(ASKED)
    (create,) = talk.take(Create)
    talk.agree(create, "s9")
    talk.later(2900)
    assert talk.take(Delete) == []
    talk.later(200)
    return talk


def anew() -> Talk:
    """Deleted, created again as s10."""
    talk = unheard_of()
    (delete,) = talk.take(Delete)
    assert delete.subscription == "s9"
    talk.hear(Answer(delete.number, 204))
    (create,) = talk.take(Create)
    talk.agree(create, "s10")
    assert verdicts(talk) == []
    return talk


def test_a_lost_word_is_said_again_of_a_new_resource() -> None:
    talk = anew()
    hear(talk, INSTALLED, "s10")
    assert verdicts(talk) == [QualityGranted("f")]
    talk.later(9000)
    assert talk.take(Delete) == []


def test_it_may_as_well_be_that_there_is_no_room() -> None:
    talk = anew()
    hear(talk, NO_ROOM, "s10")
    (refused,) = verdicts(talk)
    assert isinstance(refused, QualityRefused)
    assert not refused.final


def test_that_is_done_once_and_then_it_is_refused_in_time() -> None:
    talk = anew()
    talk.later(4800)
    assert talk.take(Delete) == []
    talk.later(200)
    assert verdicts(talk) == [
        QualityRefused("f", "the network has not said in time that it serves it", final=False)
    ]
    assert [call.subscription for call in talk.take(Delete)] == ["s10"]


def test_a_late_word_about_the_resource_before_is_no_grant() -> None:
    talk = unheard_of()
    (delete,) = talk.take(Delete)
    hear(talk, INSTALLED, "s9")
    hear(talk, INSTALLED)  # it does not say of which: of the one that is being deleted
    talk.hear(Answer(delete.number, 204))
    hear(talk, INSTALLED, "s9")
    (create,) = talk.take(Create)
    hear(talk, NO_ROOM, "s9")
    talk.agree(create, "s10")
    hear(talk, INSTALLED, "s9")
    assert verdicts(talk) == []
    assert talk.gateway.counts["of an earlier subscription"] == 5
    hear(talk, INSTALLED, "s10")
    assert verdicts(talk) == [QualityGranted("f")]


def test_the_word_about_the_new_resource_may_come_before_the_answer_and_twice() -> None:
    talk = unheard_of()
    (delete,) = talk.take(Delete)
    talk.hear(Answer(delete.number, 204))
    (create,) = talk.take(Create)
    hear(talk, INSTALLED, "s10")
    talk.agree(create, "s10")
    assert verdicts(talk) == [QualityGranted("f")]
    hear(talk, INSTALLED, "s10")
    assert set(map(type, verdicts(talk))) <= {QualityGranted}
    talk.later(9000)
    assert verdicts(talk) == []


def test_a_deletion_whose_answer_is_lost_leaves_nothing_twice() -> None:
    talk = unheard_of()
    (delete,) = talk.take(Delete)
    talk.hear(Answer(delete.number, 0))
    talk.later(50)
    talk.lists(Held("s9", talk.gateway.token("quality/f")))  # it was the request that got lost
    talk.later(200)
    (again,) = talk.take(Delete)
    assert again.subscription == "s9"
    talk.hear(Answer(again.number, 404, "SUBSCRIPTION_NOT_FOUND"))
    assert len(talk.take(Create)) == 1


def test_also_after_a_change_whose_word_is_lost() -> None:
    talk = anew()
    hear(talk, INSTALLED, "s10")
    talk.hear(RequestQuality("f", UES[0], "10.0.0.2", "QOS_E", 60))
    (change,) = talk.take(Replace)
    talk.agree(change, "s10")
    talk.later(3100)
    (delete,) = talk.take(Delete)
    talk.hear(Answer(delete.number, 204))
    (create,) = talk.take(Create)
    talk.agree(create, "s11")
    hear(talk, INSTALLED, "s11")
    assert verdicts(talk) == [QualityGranted("f"), QualityGranted("f")]


def test_a_released_flow_is_not_created_again() -> None:
    talk = unheard_of()
    (delete,) = talk.take(Delete)
    talk.gateway.subs["quality/f"].wanted = False
    talk.hear(Answer(delete.number, 204))
    assert talk.take(Create) == []
    assert "quality/f" not in talk.gateway.subs


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.3]), st.booleans())
def test_in_a_world_where_each_first_word_is_lost_every_flow_is_granted(
    seed: int, twice: float, changed: bool
) -> None:
    world = World(seed, Weather(twice=twice))
    world.restart_gateway()
    world.run(4000)
    flows = [f"flow-{n}" for n in range(3)]
    for server in ("10.0.0.1", "10.0.0.2") if changed else ("10.0.0.1",):
        world.mute = {world.gateway.token(f"quality/{flow}") for flow in flows}
        for flow in flows:
            world.want(flow, server=server)
        world.run(8000)
        assert not world.mute
        assert {flow: type(world.answers[flow]) for flow in flows} == dict.fromkeys(flows, QualityGranted)
    assert max(world.operator.most_alike.values()) == 1
