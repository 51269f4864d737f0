"""Instants by name: the earliest first, the latest word counts, and nothing dead piles up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedge.core.exposure.agenda import SLACK, Agenda


def test_what_is_put_off_is_not_due_before() -> None:
    agenda = Agenda()
    agenda.put("a", 5)
    agenda.put("b", 3)
    agenda.put("a", 9)
    assert agenda.due(8) == ["b"]
    assert agenda.due(9) == ["a"]
    assert agenda.due(99) == []


def test_what_is_struck_out_never_is() -> None:
    agenda = Agenda()
    agenda.put("a", 5)
    agenda.put("a", 0)
    agenda.put("never", 0)
    assert agenda.due(9) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=400))
def test_it_is_as_a_table_would_have_it(puts: list[tuple[str, int]]) -> None:
    agenda, table = Agenda(), dict[str, int]()
    for name, at in puts:
        agenda.put(name, at)
        table[name] = at
        assert len(agenda) <= 2 * len(table) + SLACK
    expected = sorted((at, name) for name, at in table.items() if 0 < at <= 25)
    assert agenda.due(25) == [name for _, name in expected]
