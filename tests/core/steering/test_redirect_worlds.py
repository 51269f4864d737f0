"""Moves and changes of access under loss, repetition and restarts: the client ends on one way, and it leads to the writer."""

from __future__ import annotations

import pytest

from tests.core.steering.redirect_worlds import ENDS, STABLE, run
from tests.core.steering.worlds import Weather

CALM, ROUGH = Weather(), Weather(lost=0.15, twice=0.1, slow=0.1, lame=0.1)
SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kinds", [("wifi",), ("nr", "lte"), ("lte", "nr", "wifi")], ids="-".join)
def test_the_client_is_led_to_the_writer_whatever_its_access(seed: int, kinds: tuple[str, ...]) -> None:
    world = run(seed, CALM, kinds)
    assert world.wrong == []
    assert world.serving > 5, "nothing moved"
    assert world.settled(), f"{world.kind}, at {world.site}: {world.way.present}, {world.core.path}"
    assert world.kind != "nr" or world.way.present == ENDS[STABLE]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarts"])
def test_and_so_it_is_in_rough_weather(seed: int, restarts: bool) -> None:
    world = run(seed, ROUGH, ("nr", "lte", "wifi"), restarts)
    assert world.wrong == []
    assert world.settled(), f"{world.kind}, at {world.site}: {world.way.present}, {world.core.path}"
