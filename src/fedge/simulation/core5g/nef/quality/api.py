"""AsSessionWithQoS as one API of the exposure function: its sessions, kept in the core network's store, behind HTTP."""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.messages import Message
from fedge.simulation.core5g.exposed import QOS
from fedge.simulation.core5g.nef.exchange import MERGE_PATCH
from fedge.simulation.core5g.nef.exposed_api import ExposedApi
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.outbox import Outbox
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES
from fedge.simulation.core5g.nef.quality.checks import SUPPORTED
from fedge.simulation.core5g.nef.quality.session import Session
from fedge.simulation.core5g.nef.quality.sessions import Sessions
from fedge.simulation.core5g.nef.resources import Api
from fedge.simulation.core5g.shelf import Shelf
from fedge.simulation.core5g.store import QOS_SESSIONS, Store

API = Api(QOS, SUPPORTED, MERGE_PATCH)


def quality_api(
    root: str,
    operator: Operator,
    store: Store,
    outbox: Outbox,
    to_ran: Callable[[Message], object],
    now_s: Callable[[], float],
) -> ExposedApi:
    """``root``: the scheme and authority under which the NEF is reached. ``now_s()``: Unix seconds."""
    shelf = Shelf(store, QOS_SESSIONS, Session)
    sessions = Sessions(operator, QOS_REFERENCES, root + API.base, shelf)
    return ExposedApi(API.name, sessions, shelf, outbox, to_ran, now_s, store.life)
