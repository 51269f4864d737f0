"""What is said to the NEF and what comes back, as values. ``number`` ties an answer to its call.

Names of TS 29.522 are translated here once: ``token`` is the last segment of ``notificationDestination``, ``transaction`` is
``afTransId``, ``status`` of an ``Acknowledge`` is ``afStatus``, ``path`` in ``PathNotified`` is the token it was delivered to.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fedge.core.messages import Message
from fedge.core.model import Address, AppId, UeId
from fedge.core.patience import Answered

AfStatus = Literal["SUCCESS", "TEMPORARY_CONGESTION", "RELOC_NO_ALLOWED", "OTHER"]


class N6Route(Struct, frozen=True):
    """RouteToLocation: a site's DNAI, and the end of N6 there: its edge data gateway."""

    dnai: str
    gateway: Address


class Create(Struct, frozen=True):
    number: int
    token: str
    transaction: str
    ue: UeId
    app: AppId
    routes: tuple[N6Route, ...]


class Patch(Struct, frozen=True):
    """A merge patch of ``trafficRoutes``, and of nothing else."""

    number: int
    subscription: str
    routes: tuple[N6Route, ...]


class Delete(Struct, frozen=True):
    number: int
    subscription: str


class List(Struct, frozen=True):
    number: int


class Acknowledge(Struct, frozen=True):
    """AfAckInfo to the ``afAckUri`` of a notification."""

    number: int
    uri: str
    transaction: str
    ue: UeId
    status: AfStatus
    route: N6Route | None = None


class Tell(Struct, frozen=True):
    """To the control plane."""

    message: Message


Effect = Create | Patch | Delete | List | Acknowledge | Tell


class Held(Struct, frozen=True):
    """A subscription as the NEF holds it. ``token`` is empty where the subscription is not Fedge's."""

    subscription: str
    token: str
    dnais: tuple[str, ...]


class Answer(Answered, frozen=True):
    """``held``: the subscription as created or changed, or all of them as listed."""

    held: tuple[Held, ...] = ()


class PathNotified(Struct, frozen=True):
    """EventNotification of UP_PATH_CHANGE. Empty: not said. ``ue`` is None where the notification names an unknown subscriber."""

    token: str
    stage: Literal["EARLY", "LATE"]
    target: str
    source: str = ""
    transaction: str = ""
    gpsi_given: bool = False
    ue: UeId | None = None
    ack_uri: str = ""
