"""What must hold however messages are lost, repeated and late, the core idle or forgetful, and steering restarted."""

from __future__ import annotations

from collections import Counter

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fedge.core.model import MS, SECOND, SiteId
from fedge.core.steering import PathNotified
from tests.core.steering.worlds import SITES, UE, Weather, World

share = st.sampled_from([0.0, 0.0, 0.05, 0.2])
weathers = st.builds(Weather, lost=share, twice=share, slow=share, lame=share)
happenings = st.lists(
    st.tuples(st.sampled_from(["move", "wander", "forget", "restart", "forge"]), st.integers(0, 1200)),
    max_size=12,
)


def played(seed: int, weather: Weather, story: list[tuple[str, int]]) -> World:
    """The story under that weather, and then fair weather until everything should have settled."""
    world = World(seed, weather)
    world.until(world.now + SECOND)
    for what, wait_ms in story:
        match what:
            case "move":
                world.plan(SiteId(world.rng.choice(SITES)))
            case "wander":
                world.wander()
            case "forget":
                world.forget()
            case "restart":
                world.restart()
            case "forge":
                token = world.rng.choice(
                    ["guessed", next((p.token for p in world.steering.paths.values()), "")]
                )
                stage = "EARLY" if world.rng.random() < 0.5 else "LATE"
                forged = PathNotified(token, stage, "s3", "s1", "wrong", True, UE, "https://elsewhere/ack")  # type: ignore[arg-type]
                before = world.steering.counts["unknown"] + world.steering.counts["forged"]
                world.say(forged)
                assert world.steering.counts["unknown"] + world.steering.counts["forged"] == before + 1
        world.until(world.now + wait_ms * MS)
    world.weather = Weather()
    for _ in range(120):
        if world.settled():
            break
        world.until(world.now + SECOND // 2)
    return world


@settings(max_examples=150, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))
@given(st.integers(0, 1 << 30), weathers, happenings)
def test_every_path_ends_where_its_session_is_served(
    seed: int, weather: Weather, story: list[tuple[str, int]]
) -> None:
    world = played(seed, weather, story)
    assert world.wrong == []
    assert world.settled(), (world.site, world.core, world.steering.paths)


def test_in_fair_weather_both_sides_moves_succeed() -> None:
    counts: Counter[str] = Counter()
    for seed in range(30):
        world = played(seed, Weather(), [("move" if seed % 2 else "wander", 900)] * 4)
        assert world.wrong == []
        counts["asked" if seed % 2 else "begun by the core"] += len(world.core.switched) - 1
    assert counts["asked"] > 15
    assert counts["begun by the core"] > 15
