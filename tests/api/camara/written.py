"""A ``Notifier`` that sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fedge.adapters.notifications import Notifications


class Written:
    """The port ``Notifier``, without sending: (callback, body, headers) of each. ``takes`` None: no sink answers.

    ``full``: it has no room. ``still``: may what was sent last be tried again?
    """

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any], Mapping[str, str]]] = []
        self.objection = Notifications().objection
        self.takes: bool | None = True
        self.full = False
        self.still: Callable[[], bool] = lambda: True

    def post(
        self,
        client: str,
        callback: str,
        body: bytes,
        headers: Mapping[str, str] = {},
        ended: Callable[[bool], None] = lambda taken: None,
        patient: bool = False,
        still: Callable[[], bool] = lambda: True,
    ) -> bool:
        if self.full:
            return False
        self.still = still
        self.posted.append((callback, msgspec.json.decode(body), headers))
        if self.takes is not None:
            ended(self.takes)
        return True
