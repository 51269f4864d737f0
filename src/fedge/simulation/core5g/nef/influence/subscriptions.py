"""The six operations on subscriptions (TS 29.522, 5.4.1), without HTTP. Pure: each answers the resource or raises ``Problem``.

``Subscriptions`` holds the resources of all application functions; whoever calls keeps them on disk and tells session management.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.core.model import UeId
from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.influence.checks import check, influence, negotiated
from fedge.simulation.core5g.nef.influence.data_types import TrafficInfluSub, TrafficInfluSubPatch
from fedge.simulation.core5g.nef.operator import Operator
from fedge.simulation.core5g.nef.patches import merge
from fedge.simulation.core5g.nef.problem import (
    InvalidParam,
    Problem,
    no_such_subscription,
    refuse_changes,
    too_many,
)
from fedge.simulation.core5g.words import Influence

MOST_PER_AF = 10_000
_IDENTITY = (
    "afServiceId", "afAppId", "dnn", "snssai", "externalGroupId", "anyUeInd", "gpsi", "ipv4Addr", "ipDomain",
    "ipv6Addr", "macAddr",
)  # fmt: skip
_UNPATCHABLE = (
    *_IDENTITY, "afTransId", "subscribedEvents", "dnaiChgType", "requestTestNotification", "websockNotifConfig", "self",
    "eventReports", "suppFeat",
)  # fmt: skip


class Subscription(Struct, frozen=True):
    """One resource: its own ``id``, the application function it belongs to, what it says, and what that asks for."""

    id: str
    af: str
    says: TrafficInfluSub
    asks: Influence


class Subscriptions:
    """``attached_by(ue)``: the kind of access that the UE is attached by now, None if it is not attached."""

    def __init__(
        self,
        operator: Operator,
        base_url: str,
        attached_by: Callable[[UeId], str | None],
        held: Iterable[Subscription] = (),
    ) -> None:
        self._operator, self._base_url, self._attached_by = operator, base_url, attached_by
        self._all = {one.id: one for one in held}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._all.values()))

    def get(self, id: str) -> Subscription | None:
        return self._all.get(id)

    def list(self, af: str) -> list[Subscription]:
        return [one for one in self._all.values() if one.af == af]

    def read(self, af: str, id: str) -> Subscription:
        """Raises ``Problem`` 404."""
        found = self._all.get(id)
        if found is None or found.af != af:
            raise no_such_subscription(id)
        return found

    def create(self, af: str, id: str, body: bytes) -> Subscription:
        """``id``: the new resource's, never used before."""
        says = reading.read(body, TrafficInfluSub)
        if len(self.list(af)) >= MOST_PER_AF:
            raise too_many(MOST_PER_AF)
        return self._put(af, id, says)

    def replace(self, af: str, id: str, body: bytes) -> Subscription:
        """PUT: all of it anew, but for whom and for which application."""
        before = self.read(af, id)
        says = reading.read(body, TrafficInfluSub)
        was, shall = _plain(before.says), _plain(says)
        refuse_changes(name for name in _IDENTITY if was.get(name) != shall.get(name))
        return self._put(af, id, says, before)

    def patch(self, af: str, id: str, body: bytes) -> Subscription:
        """PATCH: JSON merge patch (RFC 7396) of what TrafficInfluSubPatch allows."""
        before = self.read(af, id)
        patch = reading.read_object(body)
        reading.convert(patch, TrafficInfluSubPatch)
        refuse_changes(name for name in _UNPATCHABLE if name in patch)
        known = set(TrafficInfluSubPatch.__struct_encode_fields__)
        merged = merge(_plain(before.says), {name: value for name, value in patch.items() if name in known})
        return self._put(af, id, reading.convert(merged, TrafficInfluSub), before)

    def delete(self, af: str, id: str) -> Subscription:
        found = self.read(af, id)
        del self._all[id]
        return found

    def _put(
        self, af: str, id: str, says: TrafficInfluSub, before: Subscription | None = None
    ) -> Subscription:
        check(says, self._operator)
        says = replace(negotiated(says), self_=f"{self._base_url}/{af}/subscriptions/{id}")
        asks = influence(id, says, self._operator)
        self._refuse_other_access(asks, before)
        self._all[id] = Subscription(id, af, says, asks)
        return self._all[id]

    def _refuse_other_access(self, asks: Influence, before: Subscription | None) -> None:
        """TS 23.501, 5.6.7: traffic influence exists for 5G standalone sessions. What asks for no other route is not refused."""
        kind = self._attached_by(asks.ue) if asks.ue is not None else None
        same = before is not None and before.asks.routes == asks.routes
        if kind is not None and kind != "nr" and asks.routes and not same:
            reason = f"the UE is attached by {kind}: traffic influence exists for 5G standalone sessions only"
            raise Problem(
                403, "REQUESTED_SERVICE_NOT_AUTHORIZED", reason, InvalidParam("/trafficRoutes", reason)
            )


def _plain(says: TrafficInfluSub) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(replace(says, self_=UNSET))
    return plain
