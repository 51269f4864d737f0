"""How often one client may ask an API of the platform: `core/pace.py` by the program's clock. Neighbours: `camara`, `mec`."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from fedge.core.model import SECOND, Nanoseconds
from fedge.core.pace import Limits, Pace, Wait

BURST_S = 4
"""A client may make the requests of so many seconds at once."""

Asked = Callable[[str], Wait | None]
"""Count one request of a client; how long it has to wait instead, if it has."""


def limits_of(per_second: float, per_day: int = 0) -> Limits:
    return Limits(per_second, ceil(BURST_S * per_second), per_day)


def paced(limits: Limits, now: Callable[[], Nanoseconds]) -> Asked:
    pace = Pace(limits)
    return lambda client: pace.wait(client, now() / SECOND)
