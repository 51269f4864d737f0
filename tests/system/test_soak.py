"""Random kills while everybody plays and sessions follow: FEDGE_SOAK_S seconds (25), drawn from FEDGE_SOAK_SEED (printed)."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.system.conftest import PLAYERS, Start
from tests.system.platform import Platform, until

SOAK_S = float(os.environ.get("FEDGE_SOAK_S", "25"))
SEED = int(os.environ.get("FEDGE_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
EVERY_S = (0.5, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(SOAK_S + 180)
def test_kills_at_random(start: Start) -> None:
    print(f"FEDGE_SOAK_SEED={SEED} FEDGE_SOAK_S={SOAK_S:g}")
    rng = random.Random(SEED)
    platform = start("--time-scale=10", policy="follow")
    until("every player plays", lambda: len(platform.serving()) == PLAYERS)
    ends = time.monotonic() + SOAK_S
    while time.monotonic() < ends:
        time.sleep(rng.uniform(*EVERY_S))
        # players are spared: what only a player knew is gone with it
        victim = rng.choice([name for name in platform.programs() if name != "player-fleet"])
        print(f"kill {victim}")
        platform.kill(victim)
        _order_one(platform, rng)
    until("every site is ready", platform.whole)
    until("every session is served", lambda: len(platform.serving()) == PLAYERS)
    for n in range(PLAYERS):
        platform.plays_on(f"player-{n + 1}")
    until(
        "no move is under way",
        lambda: all(m["state"] in ("RELEASED", "ABORTED") for m in platform.items("moves").values()),
    )
    status, report = platform.stop(), platform.report()
    print(report["moves"], report["inputs"])
    assert report["findings"] == []
    assert status == 0
    assert report["inputs"]["lost"] == 0
    assert report["moves"]["planned"] > 0


def _order_one(platform: Platform, rng: random.Random) -> None:
    """Beside those that follow; refused while something is down."""
    session, at = f"player-{rng.randint(1, PLAYERS)}", rng.random()
    try:
        sites = platform.sites()
        platform.ask("POST", f"sessions/{session}/move", {"to": sites[int(at * len(sites))]})
    except OSError:  # URLError too: the centre is away, or says no
        pass
