"""A fence around an area: its client is told when one device comes in, or leaves. Durable; decided in `core/control/fencing.py`.

Source: CAMARA Geofencing Subscriptions 0.5.0. A device is inside when most of the circle in which it may be lies within the
area, outside when little of it does; between the two it stays what it was, so that it does not flutter on the border.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.location.areas import Circle, common_m2
from fedge.core.messages import Sink
from fedge.core.model import SECOND, Nanoseconds, UeId

INSIDE_FROM, OUTSIDE_BELOW = 0.6, 0.4
"""Shares of the surface that the device's circle and the area could have in common at most."""
LEAST_RADIUS_M = 50.0
"""A smaller area could not be told from its surroundings."""
MOST_OF_A_CLIENT, MOST = 500, 5000
TOKEN_MARGIN = 5 * SECOND
"""So long before the sink's token expires the fence ends: else its client could not be told."""

Crossing = Literal["entered", "left"]
Ending = Literal[
    "MAX_EVENTS_REACHED",
    "NETWORK_TERMINATED",
    "SUBSCRIPTION_EXPIRED",
    "SUBSCRIPTION_DELETED",
    "ACCESS_TOKEN_EXPIRED",
]


class Fence(Struct, frozen=True):
    """``crossing``: which way is told. ``told``: what the client said, in its words. ``inside`` None: not known yet.

    ``expires_at``, ``token_until``: on the core's clock, 0 for never. ``started_s``: the time of day at which it was made.
    ``scope``, ``purpose``: what the device's subscriber must have consented to.
    """

    id: str
    client: str
    ue: UeId
    area: Circle
    crossing: Crossing
    sink: Sink
    told: dict[str, Any]
    scope: str
    purpose: str = ""
    initial: bool = False
    max_events: int = 0
    started_s: float = 0.0
    expires_at: Nanoseconds = 0
    token_until: Nanoseconds = 0
    inside: bool | None = None
    events: int = 0

    def crossed(self, inside: bool) -> tuple[Fence, bool]:
        """(the fence once the device is known to be inside or outside, is its client told of that)."""
        first = self.inside is None
        wanted = inside == (self.crossing == "entered")
        tells = wanted and (self.initial if first else inside != self.inside)
        return replace(self, inside=inside, events=self.events + tells), tells

    def ending(self, now: Nanoseconds) -> Ending | None:
        """Why it ends now by itself, if it does."""
        if self.max_events and self.events >= self.max_events:
            return "MAX_EVENTS_REACHED"
        if self.expires_at and now >= self.expires_at:
            return "SUBSCRIPTION_EXPIRED"
        if self.token_until and now >= self.token_until - TOKEN_MARGIN:
            return "ACCESS_TOKEN_EXPIRED"
        return None


class Fences(Struct):
    held: dict[str, Fence] = field(default_factory=dict)

    def full(self, client: str) -> bool:
        own = sum(one.client == client for one in self.held.values())
        return own >= MOST_OF_A_CLIENT or len(self.held) >= MOST


def side(place: Circle, area: Circle) -> bool | None:
    """Inside, outside, or (None) not to be said."""
    most_m2 = min(place.surface_m2, area.surface_m2)
    share = common_m2(place, area) / most_m2
    if share >= INSIDE_FROM:
        return True
    return False if share < OUTSIDE_BELOW else None
