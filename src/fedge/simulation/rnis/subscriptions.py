"""The operations on subscriptions (ETSI GS MEC 012, 7.7, 7.8), as values. Each answers the resource or raises ``Refusal``. Pure.

A body is read in the form of the definition, ``{"CellChangeSubscription": {…}}``, and in that of the standard's text, the bare
object; every answer about it has the form in which it was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.simulation.core5g.exposed import RADIO, path_of
from fedge.simulation.rnis.data_types import FilterCriteria, Json, Subscribed
from fedge.simulation.rnis.problem import Refusal
from fedge.simulation.rnis.wants import TYPES, Wants, wants_of
from fedge.simulation.rnis.words import CellWords

Shape = TypeVar("Shape", bound=Struct)
BASE = path_of(RADIO)
MOST_PER_OWNER = 1000
NOTICE_S = 10.0
"""An ExpiryNotification comes so long before the deadline, or at once where that is nearer (MEC 009, 6.12)."""


class Subscription(Struct, frozen=True):
    """One resource. ``says``: its attributes as they are answered, but for the links; ``wants``: what that means.

    ``callback`` empty: notifications go over the websocket. ``deadline_s``: Unix time, 0 for none.
    ``wrapped``: how it was written.
    """

    id: str
    owner: str
    kind: str
    says: Json
    wants: Wants
    callback: str = ""
    test: bool = False
    deadline_s: float = 0.0
    warned: bool = False
    wrapped: bool = True


class Subscriptions:
    """``root``: scheme and authority under which the service is reached. ``objection(url)``: why nothing may be sent there."""

    def __init__(
        self,
        root: str,
        words: CellWords,
        objection: Callable[[str], str | None],
        held: Iterable[Subscription] = (),
    ) -> None:
        self._root, self._words, self._objection = root, words, objection
        self._all = {one.id: one for one in held}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._all.values()))

    def of_kind(self, kind: str) -> list[Subscription]:
        return [one for one in self._all.values() if one.kind == kind]

    def get(self, id: str) -> Subscription | None:
        return self._all.get(id)

    def href(self, id: str) -> str:
        return f"{self._root}{BASE}/subscriptions/{id}"

    def websocket_uri(self, id: str) -> str:
        return f"{self._root.replace('http', 'ws', 1)}{BASE}/notifications/{id}"

    # --- operations ---------------------------------------------------------------------------------------------------------

    def listed(self, owner: str, subscription_type: str | None) -> Json:
        """SubscriptionLinkList. ``subscription_type``: one of the query's words (7.7.3.1), None for all."""
        names = {kind.query: name for name, kind in TYPES.items()}
        if subscription_type is not None and subscription_type not in names:
            raise Refusal(400, f"subscription_type: one of {', '.join(names)}")
        kind = names[subscription_type] if subscription_type is not None else None
        links = [
            {"href": self.href(one.id), "subscriptionType": one.kind}
            for one in self._all.values()
            if one.owner == owner and kind in (None, one.kind)
        ]
        return {"_links": {"self": {"href": f"{self._root}{BASE}/subscriptions"}, "subscription": links}}

    def read(self, owner: str, id: str) -> Subscription:
        """Another's is as unknown as one that never was."""
        found = self._all.get(id)
        if found is None or found.owner != owner:
            raise Refusal(404, f"there is no subscription {id[:64]!r} here")
        return found

    def create(self, owner: str, id: str, body: Json, now_s: float) -> Subscription:
        """``id``: the new resource's, never used before."""
        made = self._made(owner, id, body, now_s)
        if sum(one.owner == owner for one in self._all.values()) >= MOST_PER_OWNER:
            raise Refusal(403, f"at most {MOST_PER_OWNER} subscriptions")
        self._all[id] = made
        return made

    def replace(self, owner: str, id: str, body: Json, now_s: float) -> Subscription:
        """PUT: all of it anew, but for its type."""
        before = self.read(owner, id)
        made = self._made(owner, id, body, now_s)
        if made.kind != before.kind:
            raise Refusal(400, f"subscriptionType: this is a {before.kind}, and stays one")
        self._all[id] = made
        return made

    def delete(self, owner: str, id: str) -> None:
        self.read(owner, id)
        del self._all[id]

    def resource(self, one: Subscription) -> Json:
        """The body that says it."""
        said = {**one.says, "_links": {"self": {"href": self.href(one.id)}}}
        return {one.kind: said} if one.wrapped else said

    def etag(self, one: Subscription) -> str:
        return f'"{hashlib.sha256(msgspec.json.encode(self.resource(one))).hexdigest()[:16]}"'

    # --- the passing of time ------------------------------------------------------------------------------------------------

    def due(self, now_s: float) -> tuple[list[Subscription], list[Subscription]]:
        """(those whose subscriber is to be told now that they end, those that have ended and are gone)."""
        warn, gone = [], []
        for one in self:
            if not one.deadline_s:
                continue
            if not one.warned and one.deadline_s - NOTICE_S <= now_s:
                self._all[one.id] = replace(one, warned=True)
                warn.append(one)
            if one.deadline_s <= now_s:
                del self._all[one.id]
                gone.append(one)
        return warn, gone

    # --- reading ------------------------------------------------------------------------------------------------------------

    def _made(self, owner: str, id: str, body: Json, now_s: float) -> Subscription:
        name, told, wrapped = _unwrapped(body)
        said = _typed(told, Subscribed)
        kind = TYPES.get(name or said.subscription_type)
        if kind is None:
            raise Refusal(400, f"subscriptionType: one of {', '.join(TYPES)}")
        if said.subscription_type != kind.name:
            raise Refusal(400, f"subscriptionType: must be {kind.name}")
        if kind.why_not:
            raise Refusal(422, f"{kind.name}: {kind.why_not}")
        if kind.criteria not in told:
            raise Refusal(400, f"{kind.criteria} is needed")
        criteria = _typed(told[kind.criteria], FilterCriteria)
        wants, completed = wants_of(kind, criteria, self._words)
        callback = self._callback(said)
        deadline_s = 0.0
        if said.expiry_deadline is not UNSET:
            deadline_s = said.expiry_deadline.seconds + said.expiry_deadline.nano_seconds / 1e9
            if deadline_s <= now_s:
                raise Refusal(422, "expiryDeadline is over")
        says = {
            **msgspec.to_builtins(
                replace(said, callback_reference=callback or UNSET, websock_notif_config=UNSET)
            ),
            kind.criteria: msgspec.to_builtins(completed),
        }
        if not callback:
            says["websockNotifConfig"] = {"websocketUri": self.websocket_uri(id), "requestWebsocketUri": True}
        test = said.request_test_notification is True
        return Subscription(id, owner, kind.name, says, wants, callback, test, deadline_s, False, wrapped)

    def _callback(self, said: Subscribed) -> str:
        """Where notifications are posted; empty: over the websocket, the one chosen where both are offered (6.3, notes)."""
        config = said.websock_notif_config
        if config is not UNSET and config.request_websocket_uri is True:
            return ""
        if said.callback_reference is UNSET:
            raise Refusal(
                400, "callbackReference, or websockNotifConfig with requestWebsocketUri true, is needed"
            )
        reason = self._objection(said.callback_reference)
        if reason is not None:
            raise Refusal(400, f"callbackReference: {reason}")
        return said.callback_reference


def _unwrapped(body: Json) -> tuple[str, Json, bool]:
    """(the type whose name it is wrapped in, or "", what is told, is it wrapped?)."""
    for name in TYPES:
        if name in body:
            inner = body[name]
            if not isinstance(inner, dict):
                raise Refusal(400, f"{name}: an object is wanted")
            return name, inner, True
    return "", body, False


def _typed(told: object, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(told, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Refusal(400, str(error)) from None
