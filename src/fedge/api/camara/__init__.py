"""What studios call commercially: CAMARA's APIs, in CAMARA's words. Translation only.

Read ``exchange.py`` first: what all operations share. Each API is a base and the function that gives its operations.
``authorization.py`` says who asks, ``oauth.py`` gives access tokens.
"""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from fedge.api.camara import (
    geofencing,
    location,
    oauth,
    qos_profiles,
    quality_on_demand,
    simple_edge_discovery,
)
from fedge.api.camara.authorization import Authorization
from fedge.api.camara.device import Device, Subscribers
from fedge.api.camara.exchange import Granted, Operation, camara_app, camara_mount
from fedge.api.camara.platform import CamaraPlatform
from fedge.api.camara.telling import tell_sink
from fedge.api.pace import Asked

_APIS: tuple[tuple[str, Callable[[CamaraPlatform], list[Operation]]], ...] = (
    (simple_edge_discovery.BASE, simple_edge_discovery.operations),
    (location.VERIFICATION, location.verification),
    (location.RETRIEVAL, location.retrieval),
    (geofencing.BASE, geofencing.operations),
    (quality_on_demand.BASE, quality_on_demand.operations),
    (qos_profiles.BASE, qos_profiles.operations),
)
BASES = (oauth.BASE, oauth.WELL_KNOWN, *(base for base, _ in _APIS))
"""They ask for the token themselves, and refuse in their own form."""


def camara_routes(platform: CamaraPlatform, granted: Granted, asked: Asked) -> Sequence[BaseRoute]:
    return [
        camara_mount(base, camara_app(operations(platform), granted, asked)) for base, operations in _APIS
    ]


__all__ = [
    "BASES",
    "Authorization",
    "CamaraPlatform",
    "Device",
    "Subscribers",
    "camara_routes",
    "tell_sink",
]
