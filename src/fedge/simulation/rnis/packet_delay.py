"""What a packet without a guaranteed rate takes one way between a UE and its base station, as layer 2 measures it. Pure.

ETSI TS 136 314, 4.1.4: from its arrival at the base station (or the UE) until it is through, its wait for the cell included. A
derived figure: the usual of the cell's kind of access, and the mean wait in the cell's queue that the model counted. Whole ms.
"""

from __future__ import annotations

from fedge.core.messages.user_plane import CellLoad
from fedge.simulation.profiles import PROFILE_OF_KIND


def delay_up_ms(kind: str, load: CellLoad) -> int:
    profile = PROFILE_OF_KIND[kind]
    return round(profile.rtt_ms.p50 * profile.up_share + load.wait_up_ms)


def delay_down_ms(kind: str, load: CellLoad) -> int:
    profile = PROFILE_OF_KIND[kind]
    return round(profile.rtt_ms.p50 * (1 - profile.up_share) + load.wait_down_ms)
