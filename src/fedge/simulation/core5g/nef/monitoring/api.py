"""MonitoringEvent as one API of the exposure function: its subscriptions, kept in the core network's store, behind HTTP."""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.messages import Message
from fedge.simulation.core5g.exposed import MONITORING
from fedge.simulation.core5g.nef.exchange import JSON_PATCH
from fedge.simulation.core5g.nef.exposed_api import ExposedApi
from fedge.simulation.core5g.nef.monitoring.attributes import SUPPORTED
from fedge.simulation.core5g.nef.monitoring.monitors import Monitors
from fedge.simulation.core5g.nef.monitoring.reports import Ground
from fedge.simulation.core5g.nef.monitoring.watch import Monitor
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.outbox import Outbox
from fedge.simulation.core5g.nef.resources import Api
from fedge.simulation.core5g.shelf import Shelf
from fedge.simulation.core5g.store import MONITORINGS, Store

API = Api(MONITORING, SUPPORTED, JSON_PATCH)


def monitoring_api(
    root: str,
    operator: Operator,
    store: Store,
    outbox: Outbox,
    to_ran: Callable[[Message], object],
    now_s: Callable[[], float],
    ground: Ground,
) -> ExposedApi:
    """``root``: the scheme and authority under which the NEF is reached. ``now_s()``: Unix seconds."""
    shelf = Shelf(store, MONITORINGS, Monitor)
    monitors = Monitors(operator, ground, root + API.base, shelf, now_s())
    return ExposedApi(API.name, monitors, shelf, outbox, to_ran, now_s, store.life)
