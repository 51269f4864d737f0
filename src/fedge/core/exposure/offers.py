"""What can be had of the operator now, and why not what cannot: told to the control plane at each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fedge.core.exposure.advance import silent
from fedge.core.exposure.calls import APIS, Api, Losses, Returns
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.subscription import Subscription
from fedge.core.messages import OperatorOffers
from fedge.core.model import Nanoseconds


def why_not(desk: Desk, subs: Iterable[Subscription], now: Nanoseconds) -> str:
    """Why an API is of no use now; empty: it is. ``subs``: what is wanted always; a flow of its own says nothing of all.

    Where an operator does not tell who is lost, places are served all the same.
    """
    why = desk.unavailable()
    for sub in subs:
        if why or sub.api != desk.api or isinstance(sub.asks, Losses | Returns):
            continue
        if sub.state == "REFUSED":
            why = f"{sub.name}: {sub.refusal}"
        elif silent(sub, now):
            why = f"{sub.name}: subscribed, and nothing is heard"
        elif not sub.subscription:
            why = f"{sub.name}: not subscribed yet"
    return why


def offers(
    desks: Mapping[Api, Desk], subs: Iterable[Subscription], references: tuple[str, ...], now: Nanoseconds
) -> OperatorOffers:
    """``references``: the qualities that were agreed."""
    all_of_them = tuple(subs)
    why = {api: why_not(desks[api], all_of_them, now) for api in APIS}
    reason = "; ".join(f"{api}: {said}" for api, said in why.items() if said)
    return OperatorOffers(references, not why["location"], not why["radio"], not why["quality"], reason)
