"""Applications without sessions of the SDK (TCP, WebSocket, plain UDP): where to connect, and the hint to connect elsewhere.

Their state is not moved, so a client needs nothing of ``client.py``: it connects to ``Place.service`` and speaks its own words.
When the platform leads it to another site, what it has open goes on where it is; it connects to the new address when that suits
it, best at once. ``hints`` says when: beside the game's connection, over HTTP, for no protocol of a game has room for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import NamedTuple

from fedge_sdk.attach import PATIENCE_S, NotYet, Refused, call, endpoint, patiently

WAIT_S = 20.0
SLACK_S = 5.0


class Place(NamedTuple):
    """Connect to ``service`` by ``protocol`` (TCP or UDP). ``generation`` rises when that changes."""

    session: str
    key: str
    site: str
    service: tuple[str, int]
    protocol: str
    generation: int


def visit(
    api: str, application: str, device: str, token: str = "", patience_s: float = PATIENCE_S, proof: str = ""
) -> Place:
    """Ask until there is an answer, for ``patience_s`` at most; then the last ``NotYet`` is raised. Raises ``Refused`` at once.

    Blocking, and with a ``proof``, as ``attach``.
    """
    asked = {"application": application, "device": device} | ({"proof": proof} if proof else {})
    return patiently(lambda: _place(call(api, "POST", "attach", token, asked=asked)), patience_s)


def place_after(api: str, place: Place, token: str = "", wait_s: float = WAIT_S) -> Place:
    """Where to connect, as soon as that is no longer ``place``; the same again if it still is after ``wait_s``. Blocking.

    Raises ``NotYet``, and ``Refused`` (404) once the visit has ended.
    """
    path = f"visits/{place.key}?after={place.generation}&wait_s={wait_s:g}"
    return _place(call(api, "GET", path, token, wait_s + SLACK_S))


async def hints(api: str, place: Place, token: str = "") -> AsyncIterator[Place]:
    """Each new place, as soon as the platform says it, until the visit ends: then visit again.

    A platform that does not answer is asked again; meanwhile what is connected is connected.
    """
    while True:
        try:
            found = await asyncio.to_thread(place_after, api, place, token)
        except NotYet as error:
            await asyncio.sleep(error.retry_after_s)
            continue
        except Refused as error:
            if error.status == 404:
                return
            raise
        if found.generation > place.generation:
            place = found
            yield place


def _place(body: bytes) -> Place:
    try:
        answer = json.loads(body)
        if "protocol" not in answer and "epoch_floor" in answer:
            raise Refused(200, "SESSION", "this application has sessions of the SDK: use fedge_sdk.attach")
        return Place(
            str(answer["session"]),
            str(answer["key"]),
            str(answer["site"]),
            endpoint(answer["service"]),
            str(answer["protocol"]),
            int(answer["generation"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(200, "BAD_ANSWER", f"an answer that does not follow the contract: {error!r}") from None
