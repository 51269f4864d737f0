"""What falls due when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedge.simulation.core5g.nef import due
from fedge.simulation.core5g.nef.due import Due

STEP = st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 20), st.integers(0, 5))


@given(st.lists(STEP, max_size=60))
def test_it_is_the_same_as_looking_at_all_of_it(steps: list[tuple[str, int | None, int]]) -> None:
    """Each step puts a name off, or drops it, and then time passes."""
    known, plain, now_s = Due(), dict[str, float](), 0.0
    for name, ahead, passed in steps:
        if ahead is None:
            known.drop(name)
            plain.pop(name, None)
        else:
            known.put(name, now_s + ahead)
            plain[name] = now_s + ahead
        now_s += passed
        expected = sorted((at_s, one) for one, at_s in plain.items() if at_s <= now_s)
        assert known.now(now_s) == [one for _, one in expected]
        plain = {one: at_s for one, at_s in plain.items() if at_s > now_s}


def test_what_is_put_off_again_and_again_takes_no_room() -> None:
    known = Due()
    for at_s in range(10 * due.MOST_STALE):
        known.put("a", 1e9 + at_s)
    assert len(known._heap) <= due.MOST_STALE + 2
    assert known.now(2e9) == ["a"]
