"""What studios call commercially: CAMARA's APIs, in CAMARA's words. Translation only.

Read ``exchange.py`` first: what all operations share. Each API is a module with its ``BASE`` and its ``operations``.
"""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from fedge.api.camara import qos_profiles, quality_on_demand
from fedge.api.camara.device import Device, Subscribers
from fedge.api.camara.exchange import Granted, camara_app, camara_mount
from fedge.api.camara.pace import Limits, Pace
from fedge.api.camara.platform import CamaraPlatform
from fedge.api.camara.simple_edge_discovery import simple_edge_discovery
from fedge.api.camara.sinks import deliver
from fedge.core.control import ToSink

_APIS = (quality_on_demand, qos_profiles)
BASES = tuple(api.BASE for api in _APIS)
"""They ask for the token themselves, and refuse in their own form."""
EVENTS: dict[str, Callable[[ToSink, CamaraPlatform], bytes]] = {"quality": quality_on_demand.event}
"""By topic: the CloudEvent of what the core tells a client's sink."""


def camara_routes(platform: CamaraPlatform, granted: Granted, pace: Pace) -> Sequence[BaseRoute]:
    return [camara_mount(api.BASE, camara_app(api.operations(platform), granted, pace)) for api in _APIS]


def tell_sink(told: ToSink, platform: CamaraPlatform) -> bool:
    """Send a client its event. False if its token has expired, or the event was refused or dropped."""
    return deliver(platform.notifier, told.sink, EVENTS[told.topic](told, platform), platform.now_s)


__all__ = [
    "BASES",
    "CamaraPlatform",
    "Device",
    "Limits",
    "Pace",
    "Subscribers",
    "camara_routes",
    "simple_edge_discovery",
    "tell_sink",
]
