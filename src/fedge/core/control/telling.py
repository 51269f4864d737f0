"""What decided events tell clients' sinks goes through the outbox, and leaves it when a sink has taken it, or none will.

What there was no room to send is sent again at a later look. Neighbours: `fencing.py` and `quality.py` decide what is told;
`outbox.py` is what is kept.
"""

from __future__ import annotations

from itertools import islice

from fedge.core.control import outbox
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, ToSink
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.messages import SinkPostponed
from fedge.core.model import Nanoseconds

MOST_AGAIN = 200
"""So many at a look, twice a second: where thousands wait, no look takes long."""


def kept(state: State, effects: list[Effect], now: Nanoseconds) -> list[Effect]:
    """``effects`` of a decided event: what is for a sink is kept, and goes out when its turn has come."""
    if not any(isinstance(one, ToSink) and not one.number for one in effects):
        return effects
    found: list[Effect] = []
    for one in effects:
        if isinstance(one, ToSink) and not one.number:
            found += outbox.put(state.outbox, one, now)
        else:
            found.append(one)
    return found


def answered(state: State, event: SinkAnswered, now: Nanoseconds) -> list[Effect]:
    return outbox.end(state.outbox, event.line, event.number, event.outcome)


def postponed(known: Knowledge, event: SinkPostponed, now: Nanoseconds) -> None:
    known.postponed[event.number] = None


def sweep(known: Knowledge) -> list[Effect]:
    """Of what is still under way, what there was no room for; who finds none again waits behind the others."""
    turn = set(islice(known.postponed, MOST_AGAIN))
    for number in turn:
        del known.postponed[number]
    return [one for one in known.state.outbox.under_way() if one.number in turn] if turn else []


DECIDES = table(on_state(SinkAnswered, answered))
HEARS = table(on(SinkPostponed, postponed))
