"""Which quality sessions must be looked at: at their instant, once, whatever they were before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fedge.core.model import SECOND, UeId
from fedge.core.quality import KEPT_FOR, PATIENCE, Flow, QualitySession, Trouble, Watch, ended, started
from fedge.core.quality.watch import LOOKED_OVER_AT_ONCE, due_at

ONE = QualitySession("q", "studio", Flow(UeId("ue"), "192.0.2.1"), "QOS_E", "QOS_E", 60, asked_at=SECOND)


def test_each_state_has_its_instant() -> None:
    served = started(ONE, 5 * SECOND)
    trouble = Trouble("no room", 10 * SECOND, 12 * SECOND)
    assert due_at(ONE, None) == SECOND + PATIENCE
    assert due_at(served, None) == 65 * SECOND
    assert due_at(served, trouble) == 14 * SECOND, "it is asked for again"
    assert due_at(served, replace(trouble, at=29 * SECOND)) == 30 * SECOND, "patience ends"
    over = ended(served, "NETWORK_TERMINATED", "", 20 * SECOND)
    assert due_at(over, None) == 20 * SECOND + KEPT_FOR
    assert due_at(replace(over, session="s"), None) is None, "the QoSPolicy's are dropped by its own sweep"


names = st.integers(0, 5).map(str)
actions = st.lists(
    st.tuples(st.sampled_from(("put", "drop", "due")), names, st.integers(0, 400)), max_size=200
)


@given(actions)
def test_what_is_due_is_what_a_look_at_each_would_find(acts: list[tuple[str, str, int]]) -> None:
    watch, kept, handed, now = Watch(), dict[str, QualitySession](), set[str](), 0
    for verb, name, number in acts:
        one = replace(ONE, id=name, status="AVAILABLE", seconds=number)
        if verb == "put":
            watch.put(one)
            kept[name] = one
            handed.discard(name)
        elif verb == "drop" and name in kept:
            watch.drop(kept.pop(name))
        elif verb == "due":
            now += number * SECOND // 10
            want = {id for id, one in kept.items() if id not in handed and one.seconds * SECOND <= now}
            found = watch.due(now)
            assert sorted(found) == sorted(want)
            handed |= want
    assert watch.asked_by("studio") == watch.asked_in_all() == len(kept)
    assert set(watch.of_ue(UeId("ue"))) == kept.keys()


def test_all_ues_are_looked_over_in_turn_and_only_those_with_a_quality_session_are_stirred() -> None:
    count = LOOKED_OVER_AT_ONCE + 50
    made = [replace(ONE, id=f"{n}", flow=Flow(UeId(f"ue-{n}"), "192.0.2.1")) for n in range(count)]
    watch = Watch(made)
    watch.stir(UeId("nobody"))
    assert watch.stirred == {}
    watch.stir_next()
    assert len(watch.stirred) == LOOKED_OVER_AT_ONCE
    watch.stir_next()
    assert len(watch.stirred) == count
