"""An operator's list held against what is wanted: what is there is adopted, what is missing asked for anew, the rest deleted.

Fedge's is what names an address of Fedge's, or bears its mark, or is the very websocket that is followed. Whatever else there is
belongs to another consumer and is left alone. So a restart of either side, an answer that got lost, and a subscription that the
operator forgot all end the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fedge.core.exposure.advance import found, held, lost
from fedge.core.exposure.calls import CHANNEL, Delete, Effect, Held, mark_of
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.subscription import CALLED, Subscription
from fedge.core.model import Nanoseconds


def hold_against(
    desk: Desk,
    what: Iterable[Held],
    subs: dict[str, Subscription],
    number: Callable[[], int],
    now: Nanoseconds,
) -> tuple[list[Effect], list[Subscription]]:
    """``subs``: this API's, by name. Returns what is to be said, and those that the operator has lost."""
    by_token = {sub.token: sub for sub in subs.values()}
    by_mark = {mark_of(sub.token): sub for sub in subs.values() if CHANNEL[sub.api] == "websocket"}
    by_websocket = {(sub.subscription, sub.uri): sub for sub in subs.values() if sub.uri}
    effects: list[Effect] = []
    seen: set[str] = set()
    for one in what:
        if one.token:
            sub = by_token.get(one.token)
        elif one.mark:
            sub = by_mark.get(one.mark)
        else:
            sub = by_websocket.get((one.subscription, one.uri))
        if sub is None:
            orphan = desk.complete and bool(one.token)
        elif sub.state in CALLED:
            seen.add(sub.name)  # the answer that is on its way knows better
            continue
        elif sub.name in seen or (sub.state == "HELD" and sub.subscription != one.subscription):
            orphan = True
        else:
            orphan = False
            seen.add(sub.name)
            _adopt(sub, one, now)
        if orphan:
            effects.append(Delete(number(), desk.api, one.subscription))
    gone = [sub for sub in subs.values() if sub.name not in seen and _missing(sub, desk)]
    for sub in gone:
        effects += lost(sub, now)
    return effects, gone


def _adopt(sub: Subscription, one: Held, now: Nanoseconds) -> None:
    if sub.state == "HELD":
        held(sub, one, now)
    else:
        found(sub, one, now)


def _missing(sub: Subscription, desk: Desk) -> bool:
    return sub.state in ("HELD", "DOUBTFUL") and sub.changed_at < desk.listing_since
