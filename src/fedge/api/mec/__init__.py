"""ETSI MEC's APIs for application instances: MEC 011 support and service management, MEC 021 mobility. Translation only.

Read ``exchange.py`` first. ``docs/mec.md`` says what each operation does in Fedge.
"""

import re
from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount

from fedge.api.mec import app_mobility, app_support, service_management
from fedge.api.mec.exchange import Centre, Platform, mec_app
from fedge.api.mec.notices import notification

_APIS = (app_support, service_management, app_mobility)
BASES = tuple(api.BASE for api in _APIS)


def mec_routes(platform: Platform) -> Sequence[BaseRoute]:
    """Each API under the base of its definition; they ask for the token themselves, and refuse in their own form."""
    mounts = [Mount(api.BASE, mec_app(api.routes(platform), platform)) for api in _APIS]
    for (
        mount
    ) in mounts:  # a line feed in a path belongs to it, too: else the refusal would have another API's form
        mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mounts


__all__ = ["BASES", "Centre", "Platform", "mec_routes", "notification"]
