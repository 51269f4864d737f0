"""``fedge logs``: what a program or an instance wrote. Read from the run directory, so it works after a
crash too.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import click

from fedge.cli.platform import run_directory
from fedge.cli.tables import cell

_EVERY_S = 0.2


@click.command(short_help="What a program or an instance wrote.")
@click.argument("program", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as it writes, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="How many of the last lines.",
)
@click.option("--raw", is_flag=True, help="The lines as they are: JSON.")
def logs(program: str | None, follow: bool, lines: int, raw: bool) -> None:
    """What a program (or an instance) wrote. Without a name: which logs there are.

    \b
    Examples:
      fedge logs
      fedge logs control-plane -f
      fedge logs agent-SITE -n 200 --raw
      fedge logs SITE/arena-1
    """
    run = run_directory()
    found = {file.stem: file for file in sorted(run.glob("logs/**/*.log"))}
    found |= {file.name: file for file in sorted(run.glob("logs/*.out")) if file.stat().st_size}
    found |= {
        f"{file.parent.parent.name}/{file.stem}": file for file in sorted(run.glob("sites/*/instances/*.out"))
    }
    if program is None:
        click.echo("\n".join(found) if found else f"{run / 'logs'} has no log yet.")
        return
    file = found.get(program) or found.get(program.replace("/", "-"))
    if file is None:
        near = [name for name in found if program in name]
        raise click.ClickException(
            f"There is no log of {program!r}. There are: {', '.join(near or found) or 'none'}."
        )
    for line in _lines(file, lines, follow):
        click.echo(line if raw else readable(line))


def _lines(file: Path, last: int, follow: bool) -> Iterator[str]:
    with file.open(encoding="utf-8", errors="replace") as log:
        yield from (line.rstrip("\n") for line in deque(log, maxlen=last))
        part = ""
        while follow:
            part += log.readline()
            if part.endswith("\n"):
                yield part.rstrip("\n")
                part = ""
            else:
                time.sleep(_EVERY_S)


def readable(line: str) -> str:
    """A JSON line as ``time level event key=value …``; any other line as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    head = [str(record.pop(key)) for key in ("timestamp", "level", "event") if key in record]
    return " ".join([*head, *(f"{key}={cell(value)}" for key, value in record.items())])
