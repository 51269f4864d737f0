"""A program ends when its supervisor does: it holds the read end of a pipe that the supervisor alone can write to."""

from __future__ import annotations

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable


def end_with_supervisor(loop: AbstractEventLoop, stop: Callable[[], object]) -> None:
    """Call ``stop`` once the pipe named by FEDGE_LIFELINE closes. Without one nothing is watched."""
    lifeline = int(os.environ.get("FEDGE_LIFELINE", "-1"))
    if lifeline < 0:
        return

    def closed() -> None:
        loop.remove_reader(lifeline)
        stop()

    loop.add_reader(lifeline, closed)
