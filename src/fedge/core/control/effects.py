"""What the centre asks its shell to do."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fedge.core.enablement import Subscription
from fedge.core.messages import Message, Sink
from fedge.core.model import Nanoseconds, SiteId


class ToSite(Struct, frozen=True):
    site: SiteId
    message: Message


class ToAccess(Struct, frozen=True):
    message: Message


class ToOperator(Struct, frozen=True):
    """To the access API gateway (``messages.exposure``). One that is lost is said again after ``QualityForgotten``."""

    message: Message


class Propose(Struct, frozen=True):
    """A decision drawn from volatile figures: to be journaled and handled next, as an event."""

    event: Message


class Reply(Struct, frozen=True):
    """The answer to a request: an HTTP status and a JSON body."""

    request: int
    status: int
    body: dict[str, Any]


class Story(Struct, frozen=True):
    """Something a person wants to read. ``facts`` go to ``moves.jsonl`` and the dashboard."""

    sentence: str
    at: Nanoseconds
    facts: dict[str, Any]


class Notify(Struct, frozen=True):
    """A subscriber is to be told: ``event`` is its topic, or expiry or test; ``facts`` are in the core's words."""

    subscription: Subscription
    event: str
    facts: dict[str, Any]


class ToSink(Struct, frozen=True):
    """A client of the northbound APIs is to be told at its sink. ``client``: its tenant; the operator's is empty.

    ``topic``: which API's event; ``facts`` in the core's words, plain values, for it is kept until the sink has taken it
    (`outbox.py`, which gives ``number`` and ``at``).
    """

    client: str
    sink: Sink
    topic: str
    facts: dict[str, Any]
    at: Nanoseconds = 0
    number: int = 0


class Untold(Struct, frozen=True):
    """This event will not be sent, or not again: ``outcome`` says why (`outbox.py`)."""

    event: ToSink
    outcome: str


class ClientGone(Struct, frozen=True):
    """This tenant is no more: whatever its sinks and callbacks were still to be told, and is on its way, is not sent."""

    client: str


Effect = ToSite | ToAccess | ToOperator | ToSink | Untold | ClientGone | Propose | Reply | Story | Notify
