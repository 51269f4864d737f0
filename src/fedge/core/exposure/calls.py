"""What is asked of the operator's exposure functions and what comes back, as values. ``number`` ties an answer to its call.

Three APIs: ``location`` is MonitoringEvent, ``quality`` AsSessionWithQoS (both 3GPP TS 29.122), ``radio`` the radio network
information service (ETSI GS MEC 012). ``token`` is the last segment of a subscription's notification address.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from fedge.core.exposure.notices import Place
from fedge.core.messages import Message
from fedge.core.messages.exposure import Span
from fedge.core.model import CellId, UeId
from fedge.core.patience import Answered

Api = Literal["location", "quality", "radio"]
APIS: tuple[Api, ...] = ("location", "quality", "radio")
Channel = Literal["websocket", "callback"]
CHANNEL: dict[Api, Channel] = {"location": "callback", "quality": "callback", "radio": "websocket"}
"""How notifications are asked for first. TS 29.122 knows websockets too; the simulated operator has them for radio alone."""


class Places(Struct, frozen=True):
    """The place of every UE of a group, once a period: LOCATION_REPORTING of an ``externalGroupId``."""

    group: str
    period_s: int


class Losses(Struct, frozen=True):
    """Whoever of a group the network can reach no more, after a silence of ``within_s``: LOSS_OF_CONNECTIVITY."""

    group: str
    within_s: int


class Returns(Struct, frozen=True):
    """Whoever of a group it can reach again: UE_REACHABILITY, for DATA."""

    group: str


class CellChanges(Struct, frozen=True):
    """Every handover, when it is prepared and when it is completed: CellChangeSubscription."""


class Measurements(Struct, frozen=True):
    """Every UE's measurement reports on this kind of access: NrMeasRepUeSubscription, MeasRepUeSubscription."""

    kind: Literal["nr", "lte"]


class FlowQuality(Struct, frozen=True):
    """A flow and the name of the quality it shall have: AsSessionWithQoSSubscription. Fields as ``RequestQuality``."""

    ue: UeId
    app_server: str
    reference: str
    server_ports: tuple[Span, ...] = ()
    device_ports: tuple[Span, ...] = ()
    protocol: str = ""
    further_servers: tuple[str, ...] = ()


Asks = Places | Losses | Returns | CellChanges | Measurements | FlowQuality


class Create(Struct, frozen=True):
    """``lasts_s``: until it expires, 0 where the API knows no expiry. ``channel``: how its notifications shall come."""

    number: int
    api: Api
    token: str
    asks: Asks
    lasts_s: int = 0
    channel: Channel = "callback"


class Replace(Struct, frozen=True):
    """Another content, a later expiry, or both."""

    number: int
    api: Api
    subscription: str
    token: str
    asks: Asks
    lasts_s: int = 0
    channel: Channel = "callback"


class Delete(Struct, frozen=True):
    number: int
    api: Api
    subscription: str


class List(Struct, frozen=True):
    number: int
    api: Api


class Locate(Struct, frozen=True):
    """One report at once: ``maximumNumberOfReports`` 1, immediate. ``max_age_s``: so old may it be."""

    number: int
    ue: UeId
    max_age_s: float
    api: Api = "location"


class MeasureCells(Struct, frozen=True):
    """Layer 2 measurements of all cells and of all UEs in them."""

    number: int
    api: Api = "radio"


class Listen(Struct, frozen=True):
    """Open the websocket on which this subscription's notifications come. ``Channelled`` says what became of it."""

    token: str
    uri: str


class Hush(Struct, frozen=True):
    """Close it, if it is open."""

    token: str


class Tell(Struct, frozen=True):
    """To the control plane."""

    message: Message


Call = Create | Replace | Delete | List | Locate | MeasureCells
Effect = Call | Listen | Hush | Tell


class Held(Struct, frozen=True):
    """A subscription as the operator holds it.

    ``token`` is empty where its notifications do not come to an address of Fedge's; then ``mark`` may say whose it is
    (``mark_of``), empty: it has none. ``uri``: its websocket. ``lasts_s``: until it expires, None: it does not.
    """

    subscription: str
    token: str = ""
    mark: str = ""
    uri: str = ""
    lasts_s: float | None = None


def mark_of(token: str) -> str:
    """What a subscription of Fedge's bears beside its address, which a service does not say again where it notifies by websocket.

    In the form of a UUID; the token cannot be worked out of it.
    """
    drawn = blake2b(token.encode(), digest_size=16).hexdigest()
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-8{drawn[17:20]}-{drawn[20:]}"


class MeasuredCell(Struct, frozen=True):
    """Shares of its capacity in use, 0 to 1.

    ``delay_ms``: up and down together, of packets without a guaranteed rate; the mean of its UEs, None where there is none.
    """

    cell: CellId
    used_up: float
    used_down: float
    delay_ms: float | None = None


class Answer(Answered, frozen=True):
    """``held``: the subscription as created or changed, or all of them as listed. ``place``: of ``Locate``; ``cells``: of
    ``MeasureCells``.
    """

    held: tuple[Held, ...] = ()
    place: Place | None = None
    cells: tuple[MeasuredCell, ...] = ()
