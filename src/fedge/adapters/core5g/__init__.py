"""Fedge towards a 5G operator: application function of its NEF, invoker of its CAPIF, consumer of its radio information.

Written to 3GPP TS 29.522, 29.122, 29.222 (Rel-17) and ETSI GS MEC 012 v2.2.1; run against the simulated core
(``simulation.core5g``), not yet against a real one.

How an API is reached: ``door`` (connections, base URL, what a request shows), ``token`` (OAuth2), ``capif`` with ``capif_words``,
``capif_enrolment``, ``capif_core``, ``capif_kept`` and ``capif_door`` (onboarding, discovery, tokens). Traffic Influence:
``words``, ``client``, ``network``, around ``core.steering``. The exposure APIs: ``subscribing``, ``monitoring``, ``quality``,
``radio`` and ``radio_words``, ``channels`` (websockets), ``exposure``, around ``core.exposure``; ``parties``: who and which
cell is meant. ``receiver`` takes notifications.
"""

from fedge.adapters.core5g.capif import ApiInvoker
from fedge.adapters.core5g.capif_core import Refused
from fedge.adapters.core5g.capif_door import CapifDoor
from fedge.adapters.core5g.capif_kept import Kept
from fedge.adapters.core5g.channels import Channels
from fedge.adapters.core5g.client import NefClient
from fedge.adapters.core5g.door import AgreedDoor, Caller, Door, Http
from fedge.adapters.core5g.exposure import ApiClient, ExposedOperator
from fedge.adapters.core5g.monitoring import Monitoring
from fedge.adapters.core5g.network import SteeredNetwork
from fedge.adapters.core5g.parties import Clock, Map, Subscribers
from fedge.adapters.core5g.quality import QualityOfService
from fedge.adapters.core5g.radio import RadioInformation
from fedge.adapters.core5g.receiver import Taker, receiver_app
from fedge.adapters.core5g.token import Token, client_secret

__all__ = [
    "AgreedDoor",
    "ApiClient",
    "ApiInvoker",
    "Caller",
    "CapifDoor",
    "Channels",
    "Clock",
    "Door",
    "ExposedOperator",
    "Http",
    "Kept",
    "Map",
    "Monitoring",
    "NefClient",
    "QualityOfService",
    "RadioInformation",
    "Refused",
    "SteeredNetwork",
    "Subscribers",
    "Taker",
    "Token",
    "client_secret",
    "receiver_app",
]
