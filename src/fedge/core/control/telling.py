"""What decided events tell clients' sinks goes through the outbox, and leaves it when a sink has taken it, or none will.

Neighbours: `fencing.py` and `quality.py` decide what is told; `outbox.py` is what is kept.
"""

from __future__ import annotations

from fedge.core.control import outbox
from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, ToSink
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.state import State
from fedge.core.model import Nanoseconds


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


DECIDES = table(on_state(SinkAnswered, answered))
