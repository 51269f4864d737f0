"""Telling sinks: each event of the core's outbox becomes a CloudEvent, is handed to the ``Notifier``, and comes to an end.

An event that a crash cut short is told again with the same ``id`` and ``source``. What was told of a device's whereabouts is
written to the audit log once its sink has taken it, and whatever no sink took. Neighbours: `core/control/outbox.py` says what is
sent when, `sinks.py` reads sinks of requests.
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.api.camara import geofencing, quality_on_demand
from fedge.api.camara.platform import CamaraPlatform
from fedge.core.control import ToSink, Untold
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.outbox import Outcome, line_of
from fedge.core.location import OPERATOR
from fedge.runtime.audit import Entry

EVENTS: dict[str, Callable[[ToSink, CamaraPlatform], bytes]] = {
    "geofencing": geofencing.event,
    "quality": quality_on_demand.event,
}
"""By topic: the CloudEvent."""
STRUCTURED = {"content-type": "application/cloudevents+json"}


def tell_sink(told: ToSink | Untold, platform: CamaraPlatform, post: Callable[[SinkAnswered], None]) -> None:
    """Send a client its event; ``post`` hears once what became of it. Of one that was given up: write that down."""
    if isinstance(told, Untold):
        platform.audit.tell(_untold(told))
        return

    def end(outcome: Outcome) -> None:
        post(SinkAnswered(line_of(told), told.number, outcome))

    def tried(taken: bool) -> None:
        if taken and (entry := geofencing.written(told)) is not None:
            platform.audit.tell(entry)
        end("delivered" if taken else "failed")

    sink, headers = told.sink, STRUCTURED
    if sink.token:
        if platform.now_s >= sink.expires_s:
            end("expired")
            return
        headers = {**STRUCTURED, "authorization": f"Bearer {sink.token}"}
    event = EVENTS[told.topic](told, platform)
    if not platform.notifier.post(told.client, sink.url, event, headers, tried, patient=True):
        end("dropped")


def _untold(told: Untold) -> Entry:
    event = told.event
    return Entry(
        client=event.client or OPERATOR,
        api=f"event of {event.topic}",
        subject=str(event.facts["id"]),
        decision="undelivered",
        reason=f"{told.outcome}: {event.sink.origin}",
    )
