"""`fedge down` waits for the report too: whoever removes the run folder next finds nobody writing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fedge.adapters.embedded.processes import started_at
from fedge.cli.main import main

SUPERVISOR = """
import pathlib, signal, sys, time
run = pathlib.Path(sys.argv[2])
def end(*_):
    (run / "supervisor.pid").unlink()
    time.sleep(0.5)  # the report is being made
    (run / "report.json").write_text("{}")
    sys.exit()
signal.signal(signal.SIGTERM, end)
(run / "ready").touch()
time.sleep(60)
"""


def test_down_returns_after_the_report_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (tmp_path / "current").symlink_to(run)
    monkeypatch.setenv("FEDGE_HOME", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, "fedge", str(run)]) as process:
        try:
            (run / "supervisor.pid").write_text(f"{process.pid} {started_at(process.pid)}")
            while not (run / "ready").exists():
                assert process.poll() is None
            told = CliRunner().invoke(main, ["down"])
            assert (told.exit_code, told.output) == (0, "Stopped.\n")
            assert (run / "report.json").exists()
        finally:
            process.kill()


def test_down_spares_a_process_that_was_given_the_number_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (tmp_path / "current").symlink_to(run)
    monkeypatch.setenv("FEDGE_HOME", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            (run / "supervisor.pid").write_text(f"{stranger.pid} {(started_at(stranger.pid) or 0) - 1}")
            assert CliRunner().invoke(main, ["down"]).output == "Nothing runs.\n"
            assert stranger.poll() is None
        finally:
            stranger.kill()
