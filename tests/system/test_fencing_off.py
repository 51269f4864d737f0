"""With fencing switched off two sites write at once, and the checker must say so: one that never complains proves nothing."""

from __future__ import annotations

from tests.system.conftest import PLAYERS, Start
from tests.system.platform import until


def test_the_checker_complains(start: Start) -> None:
    """The target's answer is cut off, the centre is away, and the source goes on after a time-out alone."""
    platform = start("--test-switch=no-fencing")
    until("every player plays", lambda: len(platform.serving()) == PLAYERS)
    session = "player-1"
    source = platform.serving()[session]
    target = next(site for site in platform.sites() if site != source)
    with platform.switch("down.control-plane"):
        with platform.move_held_at("FROZEN", session, target) as move:
            (platform.failpoints / f"cut.{target}--{source}").touch()  # for good
            platform.kill("control-plane")
        fact = platform.told(move)
        logs = [
            platform.run / "sites" / source / "sessions" / f"{fact['key']}.{fact['epoch'] - 1}" / "log",
            platform.run / "sites" / target / "sessions" / f"{fact['key']}.{fact['epoch']}" / "log",
        ]
        sizes = [0, 0]

        def both_write() -> bool:
            before, sizes[:] = list(sizes), [log.stat().st_size for log in logs]
            return all(0 < old < new for old, new in zip(before, sizes, strict=True))

        until("both sites write", both_write)
        until("the player believes both", lambda: len({frame.a for frame in platform.frames(session)}) >= 3)
    until("the centre is back", platform.whole)
    status, report = platform.stop(), platform.report()
    assert status == 1
    assert report["two_writer_violations"] > 0
    assert report["findings"]
