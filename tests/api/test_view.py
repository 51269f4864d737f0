"""The picture that the dashboard draws, and how its changes travel."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fedge.api.admin.view import merge_patch, view
from tests.api.centre import PlainCentre

NOT_NULL = st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
TREE = st.recursive(
    st.dictionaries(st.text(max_size=2), NOT_NULL, max_size=4),
    lambda inner: st.dictionaries(st.text(max_size=2), inner | NOT_NULL, max_size=4),
    max_leaves=12,
)


def applied(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as its pseudo-code has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = applied(result.get(key), value)
    return result


@given(TREE, TREE)
def test_a_patch_turns_the_old_picture_into_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Without nulls in the picture, which a merge patch cannot say."""
    assert applied(old, merge_patch(old, new)) == new


def test_an_unchanged_picture_is_an_empty_patch() -> None:
    picture = {"a": {"b": [1, 2]}, "c": 3}
    assert merge_patch(picture, picture) == {}


def test_the_picture_before_anybody_joined() -> None:
    centre = PlainCentre()
    picture = view(centre.plane, centre.facts, centre.now())
    assert picture["sites"] == picture["ues"] == picture["moves"] == {}
    assert picture["figures"]["players"] == 0
    assert picture["figures"]["rtt_p99_ms"] is None


def test_sites_cells_and_people_are_in_the_picture() -> None:
    centre = PlainCentre()
    centre.join("harbour", "market")
    picture = view(centre.plane, centre.facts, centre.now())
    assert picture["sites"].keys() == {"harbour", "market"}
    assert picture["cells"]["nr-1"]["site"] == "harbour"
    assert picture["ues"]["player-1"]["state"] == "away"
    assert picture["links"].keys() == {"harbour--market"}
