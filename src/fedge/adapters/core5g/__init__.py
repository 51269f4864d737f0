"""Fedge as an application function of a 5G core: client of NEF Traffic Influence, receiver of its notifications.

Written to TS 29.522 Rel-17; run against the simulated core (``simulation.core5g``), not yet against a real one. ``words`` has the
attributes that Fedge uses, ``client`` makes calls, ``token`` has the OAuth2 part, ``receiver`` takes notifications; ``network``
joins them to ``core.steering`` and is the port ``AccessNetwork`` for routes.
"""

from fedge.adapters.core5g.client import NefClient
from fedge.adapters.core5g.network import SteeredNetwork
from fedge.adapters.core5g.receiver import receiver_app

__all__ = ["NefClient", "SteeredNetwork", "receiver_app"]
