"""Telling sinks: each event of the core's outbox becomes a CloudEvent, is handed to the ``Notifier``, and comes to an end.

An event that a crash cut short is told again with the same ``id`` and ``source``. What was told of a device's whereabouts is
written to the audit log once its sink has taken it, and whatever no sink took. Before each attempt it is looked whether it may
still be told. Neighbours: `core/control/outbox.py` says what is sent when, `core/control/fencing.py` what may be told,
`sinks.py` reads sinks of requests.
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.api.camara import geofencing, quality_on_demand
from fedge.api.camara.platform import CamaraPlatform
from fedge.core.control import ToSink, Untold
from fedge.core.control.events.sinks import SinkAnswered
from fedge.core.control.fencing import may_be_told
from fedge.core.control.outbox import Outcome, line_of
from fedge.core.location import OPERATOR
from fedge.core.messages import SinkPostponed
from fedge.runtime.audit import Entry

EVENTS: dict[str, Callable[[ToSink, CamaraPlatform], bytes]] = {
    "geofencing": geofencing.event,
    "quality": quality_on_demand.event,
}
"""By topic: the CloudEvent."""
STRUCTURED = {"content-type": "application/cloudevents+json"}


def tell_sink(
    told: ToSink | Untold, platform: CamaraPlatform, post: Callable[[SinkAnswered | SinkPostponed], None]
) -> None:
    """Send a client its event; ``post`` hears once what became of it. Of one that was given up: write that down."""
    if isinstance(told, Untold):
        platform.audit.tell(_untold(told))
        return
    sink = told.sink

    def end(outcome: Outcome) -> None:
        post(SinkAnswered(line_of(told), told.number, outcome))

    def over() -> Outcome | None:
        """Why it may not be told now."""
        if not may_be_told(platform.plane.state, told, platform.centre.now()):
            return "withdrawn"
        return "expired" if sink.token and platform.now_s >= sink.expires_s else None

    def tried(taken: bool) -> None:
        if taken and (entry := geofencing.written(told)) is not None:
            platform.audit.tell(entry)
        end("delivered" if taken else over() or "failed")

    if (why := over()) is not None:
        end(why)
        return
    headers = {**STRUCTURED, "authorization": f"Bearer {sink.token}"} if sink.token else STRUCTURED
    event, may = EVENTS[told.topic](told, platform), lambda: over() is None
    if platform.notifier.post(told.client, sink.url, event, headers, tried, patient=True, still=may):
        return
    if platform.notifier.objection(sink.url):
        end("failed")
    else:
        post(SinkPostponed(told.number))


def _untold(told: Untold) -> Entry:
    """Of what a consent forbids its client does not read either: that there was something to tell says where a device went."""
    event, client = told.event, told.event.client or OPERATOR
    hidden = told.outcome == "withdrawn"
    return Entry(
        client=OPERATOR if hidden else client,
        api=f"event of {event.topic}",
        subject=str(event.facts["id"]),
        decision="undelivered",
        reason=f"{told.outcome}: {event.sink.origin}",
        because=f"for {client}" if hidden else "",
    )
