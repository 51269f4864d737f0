"""The picture that the dashboard draws, and how its changes travel."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fedge.api.admin.view import merge_patch, view
from fedge.api.admin.view_figures import TICK_MS
from fedge.core.messages import CellFigures, CellsMeasured, HopFigures, MoveOrder, WriterChanged
from fedge.core.mobility import Move
from fedge.core.model import SECOND, AppId, CellId, MoveId, SessionId, SessionKey, SiteId, UeId
from tests.api.centre import PlainCentre

NOT_NULL = st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
PLAYER = UeId("player-1")
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


def figures(centre: PlainCentre) -> dict[str, Any]:
    found: dict[str, Any] = view(centre.plane, centre.facts, centre.now())["figures"]
    return found


def measured(centre: PlainCentre, acknowledged: int, lost: int) -> None:
    """What the simulation's instrument says of player-1."""
    of_losses = {PLAYER: lost} if lost else {}
    told = HopFigures(centre.now(), 1.0, 1.0, 1.0, 1.0, 0.1, {}, {PLAYER: acknowledged}, of_losses)
    centre.say(told)


def test_inputs_lost_are_not_known_before_one_was_acknowledged_and_outlive_the_instrument() -> None:
    centre = PlainCentre()
    centre.join("harbour")
    measured(centre, 0, 0)
    assert figures(centre)["inputs_lost"] is None
    measured(centre, 40, 0)
    assert (figures(centre)["inputs_acknowledged"], figures(centre)["inputs_lost"]) == (40, 0)
    measured(centre, 60, 3)
    measured(centre, 80, 3)
    assert figures(centre)["inputs_lost"] == 3
    measured(centre, 10, 0)  # the access network was killed and has begun anew
    assert (figures(centre)["inputs_acknowledged"], figures(centre)["inputs_lost"]) == (80, 3)
    measured(centre, 90, 1)
    measured(centre, 95, 2)
    assert figures(centre)["inputs_lost"] == 5


def test_a_move_interrupts_for_the_longest_gap_less_one_tick_once_its_target_wrote() -> None:
    centre = PlainCentre()
    centre.join("harbour", "market")
    for number, (state, gap_ms) in enumerate(
        [("RELEASED", TICK_MS + 4.5), ("RELEASED", TICK_MS - 1.0), ("ABORTED", 90.0), ("CONFIRMED", None)]
    ):
        epoch = 2 + number
        order = MoveOrder(
            MoveId(f"m-{number}"), SessionId("s"), SessionKey(1), PLAYER, AppId("arena"), "arena/1", SiteId("harbour"),
            SiteId("market"), epoch, epoch, deadline=0,
        )  # fmt: skip
        centre.plane.state.moves[order.move] = Move(order, state)
        if gap_ms is not None:
            centre.say(WriterChanged(order.ue, epoch, gap_ms, centre.now()))
    picture = view(centre.plane, centre.facts, centre.now())
    assert [move["silent_ms"] for move in picture["moves"].values()] == [4.5, 0.0, None, None]
    assert picture["figures"]["interruption_p99_ms"] == 4.5
    assert picture["interruptions"]["counts"][:3] == [1, 0, 1]
    assert sum(picture["interruptions"]["counts"]) == 2


def test_how_full_a_cell_is_stands_with_it_while_the_network_says_so() -> None:
    centre = PlainCentre()
    centre.join("harbour")

    def cell() -> Any:
        return view(centre.plane, centre.facts, centre.now())["cells"]["nr-1"]

    assert (cell()["used"], cell()["queue_ms"]) == (None, None)
    full = CellFigures(CellId("nr-1"), used_up=0.4, used_down=1.0, queue_ms=296.6)
    centre.say(CellsMeasured(centre.now(), (full,)))
    assert (cell()["used"], cell()["queue_ms"]) == (1.0, 297)
    centre.say(CellsMeasured(centre.now() - 6 * SECOND, (full,)))
    assert cell()["used"] is None, "an old figure says nothing of now"
