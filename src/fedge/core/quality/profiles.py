"""The QoS profiles: what a studio can ask for, and what of it the operator's network strives for.

A profile is offered under CAMARA's usual names, and means the operator's QoS reference of the same name (``qosReference``,
TS 29.122), as agreed with it. The figures are those of the simulated network's catalogue
(`simulation/core5g/nef/qos_references.py`; a test holds the two together): budgets and guarantees within the access network.
A reference that the operator offers and this catalogue has not is a profile, too, without figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from msgspec import Struct

ProfileStatus = Literal["ACTIVE", "INACTIVE", "DEPRECATED"]
SHORTEST_S, LONGEST_S = 1, 24 * 3600
UNSUITED = ("wifi",)
"""Kinds of access where an operator's QoS flow ends before the radio: nothing it promises would hold there."""


class Profile(Struct, frozen=True):
    """Rates in kbit/s, 0: none is guaranteed, or no limit. Delay in ms, one way, between device and core network; 0: not said."""

    name: str
    reference: str
    description: str = "A QoS reference of the operator; what it means was agreed outside of this API."
    shortest_s: int = SHORTEST_S
    longest_s: int = LONGEST_S
    min_up_kbit_s: int = 0
    min_down_kbit_s: int = 0
    most_up_kbit_s: int = 0
    most_down_kbit_s: int = 0
    delay_ms: int = 0
    priority: int = 0
    service_class: str = ""


def _rates(name: str, description: str, *kbit_s: int, delay_ms: int = 150, priority: int = 40) -> Profile:
    up, down, most_up, most_down = kbit_s
    return Profile(
        name,
        name,
        description,
        min_up_kbit_s=up,
        min_down_kbit_s=down,
        most_up_kbit_s=most_up,
        most_down_kbit_s=most_down,
        delay_ms=delay_ms,
        priority=priority,
        service_class="real_time_interactive",
    )


CATALOGUE = (
    _rates(
        "QOS_E",
        "Low delay for small packets: games (5QI 3)",
        500,
        1_000,
        2_000,
        4_000,
        delay_ms=50,
        priority=30,
    ),
    _rates("QOS_S", "A small rate, kept under congestion (5QI 2)", 500, 2_000, 1_000, 4_000),
    _rates("QOS_M", "A middling rate, kept under congestion (5QI 2)", 2_000, 8_000, 4_000, 16_000),
    _rates("QOS_L", "A large rate, kept under congestion (5QI 2)", 5_000, 25_000, 10_000, 50_000),
)
"""Delay budget and priority: of the standardized 5QI (TS 23.501, table 5.7.4-1). Up and down: guaranteed, then the most."""


def offered(references: Collection[str]) -> Iterator[Profile]:
    """Every profile: the catalogue's, and the operator's other ``references``."""
    yield from CATALOGUE
    known = {one.reference for one in CATALOGUE}
    yield from (Profile(one, one) for one in sorted(references) if one not in known)


def profile_of(name: str, references: Collection[str]) -> Profile | None:
    return next((one for one in offered(references) if one.name == name), None)


def status_of(
    profile: Profile, references: Collection[str], marks: Mapping[str, ProfileStatus]
) -> ProfileStatus:
    """``references``: those that the operator serves now. ``marks``: what Fedge's operator says of a profile."""
    if (marked := marks.get(profile.name, "ACTIVE")) != "ACTIVE":
        return marked
    return "ACTIVE" if profile.reference in references else "INACTIVE"


def suits(kind: str) -> bool:
    """Can a UE on this kind of access be served with a quality?"""
    return kind not in UNSUITED
