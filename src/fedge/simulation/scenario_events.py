"""What happens in a run at set times: the words of a scenario's ``events``, and what each says in the story.

Pure values; `programs/staging.py` carries them out. Times are seconds of the run, the first column of the story.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fedge.simulation.background import Share
from fedge.simulation.core5g.faults import NONE, Faults

ENDLESS_S = 1e6
Seconds = Annotated[float, Meta(ge=0, le=ENDLESS_S)]
ALIKE_S = 2.0
"""What was seen to happen so soon around an event of the same kind is that event, seen."""

CANNOT = {
    "join": "players join at the start; `players` says how",
}
"""Words that one may expect, and why they are not to be had."""


class _At(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    at_s: Seconds


class _OnProgram(_At, frozen=True, forbid_unknown_fields=True):
    """``program``: as in the run's ``pids`` (``control-plane``, ``agent-harbour``, ``upf-harbour``), or an instance
    (``harbour/arena-1``). ``site`` means its agent, its user plane function and all its instances. One of the two."""

    program: str = ""
    site: str = ""

    @property
    def whom(self) -> str:
        return self.program or f"everything at {self.site}"


class Kill(_OnProgram, frozen=True, forbid_unknown_fields=True, tag="kill", tag_field="do"):
    """SIGKILL; it is started again as always."""

    def __str__(self) -> str:
        return f"{self.whom} is killed"


class Stop(_OnProgram, frozen=True, forbid_unknown_fields=True, tag="stop", tag_field="do"):
    """SIGKILL, and it stays away until ``start``."""

    def __str__(self) -> str:
        return f"{self.whom} is killed, and stays away"


class Start(_OnProgram, frozen=True, forbid_unknown_fields=True, tag="start", tag_field="do"):
    """What was stopped comes back."""

    def __str__(self) -> str:
        return f"{self.whom} comes back"


class Cut(_At, frozen=True, forbid_unknown_fields=True, tag="cut", tag_field="do"):
    """Nothing passes the backhaul between two sites any more, either way."""

    between: tuple[str, str]

    def __str__(self) -> str:
        return "the backhaul between {} and {} is cut".format(*self.between)


class Mend(_At, frozen=True, forbid_unknown_fields=True, tag="mend", tag_field="do"):
    """What was cut is whole again."""

    between: tuple[str, str]

    def __str__(self) -> str:
        return "the backhaul between {} and {} is mended".format(*self.between)


class Drain(_At, frozen=True, forbid_unknown_fields=True, tag="drain", tag_field="do"):
    """As ``fedge drain``."""

    site: str

    def __str__(self) -> str:
        return f"{self.site} shall be drained"


class Undrain(_At, frozen=True, forbid_unknown_fields=True, tag="undrain", tag_field="do"):
    """As ``fedge undrain``."""

    site: str

    def __str__(self) -> str:
        return f"{self.site} shall be open again"


class Move(_At, frozen=True, forbid_unknown_fields=True, tag="move", tag_field="do"):
    """As ``fedge move``. Of the session of player 7: ``player-7``."""

    session: str
    to: str

    def __str__(self) -> str:
        return f"{self.session} shall move to {self.to}"


class CoreFaults(_At, frozen=True, forbid_unknown_fields=True, tag="core-faults", tag_field="do"):
    """From now on the simulated core network has these faults; ``{}``: none."""

    faults: Faults

    def __str__(self) -> str:
        usual = msgspec.to_builtins(NONE)
        struck = {
            name: value for name, value in msgspec.to_builtins(self.faults).items() if value != usual[name]
        }
        told = ", ".join(f"{name} {value}" for name, value in struck.items())
        return f"the core network has faults: {told}" if struck else "the core network has no faults any more"


class Congest(_At, frozen=True, forbid_unknown_fields=True, tag="congest", tag_field="do"):
    """From now on, or ``until_s``, other people's traffic asks for ``load`` times what a cell carries, each way; 0: for nothing.

    Of one ``cell``, of all cells of a ``site``, or of every cell.
    """

    load: Share
    cell: str = ""
    site: str = ""
    until_s: Seconds | None = None

    def __str__(self) -> str:
        whom = f"cell {self.cell}" if self.cell else f"{self.site}'s cells" if self.site else "every cell"
        return f"{whom}: a load of {self.load:.0%}" if self.load else f"{whom}: no load any more"


class End(_At, frozen=True, forbid_unknown_fields=True, tag="end", tag_field="do"):
    """The run ends."""

    def __str__(self) -> str:
        return "the run ends"


Event = Kill | Stop | Start | Cut | Mend | Drain | Undrain | Move | CoreFaults | Congest | End


def one_by_one(events: Sequence[Event]) -> list[Event]:
    """In the order of their times, the end of what lasts ``until_s`` being an event of its own."""
    found: list[Event] = []
    for event in events:
        if isinstance(event, Congest) and event.until_s is not None:
            ended = Congest(at_s=event.until_s, load=0.0, cell=event.cell, site=event.site)
            found += [msgspec.structs.replace(event, until_s=None), ended]
        else:
            found.append(event)
    return sorted(found, key=lambda event: event.at_s)


def plain(event: Event) -> dict[str, Any]:
    """As a file says it."""
    told: dict[str, Any] = msgspec.to_builtins(event)
    return told


def happened(carried_out: Sequence[Event], seen: Sequence[Event]) -> list[Event]:
    """One list, in order: what a scenario had done, and what else was seen to happen."""
    others = [each for each in seen if not any(_alike(each, done) for done in carried_out)]
    return sorted((*carried_out, *others), key=lambda event: event.at_s)


def _alike(one: Event, other: Event) -> bool:
    if abs(one.at_s - other.at_s) > ALIKE_S:
        return False
    return msgspec.structs.replace(one, at_s=0.0) == msgspec.structs.replace(other, at_s=0.0)
