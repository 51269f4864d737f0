"""Subscribers are asked, answer, and their yes becomes a code that is good once. All journaled: a restart ends none of it.

What is kept: `core/location/asking.py`. Neighbours: `consenting.py` records the consent of a yes; `api/camara/ciba.py` and
`api/camara/code_flow.py` have the words of OpenID and OAuth.
"""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.asking import (
    AskedAsking,
    AskedAskingEnd,
    AskedCode,
    AskedRedemption,
    AskingEnded,
    CodeGiven,
    CodeUsed,
    SubscriberAsked,
)
from fedge.core.control.events.tokens import AccessTokenEnded
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.model import Nanoseconds

# --- questions ---------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedAsking, now: Nanoseconds) -> list[Effect]:
    if why := known.state.askings.full(event.asking, now):
        return [_no(event.request, 429, why)]
    return [Reply(event.request, 201, {}), Propose(SubscriberAsked(event.asking))]


def end(known: Knowledge, event: AskedAskingEnd, now: Nanoseconds) -> list[Effect]:
    if event.id not in known.state.askings.asked:
        return [_no(event.request, 404, "it has been answered already")]
    return [Reply(event.request, 204, {}), Propose(AskingEnded(event.id))]


def code(known: Knowledge, event: AskedCode, now: Nanoseconds) -> list[Effect]:
    if why := known.state.askings.full_of_codes(event.code, now):
        return [_no(event.request, 429, why)]
    return [Reply(event.request, 201, {}), Propose(CodeGiven(event.code))]


def redemption(known: Knowledge, event: AskedRedemption, now: Nanoseconds) -> list[Effect]:
    """A code for an access token, once. One that comes again ends the token that was given for it (RFC 6749, 4.1.2)."""
    found = known.state.askings.codes.get(event.id)
    if found is None or found.client != event.client:
        return [_no(event.request, 400, "no such code")]
    if found.token:
        ended = AccessTokenEnded(found.client, found.token, found.token_until)
        again = found.token not in known.state.ended_tokens.get(found.client, {})
        no = _no(event.request, 400, "the code was used already: the token that it gave has ended")
        return [no, *([Propose(ended)] if again else [])]
    if now >= found.until:
        return [_no(event.request, 400, "the code has expired")]
    if found.back.redirect_uri != event.redirect_uri:
        return [_no(event.request, 400, "redirect_uri is not the one that the code was given for")]
    if found.back.challenge != event.challenge:
        return [_no(event.request, 400, "code_verifier does not fit")]
    consent = known.state.consents.given.get(found.consent)
    if consent is None or not consent.holds(now):
        return [_no(event.request, 400, "the subscriber's consent has ended")]
    return [Reply(event.request, 200, {}), Propose(CodeUsed(event.id, event.token, event.until))]


def _no(request: int, status: int, message: str) -> Reply:
    return Reply(request, status, {"message": message})


# --- decided -----------------------------------------------------------------------------------------------------------------


def subscriber_asked(state: State, event: SubscriberAsked, now: Nanoseconds) -> None:
    state.askings.ask(event.asking, now)


def ended(state: State, event: AskingEnded, now: Nanoseconds) -> None:
    state.askings.asked.pop(event.id, None)


def given(state: State, event: CodeGiven, now: Nanoseconds) -> None:
    state.askings.keep(event.code, now)


def used(state: State, event: CodeUsed, now: Nanoseconds) -> None:
    found = state.askings.codes.get(event.id)
    if found is not None:
        state.askings.keep(replace(found, token=event.token, token_until=event.until), now)


DECIDES = table(
    on_state(SubscriberAsked, subscriber_asked),
    on_state(AskingEnded, ended),
    on_state(CodeGiven, given),
    on_state(CodeUsed, used),
)
ANSWERS = table(
    on(AskedAsking, asked), on(AskedAskingEnd, end), on(AskedCode, code), on(AskedRedemption, redemption)
)
