"""Control plane ↔ access API gateway: quality of service and location, asked of the operator's exposure functions.

The gateway (``core.exposure``, ``adapters/core5g``) turns these into AsSessionWithQoS and MonitoringEvent (3GPP TS 29.122). What
else it hears of the operator, places, cells and measurement reports, it tells in the words of ``access``. A *flow* is a UE's
traffic with one application server, by a name that the asker draws; the gateway ties one subscription to each.
"""

from __future__ import annotations

from fedge.core.messages.order import Message
from fedge.core.model import Nanoseconds, UeId

Span = tuple[int, int]
"""Ports from the first to the last of them."""


class RequestQuality(Message, frozen=True):
    """Serve this flow with the quality that the operator calls ``reference`` (``qosReference``), for ``seconds`` from now.

    The same ``flow`` again replaces it: another server, other ports, another quality, another end; the same words are the
    same request. ``app_server``: an IPv4 address or prefix. Ports: none means all.
    """

    flow: str
    ue: UeId
    app_server: str
    reference: str
    seconds: int
    server_ports: tuple[Span, ...] = ()
    device_ports: tuple[Span, ...] = ()
    protocol: str = ""
    """UDP, TCP, or empty for both."""
    further_servers: tuple[str, ...] = ()
    """The same flow may go to these, too: one quality for all of it."""
    served: bool = False
    """The network has said before that it serves this flow: a gateway that has just started cannot know."""


class ReleaseQuality(Message, frozen=True):
    """The flow needs no quality any more. Not answered: what the operator still holds is deleted by and by."""

    flow: str


class QualityForgotten(Message, frozen=True):
    """The gateway has started and knows no flow: say ``RequestQuality`` for all that are still wanted, then ``QualityTold``."""


class QualityTold(Message, frozen=True):
    """After ``QualityForgotten``: those were all. What the operator holds beside them is deleted."""


class QualityGranted(Message, frozen=True):
    """The operator has installed it. Said again after each ``RequestQuality`` that changed it, and after a restart."""

    flow: str


class QualityRefused(Message, frozen=True):
    """It is not served. ``reason``: the operator's cause and words; ``final``: asking again is no use.

    Not final: the operator did not answer in time, or has no room now; the gateway does not ask again by itself.
    """

    flow: str
    reason: str
    final: bool = True


class QualityLost(Message, frozen=True):
    """It was granted, and the network has ended it (``SESSION_TERMINATION``, or it does not know it any more)."""

    flow: str
    reason: str


class QualityKept(Message, frozen=True):
    """The guaranteed rate can be kept no longer, or can again (``QOS_NOT_GUARANTEED``, ``QOS_GUARANTEED``).

    Where it is not kept, said again after each ``QualityGranted`` that leaves it so.
    """

    flow: str
    fulfilled: bool


class AskLocation(Message, frozen=True):
    """Where is this UE? One ``LocationTold`` with the same ``request`` follows, within a few seconds.

    ``max_age_s``: a place that old will do; 0: as fresh as the operator can say.
    """

    request: int
    ue: UeId
    max_age_s: float = 0.0


class LocationTold(Message, frozen=True):
    """``at``: of when it is. Without ``known`` the rest means nothing, and ``reason`` says why.

    ``uncertainty_m``: radius of the circle around (``x_m``, ``y_m``) in which the UE is; metres of the map, as ``AccessHello``.
    """

    request: int
    ue: UeId
    known: bool
    x_m: float = 0.0
    y_m: float = 0.0
    uncertainty_m: float = 0.0
    at: Nanoseconds = 0
    reason: str = ""


class OperatorOffers(Message, frozen=True):
    """What the account with the operator allows, and whether it can be used now; said at each change.

    ``references``: the QoS references that the operator agreed. ``location``, ``radio``, ``quality``: the API is there, and
    answers. ``reason``: why one is not.
    """

    references: tuple[str, ...]
    location: bool
    radio: bool
    quality: bool
    reason: str = ""
