"""The control plane as it is, with a stopwatch at two places: ``python -m bench.harness.measured_control FILE WANTED``.

Notes when each fact of the operator's, and each sighting made of facts, was handled, beside its instant in the radio network.
WANTED are the gateway's standing subscriptions that stay (``places``, ``cells,nr,lte``). With the first fact a ``.begun`` appears
beside FILE; all of them are in FILE (numpy) when the program ends.
"""

from __future__ import annotations

import asyncio
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from fedge.core.control import ControlPlane
from fedge.core.exposure import Exposure
from fedge.core.exposure.notices import CellTold, PlacesTold, RadioTold
from fedge.core.messages import UesSighted
from fedge.programs import control_plane
from fedge.programs.control_config import embedded_control
from fedge.runtime.run import Run, log_to


class Stopwatch:
    """``taken``: facts, in the gateway; ``seen``: sightings, in the control plane's view. Pairs (instant, when handled) in ns."""

    def __init__(self, file: Path) -> None:
        self.taken, self.seen = array("q"), array("q")
        self._file, self._begun = file, False

    def fact(self, event: object, now: int) -> None:
        match event:
            case RadioTold() | CellTold():
                self.taken.extend((event.at, now))
            case PlacesTold():
                for place in event.places:
                    self.taken.extend((place.at, now))
            case _:
                return
        if not self._begun:
            self._begun = True
            self._file.with_suffix(".begun").touch()

    def sighted(self, event: object, now: int) -> None:
        if isinstance(event, UesSighted):
            for _ in event.ues:
                self.seen.extend((event.at, now))

    def write(self) -> None:
        """Numpy's ``.npz``."""
        np.savez(
            self._file, taken=np.array(self.taken).reshape(-1, 2), seen=np.array(self.seen).reshape(-1, 2)
        )


def fit(watch: Stopwatch, wanted: set[str]) -> None:
    """From now on every gateway and control plane of this process is timed."""
    begin, take, handle = Exposure.__init__, Exposure.handle, ControlPlane.handle

    def begun(self: Exposure, *given: Any) -> None:
        begin(self, *given)
        for name in set(self.subs) - wanted:
            del self.subs[name]

    def taken(self: Exposure, event: Any, now: int, draw: float) -> Any:
        effects = take(self, event, now, draw)
        watch.fact(event, time.monotonic_ns())
        return effects

    def handled(self: ControlPlane, event: Any, now: int) -> Any:
        effects = handle(self, event, now)
        watch.sighted(event, time.monotonic_ns())
        return effects

    Exposure.__init__ = begun  # type: ignore[method-assign, assignment]
    Exposure.handle = taken  # type: ignore[method-assign]
    ControlPlane.handle = handled  # type: ignore[method-assign]


def main() -> None:
    file, wanted = Path(sys.argv[1]), set(sys.argv[2].split(","))
    watch = Stopwatch(file)
    fit(watch, wanted)
    run = Run()
    log_to(run.folder, "control-plane")
    try:
        asyncio.run(control_plane.serve(embedded_control(run)))
    finally:
        watch.write()


if __name__ == "__main__":
    main()
