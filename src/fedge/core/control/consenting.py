"""Consents given and withdrawn, and access tokens that ended before their time.

`core/location/consent.py` says what a consent allows.
"""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.control import fencing, outbox
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.asking import AskingEnded
from fedge.core.control.events.location import (
    AskedConsent,
    AskedWithdrawnConsent,
    ConsentGiven,
    ConsentWithdrawn,
)
from fedge.core.control.events.tokens import AccessTokenEnded, AskedTokenEnd
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.location.consent import LOOKED_THROUGH_EVERY, MOST, MOST_OF_A_CLIENT
from fedge.core.model import Nanoseconds

MOST_ENDED_TOKENS = 1000
"""Of one client, so many revoked access tokens are remembered that would live still."""


# --- consents ----------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedConsent, now: Nanoseconds) -> list[Effect]:
    """Record a consent; one that says the same is prolonged, and keeps its id. A subscriber's yes counts once."""
    held = known.state.consents
    if event.asking and event.asking not in known.state.askings.asked:
        said = "the subscriber has answered that already"
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": said})]
    same = held.same(event.consent)
    if same is None and held.full(event.consent.client, now):
        said = f"{MOST_OF_A_CLIENT} consents are kept for a client, {MOST} in all"
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": said})]
    name = same.id if same is not None else f"consent-{held.next_id}"
    given = replace(event.consent, id=name, given_at=now)
    answered: list[Effect] = [Propose(AskingEnded(event.asking))] if event.asking else []
    return [Reply(event.request, 201, {"id": name}), Propose(ConsentGiven(given)), *answered]


def withdrawal(known: Knowledge, event: AskedWithdrawnConsent, now: Nanoseconds) -> list[Effect]:
    if event.id not in known.state.consents.given:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no consent {event.id}"})]
    return [Reply(event.request, 200, {"id": event.id}), Propose(ConsentWithdrawn(event.id))]


def given(state: State, event: ConsentGiven, now: Nanoseconds) -> None:
    state.consents.keep(event.consent)


def withdrawn(state: State, event: ConsentWithdrawn, now: Nanoseconds) -> list[Effect]:
    """No crossing that waits for its sink is told, if no other consent allows it: not even should a new one be given."""
    state.consents.drop(event.id)
    return outbox.withdraw(state.outbox, lambda told: not fencing.may_be_told(state, told, now))


def client_gone(state: State, client: str) -> None:
    """A later tenant of the same name is somebody else."""
    state.consents.drop_client(client)
    state.ended_tokens.pop(client, None)
    state.askings.drop_client(client)


# --- tokens ------------------------------------------------------------------------------------------------------------------


def token_end(known: Knowledge, event: AskedTokenEnd, now: Nanoseconds) -> list[Effect]:
    """RFC 7009: the answer is the same whether there was such a token."""
    own = known.state.ended_tokens.get(event.client, {})
    many = len(own) >= MOST_ENDED_TOKENS and event.token not in own
    if many and sum(until > now for until in own.values()) >= MOST_ENDED_TOKENS:
        said = f"{MOST_ENDED_TOKENS} of this client's tokens are revoked and would live still; ask again"
        return [Reply(event.request, 503, {"code": "UNAVAILABLE", "message": said})]
    return [Reply(event.request, 200, {}), Propose(AccessTokenEnded(event.client, event.token, event.until))]


def token_ended(state: State, event: AccessTokenEnded, now: Nanoseconds) -> None:
    own = state.ended_tokens.setdefault(event.client, {})
    if len(own) % LOOKED_THROUGH_EVERY == LOOKED_THROUGH_EVERY - 1:
        for token in [token for token, until in own.items() if until <= now]:
            del own[token]
    own[event.token] = event.until


DECIDES = table(
    on_state(ConsentGiven, given),
    on_state(ConsentWithdrawn, withdrawn),
    on_state(AccessTokenEnded, token_ended),
)
ANSWERS = table(
    on(AskedConsent, asked),
    on(AskedWithdrawnConsent, withdrawal),
    on(AskedTokenEnd, token_end),
)
