"""Each item of a regular look is looked at apart from the others: what one raises is that item's alone.

A look is taken again and again at the same durable state, so what raises once raises for ever, after a restart, too. An event is
not looked at apart: what it raises ends the program before the journal has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

from fedge.core.control.effects import Effect

Item = TypeVar("Item")
Faulty = Callable[[str, Exception], None]
"""(what was looked at, what that raised): the program writes it down, and the others are looked at."""


def raised(what: str, error: Exception) -> NoReturn:
    """Where nobody writes it down, our bugs raise."""
    raise error


def apart(
    items: Iterable[Item], look: Callable[[Item], list[Effect]], named: Callable[[Item], str], faulty: Faulty
) -> list[Effect]:
    """The effects of all that can be looked at, in order."""
    effects: list[Effect] = []
    for item in items:
        try:
            effects += look(item)
        except Exception as error:
            faulty(named(item), error)
    return effects
