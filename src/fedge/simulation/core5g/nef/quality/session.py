"""One session with a quality, as it is kept. Pure values; ``sessions`` makes them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.core.messages.user_plane import PacketFilter
from fedge.simulation.core5g.nef.quality.checks import Wanted
from fedge.simulation.core5g.nef.quality.data_types import AsSessionWithQoSSubscription

State = Literal["asked", "granted", "failed", "ended"]


class Held(Struct, frozen=True):
    """What the access network serves, or is to: these packets with the quality of this reference."""

    filters: tuple[PacketFilter, ...]
    reference: str


class Session(Struct, frozen=True):
    """One resource. ``held``: what the radio has of it. ``kept``: the guaranteed rate is kept now.

    ``used_from_s``: since when its use is counted; 0: it is not used yet. ``reported``: its threshold was reached.
    """

    id: str
    af: str
    says: AsSessionWithQoSSubscription
    wanted: Wanted
    state: State = "asked"
    held: Held | None = None
    kept: bool = True
    used_from_s: float = 0.0
    reported: bool = False

    @property
    def uri(self) -> str:
        assert isinstance(self.says.self_, str)
        return self.says.self_

    @property
    def report_at_s(self) -> float | None:
        """When the use that was to be reported is reached."""
        threshold = self.says.usage_threshold
        if threshold is UNSET or threshold.duration is UNSET or not self.used_from_s or self.reported:
            return None
        return self.used_from_s + threshold.duration


def plain(says: AsSessionWithQoSSubscription) -> dict[str, Any]:
    """As JSON has it, without what the NEF writes."""
    found: dict[str, Any] = msgspec.to_builtins(replace(says, self_=UNSET))
    return found
