"""What keeps a session from wandering, rule by rule."""

from __future__ import annotations

import pytest

from fedge.core.mobility import RETURN_AFTER, objection
from fedge.core.model import SECOND, SiteId

S1, S2, S3 = SiteId("s1"), SiteId("s2"), SiteId("s3")
NOW = 100 * SECOND


@pytest.mark.parametrize(
    ("target", "came_from", "moved_ago", "busy", "ordered", "why"),
    [
        (S2, None, 0, {}, False, ""),
        (S1, None, 0, {}, True, "already"),
        (S2, S3, SECOND // 2, {}, False, "just moved"),
        (S2, S3, SECOND // 2, {}, True, ""),
        (S3, S3, RETURN_AFTER - 1, {}, False, "less than 5 s"),
        (S3, S3, RETURN_AFTER, {}, False, ""),
        (S2, None, 0, {S1: 4}, False, "s1 has 4 of 4"),
        (S2, None, 0, {S2: 4}, True, "s2 has 4 of 4"),
        (S2, None, 0, {S3: 9}, False, ""),
    ],
)
def test_objections(
    target: SiteId, came_from: SiteId | None, moved_ago: int, busy: dict[SiteId, int], ordered: bool, why: str
) -> None:
    moved_at = NOW - moved_ago if moved_ago else 0
    found = objection(target, S1, came_from, moved_at, busy, 4, NOW, ordered)
    assert why in found
    assert bool(why) == bool(found)
