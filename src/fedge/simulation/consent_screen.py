"""The simulated subscribers' answers to a client that asks for their consent (the port ``ConsentScreen`` of CIBA).

A real operator shows a screen on the device. Here the answers are configuration: ``consents.json`` in the run's folder, read
while it runs::

    {"usually": "players", "after_s": 0, "answers": {"player-7": "no"}}

``usually`` is ``players`` (yes to the tenant whose game the subscriber is playing, no to everybody else), ``yes``, ``no``, or
``silent`` (nobody answers); ``answers`` says it of one device. Without the file: ``players``, at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import structlog
from msgspec import Struct

from fedge.core.model import UeId

FILE = "consents.json"
log = structlog.get_logger("simulated subscribers")

Habit = Literal["players", "yes", "no", "silent"]


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    usually: Habit = "players"
    after_s: float = 0.0
    answers: dict[UeId, Habit] = {}


class SimulatedSubscribersScreen:
    """``plays``: is this device playing a game of this client's?"""

    def __init__(self, folder: Path, plays: Callable[[str, UeId], bool]) -> None:
        self._path, self._plays = folder / FILE, plays

    def answer(
        self, client: str, ue: UeId, scopes: frozenset[str], waited_s: float
    ) -> Literal["yes", "no", "silent"]:
        told = self._answers()
        habit = told.answers.get(ue, told.usually)
        if habit == "silent" or waited_s < told.after_s:
            return "silent"
        if habit == "players":
            return "yes" if self._plays(client, ue) else "no"
        return habit

    def _answers(self) -> Answers:
        """A file that cannot be read is a no from everybody: nobody consents by mistake."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Answers)
        except FileNotFoundError:
            return Answers()
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("consents.json cannot be read: every subscriber says no", why=str(error))
            return Answers("no")
