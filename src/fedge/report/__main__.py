"""``python -m fedge.report RUN_DIR [--out FILE]``: the report of a run that ended. Exit status 1 if a check failed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fedge.report.make import arena_only, make_report
from fedge.report.replay import load_game
from fedge.report.summary import passed, summary


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fedge.report", description="Report and check a run from its directory."
    )
    parser.add_argument("run_dir", type=Path, help="the run's directory")
    parser.add_argument("--out", type=Path, help="write the report here as JSON (- for standard output)")
    parser.add_argument(
        "--game", metavar="FILE.py:CLASS", help="the game to run logs again with (default: the arena)"
    )
    chosen = parser.parse_args(arguments)
    if not chosen.run_dir.is_dir():
        parser.error(f"{chosen.run_dir} is no directory")
    try:
        game = load_game(chosen.game) if chosen.game else None
    except (OSError, AttributeError) as error:
        parser.error(f"--game: {error}")
    report = make_report(chosen.run_dir, (lambda app: game) if game is not None else arena_only)
    text = json.dumps(report, indent=1)
    if chosen.out is not None and str(chosen.out) == "-":
        print(text)
    else:
        if chosen.out is not None:
            chosen.out.write_text(text + "\n")
        print(summary(report))
    return 0 if passed(report) else 1


if __name__ == "__main__":
    sys.exit(main())
