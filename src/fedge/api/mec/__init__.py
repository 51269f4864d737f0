"""ETSI MEC's APIs for application instances: MEC 011 support and service management, MEC 021 mobility. Translation only.

Read ``exchange.py`` first. ``docs/mec.md`` says what each operation does in Fedge.
"""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount

from fedge.api.mec import app_mobility, app_support, service_management
from fedge.api.mec.exchange import Centre, Platform, mec_app
from fedge.api.mec.notices import notification

BASES = (app_support.BASE, service_management.BASE, app_mobility.BASE)


def mec_routes(platform: Platform) -> Sequence[BaseRoute]:
    """Each API under the base of its definition; they ask for the token themselves, and refuse in their own form."""
    token = platform.centre.token
    return [
        Mount(app_support.BASE, mec_app(app_support.routes(platform), token)),
        Mount(service_management.BASE, mec_app(service_management.routes(platform), token)),
        Mount(app_mobility.BASE, mec_app(app_mobility.routes(platform), token)),
    ]


__all__ = ["BASES", "Centre", "Platform", "mec_routes", "notification"]
