"""All players as one process: ``python -m fedge.programs.player_fleet`` with ``FEDGE_RUN_DIR`` set. Wiring only.

Each player has a socket of its own at its UE's address (``players``). Writes ``fleet.bin``. Ends on SIGTERM, or by itself at
the end of the configured duration; either way the players first hear of what they had pressed.
"""

from __future__ import annotations

import asyncio
import signal
import time

import structlog

from fedge.adapters.embedded import addresses
from fedge.core.model import SECOND
from fedge.programs.trace_file import TraceFile
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import pace_for, quiet_gc, run
from fedge.runtime.run import Run, log_to
from fedge.simulation.people import read_crowd
from fedge.simulation.players import Fleet, FleetPlan
from fedge.wire.records import Trace

FLUSH_S = 0.5
QUIET_END_S = 2.0
"""So long before the end no new input is sent; those on their way are said again until they are acknowledged."""
log = structlog.get_logger("player-fleet")


async def play(this: Run) -> None:
    """Play until SIGTERM, SIGINT or the end of the run."""
    config = this.config
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    end_with_supervisor(loop, stopped.set)
    trace = Trace()
    file = TraceFile(this.folder / "fleet.bin", trace)
    ends_ns = config.started_ns + int(config.duration_s * SECOND) if config.duration_s else 0
    plan = FleetPlan(
        seed=config.seed,
        api=f"http://127.0.0.1:{config.port}",
        token=this.token,
        hosts=tuple(addresses.ue(config.net, index) for index in range(config.players)),
        last_input_ns=ends_ns - int(QUIET_END_S * SECOND) if ends_ns else 0,
        believe_all="no-fencing" in config.test_switches,
        habits=read_crowd(this.folder).habits,
    )
    fleet = Fleet(plan, trace)
    fleet.start(loop)
    log.info("players join", players=config.players, believe_all=plan.believe_all)
    quiet_gc(loop)
    try:
        while not stopped.is_set() and not (ends_ns and time.monotonic_ns() >= ends_ns):
            try:
                await asyncio.wait_for(
                    stopped.wait(), FLUSH_S if not ends_ns else min(FLUSH_S, _left_s(ends_ns))
                )
            except TimeoutError:
                file.flush()
        await _farewell(fleet, file)
    finally:
        await fleet.stop()
        file.close()
        log.info("players leave", **fleet.summary())


async def _farewell(fleet: Fleet, file: TraceFile) -> None:
    """Told to stop: nobody presses any more; inputs on their way are said again until they are acknowledged, or for 2 s."""
    playing = [player for player in fleet.players if player.attached]
    for player in playing:
        player.leaving_since = player.leaving_since or time.monotonic_ns()
    while not all(player.may_go(time.monotonic_ns()) for player in playing if player.attached):
        await asyncio.sleep(0.02)
    file.flush()


def _left_s(ends_ns: int) -> float:
    return max(0.001, (ends_ns - time.monotonic_ns()) / SECOND)


def main() -> None:
    this = Run()
    log_to(this.folder, "player-fleet")
    run(play(this), pace_for(this.config.players))


if __name__ == "__main__":
    main()
