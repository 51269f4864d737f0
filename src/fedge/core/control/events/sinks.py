"""What becomes of events for clients' sinks."""

from __future__ import annotations

from fedge.core.control.outbox import Outcome
from fedge.core.messages import Message


class SinkAnswered(Message, frozen=True):
    """The event of this ``number`` in a ``line`` of the outbox has come to an end."""

    line: str
    number: int
    outcome: Outcome
