"""Tables: which function tells what an event means. Each subject's module has its own; the plane puts them together.

``DECIDES`` has the events that are journaled before they are told, and that alone may change ``State``; ``HEARS`` has figures,
which change volatile views; ``ANSWERS`` has requests. An event in two tables is a mistake, found when they are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fedge.core.control.effects import Effect
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.messages import Message
from fedge.core.model import Nanoseconds

E = TypeVar("E", bound=Message)
Told = Callable[[Knowledge, Any, Nanoseconds], list[Effect] | None]
"""What an event leads to; None: to nothing."""
Row = tuple[type[Message], Told]
Table = Mapping[type[Message], Told]


def on(kind: type[E], told: Callable[[Knowledge, E, Nanoseconds], list[Effect] | None]) -> Row:
    return kind, told


def on_state(kind: type[E], told: Callable[[State, E, Nanoseconds], list[Effect] | None]) -> Row:
    """Of an event whose story needs the durable state alone."""
    return kind, lambda known, event, now: told(known.state, event, now)


def table(*rows: Row) -> Table:
    found: dict[type[Message], Told] = {}
    for kind, told in rows:
        if kind in found:
            raise ValueError(f"{kind.__name__} is told twice")
        found[kind] = told
    return found


def together(*tables: Table) -> Table:
    return table(*(row for one in tables for row in one.items()))
