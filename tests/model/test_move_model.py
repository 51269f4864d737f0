"""Runs spin over docs/models/move.pml: the move protocol has no error, and each known mistake in it is found.

Needs `spin` and a C compiler (Debian: `apt-get install spin gcc`); skipped where they are missing. About a second a case.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODEL = Path(__file__).resolve().parents[2] / "docs" / "models" / "move.pml"
MISSING = [program for program in ("spin", "cc") if shutil.which(program) is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"model checking needs {' and '.join(MISSING)}")

# How pan prints the assertions A to D of the model.
ASSERTIONS = {"A": "acked<=", "B": "saidAccepted1", "C": "acked==", "D": "moved"}


def broken_by(switches: list[str], folder: Path) -> set[str]:
    """The letters of all assertions that fail in any reachable state of the model with these preprocessor switches."""
    subprocess.run(["spin", *switches, "-a", str(MODEL)], cwd=folder, check=True, capture_output=True)
    subprocess.run(["cc", "-O1", "-w", "-DSAFETY", "-o", "pan", "pan.c"], cwd=folder, check=True)
    # -c0: go on after an error, so that all of them are reported.
    told = subprocess.run(
        ["./pan", "-m100000", "-c0"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    assert "error: max search depth too small" not in told, "the search was cut short"
    summary = re.search(r"errors: (\d+)", told)
    assert summary is not None, told
    letters = {
        letter
        for failed in re.findall(r"assertion violated (.*?) \(at depth", told)
        for letter, text in ASSERTIONS.items()
        if text in failed
    }
    assert bool(letters) == (int(summary.group(1)) > 0), told
    return letters


@pytest.mark.parametrize(
    "switches",
    [[], ["-DN=3"], ["-DATTACH"], ["-DN=3", "-DATTACH"]],
    ids=["protocol", "three-inputs", "client-restarts", "client-restarts-three-inputs"],
)
def test_the_protocol_has_no_error(switches: list[str], tmp_path: Path) -> None:
    assert broken_by(switches, tmp_path) == set()


@pytest.mark.parametrize(
    ("mistake", "breaks"),
    [
        ("NOFENCE", "B"),
        ("NOSTOP", "A"),
        ("FORGET", "A"),
        ("NOEXCL", "B"),
        ("EARLY", "B"),
        ("ACKFIRST", "A"),
        ("LASTWORD", "CD"),
        ("AMNESIA", "B"),
    ],
)
def test_a_mistake_is_found(mistake: str, breaks: str, tmp_path: Path) -> None:
    assert broken_by([f"-D{mistake}"], tmp_path) >= set(breaks)
