"""The next thing to say about one subscription, and what the answers to it mean.

``advance`` is called after everything that is heard of the subscription, when its API can be used or no longer can, and at the
instants of ``looks``; it may be called at any time. One call at a time is under way for each subscription.
"""

from __future__ import annotations

from collections.abc import Callable

from fedge.core.exposure.calls import (
    CHANNEL,
    Answer,
    Create,
    Delete,
    Effect,
    Held,
    Hush,
    Listen,
    Places,
    Replace,
)
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.subscription import CALLED, Subscription
from fedge.core.model import SECOND, Nanoseconds
from fedge.core.patience import Backoff, wait_after

LASTS_S = {"location": 600, "radio": 600, "quality": 0}
"""For so long is asked; AsSessionWithQoS knows no expiry: Fedge itself ends a flow's quality."""
RENEWED_AT = 0.4
"""A subscription is renewed once that share of the time that it was granted is left."""
REFUSED_AGAIN = 60 * SECOND
"""What is wanted for ever is asked for again that long after a refusal: an account may have been mended."""
SILENT_AFTER = 5 * SECOND
"""Places that do not come for so long, and their period, are asked for anew: it said yes and does nothing."""
LISTEN_WITHIN = 5 * SECOND
CHANNEL_GIVEN_UP_AT = 3
"""So many failures in a row of a subscription's websocket, and its notifications are asked for by HTTP."""


def advance(sub: Subscription, desk: Desk, now: Nanoseconds, number: Callable[[], int]) -> list[Effect]:
    """Whatever can be said now."""
    if sub.until and now >= sub.until:
        sub.wanted = False
    effects: list[Effect] = []
    if sub.state == "HELD" and sub.expires_at and now >= sub.expires_at:
        effects += lost(sub, now, "expired")
    effects += _listen(sub, now)
    if sub.state in CALLED or sub.state == "DOUBTFUL" or not desk.open or not sub.backoff.due(now):
        return effects
    if sub.state in ("ABSENT", "REFUSED") and sub.wanted:
        sub.channel = CHANNEL[sub.api]
        sub.call, sub.calling = number(), sub.asks
        sub.enter("asked", now)
        lasts = LASTS_S[sub.api]
        effects.append(Create(sub.call, sub.api, sub.token, sub.asks, lasts, sub.channel))
    elif sub.state == "HELD" and (sub.anew or not sub.wanted):
        sub.call = number()
        sub.enter("released", now)
        effects.append(Delete(sub.call, sub.api, sub.subscription))
    elif sub.state == "HELD" and (sub.agreed != sub.asks or 0 < sub.renew_at <= now or _idle(sub, now)):
        sub.call, sub.calling = number(), sub.asks
        sub.enter("asked", now)
        said = sub.subscription, sub.token, sub.asks, LASTS_S[sub.api], sub.channel
        effects.append(Replace(sub.call, sub.api, *said))
    return effects


def looks(sub: Subscription) -> tuple[Nanoseconds, ...]:
    """The instants at which time alone may bring ``advance`` something to say; silence aside, of which only places know."""
    return sub.until, sub.expires_at, sub.renew_at, sub.listen_at, sub.backoff.until


def silent(sub: Subscription, now: Nanoseconds) -> bool:
    """Held, and nothing is heard where something must be: only of places is it known how often they come."""
    if not sub.heard_at or not isinstance(sub.asks, Places):
        return False
    return now - sub.heard_at > SILENT_AFTER + sub.asks.period_s * SECOND


def answered(sub: Subscription, answer: Answer, desk: Desk, now: Nanoseconds, draw: float) -> list[Effect]:
    """To the call that is under way."""
    if (answer.done and sub.state == "DELETING") or (answer.status == 404 and sub.state != "CREATING"):
        desk.stale |= sub.wanted and not sub.anew
        return lost(sub, now)
    if answer.done and (answer.held or sub.subscription):
        if answer.held:
            held(sub, answer.held[0], now)
        sub.enter("agreed", now)
        sub.agreed, sub.refusal, sub.backoff, sub.heard_at = sub.calling, "", Backoff(), sub.heard_at or now
        return []
    if answer.done or answer.doubtful:
        desk.stale = True
        sub.backoff = sub.backoff.failed(now, draw)
        sub.enter("unanswered", now)
        return []
    sub.refusal = answer.reason
    sub.backoff = Backoff(0, now + REFUSED_AGAIN)
    sub.enter("refused", now)
    return []


def held(sub: Subscription, what: Held, now: Nanoseconds) -> None:
    """What the operator says of it."""
    sub.subscription = what.subscription
    if what.lasts_s is not None:
        expires(sub, what.lasts_s, int((1 - RENEWED_AT) * what.lasts_s * SECOND), now)
    else:
        sub.expires_at = sub.renew_at = 0
    if what.uri != sub.uri:
        sub.uri, sub.up, sub.listen_at = what.uri, False, now


def expires(sub: Subscription, lasts_s: float, renew_in: Nanoseconds, now: Nanoseconds) -> None:
    """The operator ends it in ``lasts_s``; it is said anew before that, but not more often than twice a second."""
    sub.expires_at, sub.renew_at = now + int(lasts_s * SECOND), now + max(renew_in, SECOND // 2)


def found(sub: Subscription, what: Held, now: Nanoseconds) -> None:
    """It stands in the operator's list, and was not known to be there: its content is said anew."""
    sub.enter("found", now)
    held(sub, what, now)
    sub.agreed, sub.heard_at = None, sub.heard_at or now


def lost(sub: Subscription, now: Nanoseconds, how: str = "lost") -> list[Effect]:
    """The operator has it no more."""
    hush: list[Effect] = [Hush(sub.token)] if sub.uri else []
    sub.enter(how, now)
    sub.backoff = Backoff()
    return hush


def channelled(sub: Subscription, up: bool, desk: Desk, now: Nanoseconds, draw: float) -> None:
    """Its websocket is open, or closed: opened again soon, and given up for HTTP where that fails too often."""
    sub.up = up
    if up:
        sub.channel_failures = 0
        return
    sub.channel_failures += 1
    sub.listen_at = now + int(wait_after(sub.channel_failures) * draw)
    desk.stale = True
    if sub.channel_failures >= CHANNEL_GIVEN_UP_AT and sub.channel == "websocket":
        sub.channel, sub.agreed, sub.channel_failures = "callback", None, 0


def _listen(sub: Subscription, now: Nanoseconds) -> list[Effect]:
    wants = sub.state in ("HELD", "CHANGING") and sub.wanted and sub.channel == "websocket"
    if not (wants and sub.uri) or sub.up or now < sub.listen_at:
        return []
    sub.listen_at = now + LISTEN_WITHIN
    return [Listen(sub.token, sub.uri)]


def _idle(sub: Subscription, now: Nanoseconds) -> bool:
    """It is silent, and that has not just been met by saying it anew."""
    return silent(sub, now) and now - sub.changed_at > SILENT_AFTER
