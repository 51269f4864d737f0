"""Consents given and withdrawn, and access tokens that ended before their time.

`core/location/consent.py` says what a consent allows.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events import (
    AccessTokenEnded,
    AskedConsent,
    AskedTokenEnd,
    AskedWithdrawnConsent,
    ConsentGiven,
    ConsentWithdrawn,
)
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.location import Consent
from fedge.core.location.consent import MOST
from fedge.core.model import Nanoseconds, UeId

MOST_ENDED_TOKENS = 10_000
LOOKED_THROUGH_EVERY = 256
"""Those that have ended are forgotten when so many more are kept."""


def of_device(known: Knowledge, client: str, ue: UeId) -> Sequence[Consent]:
    """What the device's subscriber ever let this client do; some may have ended. By an index: it is asked at each use."""
    held = known.state.consents
    if known.consents_index[0] != held.changes:
        index: dict[tuple[str, UeId], list[Consent]] = {}
        for one in held.given.values():
            index.setdefault((one.client, one.ue), []).append(one)
        known.consents_index = (held.changes, index)
    return known.consents_index[1].get((client, ue), ())


# --- consents ----------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedConsent, now: Nanoseconds) -> list[Effect]:
    """Record a consent; one that says the same is prolonged, and keeps its id."""
    held = known.state.consents
    same = held.same(event.consent)
    if same is None and sum(one.holds(now) for one in held.given.values()) >= MOST:
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": f"{MOST} consents are kept"})]
    name = same.id if same is not None else f"consent-{held.next_id}"
    given = replace(event.consent, id=name, given_at=now)
    return [Reply(event.request, 201, {"id": name}), Propose(ConsentGiven(given))]


def withdrawal(known: Knowledge, event: AskedWithdrawnConsent) -> list[Effect]:
    if event.id not in known.state.consents.given:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no consent {event.id}"})]
    return [Reply(event.request, 200, {"id": event.id}), Propose(ConsentWithdrawn(event.id))]


def given(state: State, event: ConsentGiven) -> None:
    held = state.consents
    held.changes += 1
    if len(held.given) % LOOKED_THROUGH_EVERY == 0:
        held.forget_ended(event.consent.given_at)
    if event.consent.id not in held.given:
        held.next_id += 1
    held.given[event.consent.id] = event.consent


def withdrawn(state: State, event: ConsentWithdrawn) -> None:
    state.consents.changes += 1
    state.consents.given.pop(event.id, None)


def client_gone(state: State, client: str) -> None:
    """A later tenant of the same name is somebody else."""
    held = state.consents
    held.changes += 1
    held.given = {id: one for id, one in held.given.items() if one.client != client}


# --- tokens ------------------------------------------------------------------------------------------------------------------


def token_end(known: Knowledge, event: AskedTokenEnd, now: Nanoseconds) -> list[Effect]:
    """RFC 7009: the answer is the same whether there was such a token."""
    alive = sum(until > now for until in known.state.ended_tokens.values())
    if alive >= MOST_ENDED_TOKENS and event.token not in known.state.ended_tokens:
        return [
            Reply(event.request, 503, {"code": "UNAVAILABLE", "message": "too many are revoked; ask again"})
        ]
    return [Reply(event.request, 200, {}), Propose(AccessTokenEnded(event.token, event.until))]


def token_ended(state: State, event: AccessTokenEnded, now: Nanoseconds) -> None:
    alive = {token: until for token, until in state.ended_tokens.items() if until > now}
    state.ended_tokens = alive | {event.token: event.until}
