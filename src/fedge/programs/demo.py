"""The course of ``fedge demo`` and ``fedge up``: start, deploy, play, stop, report.

The players' clock starts when everything is ready; the report and its checker read the run's logs after every process has ended.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedge.programs.settings import Settings
from fedge.programs.staging import Staging
from fedge.programs.supervisor import Supervisor
from fedge.report import compare, make_report, passed, summary

SETTLE_S = 8.0
"""Moves under way at the end get so long to end."""
LAST_MOVE_S = 1.5
"""So long before the end no further move begins: what is under way ends while its player still listens."""


def play(settings: Settings) -> int:
    """Exit status: 0; 1 if an integrity check failed; 2 if the run did not get going."""
    with interruptible() as caught:
        if not settings.demo:
            return _up(settings, caught)
        if settings.compare:
            return _compare(settings, caught)
        status, _ = _demo(settings, caught)
        return status


def _compare(settings: Settings, caught: list[int]) -> int:
    """Two runs of one seed, with moves and without. Whoever ends the first wants no second."""
    results = []
    for policy in ("follow", "stay"):
        print(f"\n=== policy {policy} ===", flush=True)
        status, report = _demo(dataclasses.replace(settings, policy=policy, report=None), caught)
        if report is None or caught:
            return status
        results.append(report)
    figures, text = compare(*results)
    print(text)
    if settings.report is not None:
        settings.report.write_text(
            json.dumps({"follow": results[0], "stay": results[1], "paired": figures}, indent=1)
        )
    return max(int(not passed(one)) for one in results)


@contextlib.contextmanager
def interruptible() -> Iterator[list[int]]:
    """Signals that arrived; a second Ctrl-C changes nothing, the end is on its way."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda n, _: caught.append(n))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _begin(supervisor: Supervisor) -> None:
    supervisor.start_platform()
    supervisor.wait_until("the platform answers", supervisor.platform_answers)
    supervisor.wait_until("the core network answers", supervisor.core_network_answers)


def _supervisor(settings: Settings) -> Supervisor | None:
    """None, and said why, where no run can begin here."""
    try:
        return Supervisor(settings)
    except OSError as error:
        print(f"fedge: {error}", file=sys.stderr)
        return None


def _up(settings: Settings, caught: list[int]) -> int:
    supervisor = _supervisor(settings)
    if supervisor is None:
        return 2
    try:
        _begin(supervisor)
        endpoints = supervisor.write_endpoints()
        supervisor.say(
            f"dashboard and API: http://127.0.0.1:{supervisor.port}/   logs: {supervisor.folder / 'logs'}"
        )
        supervisor.say(
            f"{len(endpoints['apis'])} APIs in {supervisor.folder / 'endpoints.json'}; Ctrl-C ends it"
        )
        staging = Staging(supervisor)
        staging.write_plan()
        while not caught:
            supervisor.keep_up()
            supervisor.tell_story()
            time.sleep(0.05)
        staging.write(by_hand=True)
    except (TimeoutError, OSError) as error:
        print(f"fedge: {error}", file=sys.stderr)
        return 2
    finally:
        supervisor.stop()
    return 0


def _demo(settings: Settings, caught: list[int]) -> tuple[int, dict[str, Any] | None]:
    supervisor = _supervisor(settings)
    if supervisor is None:
        return 2, None
    try:
        _greet(supervisor)
        _begin(supervisor)
        supervisor.deploy_game()
        supervisor.wait_until("an instance at every site", supervisor.instances_ready)
        supervisor.write_endpoints()
        _play(supervisor, caught)
    except (TimeoutError, OSError) as error:
        print(f"fedge: {error}", file=sys.stderr)
        return 2, None
    finally:
        supervisor.stop()
    return _conclude(settings, supervisor.folder)


def _greet(supervisor: Supervisor) -> None:
    settings = supervisor.settings
    supervisor.say(
        f"fedge demo: {settings.players} players, {len(supervisor.city.sites)} edge sites, policy {settings.policy}, "
        f"seed {settings.seed}; people move {settings.time_scale:g} times faster than life"
    )
    supervisor.say(f"dashboard: http://127.0.0.1:{supervisor.port}/   logs: {supervisor.folder / 'logs'}")


def _play(supervisor: Supervisor, caught: list[int]) -> None:
    """Players join; a line a step, until the time is over or somebody has seen enough."""
    settings = supervisor.settings
    # the fleet reads this; the rest of the platform keeps the start that it has
    started = json.loads((supervisor.folder / "config.json").read_text())["started_ns"]
    since = (time.monotonic_ns() - started) / 1e9
    duration = settings.duration_s + since if settings.duration_s else 0.0
    supervisor.write_config(duration, started)
    supervisor.add("player-fleet", "fedge.programs.player_fleet", ends_by_itself=True)
    supervisor.say(
        f"everything answers after {since:.1f} s; {settings.players} players join; each move tells its story"
    )
    staging = Staging(supervisor)
    staging.write_plan()
    ends = time.monotonic() + settings.duration_s if settings.duration_s else float("inf")
    holding = False
    while not caught and not staging.ended and time.monotonic() < ends:
        supervisor.keep_up()
        staging.step()
        supervisor.tell_story()
        if not holding and time.monotonic() > ends - LAST_MOVE_S:
            holding = True
            with contextlib.suppress(OSError):
                supervisor.api.ask("POST", "/api/v1/hold-moves", {"hold": True})
        time.sleep(0.05)
    supervisor.say("stopping: players leave, moves under way end")
    staging.write(by_hand=bool(caught))
    over = bool(caught) or staging.ended
    fleet = supervisor.programs["player-fleet"].process
    give_up = time.monotonic() + SETTLE_S
    while time.monotonic() < give_up:
        supervisor.keep_up()
        supervisor.tell_story()
        if not _moves_under_way(supervisor) and (fleet is None or fleet.poll() is not None or over):
            break
        time.sleep(0.05)


def _moves_under_way(supervisor: Supervisor) -> bool:
    try:
        moves = supervisor.api.ask("GET", "/api/v1/moves")["items"]
    except OSError:  # the control plane is being started again
        return True
    return any(move["state"] not in ("RELEASED", "ABORTED") for move in moves)


def _conclude(settings: Settings, folder: Path) -> tuple[int, dict[str, Any]]:
    report: dict[str, Any] = make_report(folder)
    if settings.duration_s:
        report["duration_s"] = settings.duration_s
    text = json.dumps(report, indent=1)
    (folder / "report.json").write_text(text)
    if settings.report is not None:
        settings.report.write_text(text)
    print(summary(report))
    return int(not passed(report)), report
