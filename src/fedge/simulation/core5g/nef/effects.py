"""What the pure side of an API has done: carried out in order by ``exposed_api``, so that what must be kept is kept first."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fedge.simulation.core5g.words import ToRan


class Keep(Struct, frozen=True):
    """Put the subscription on disk, under its ``id``."""

    thing: Any


class Forget(Struct, frozen=True):
    id: str


class Post(Struct, frozen=True):
    """Send a notification of the subscription ``id``, after those before it."""

    id: str
    to: str
    body: object


NefEffect = Keep | Forget | Post | ToRan
