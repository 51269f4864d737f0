"""What one client may write to the audit log: a burst, then a line a second; the rest is gathered into one line a second.

So nobody writes away what others did, and nothing that was granted goes unnamed. Pure. Neighbour: `audit.py`, the log.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.pace import Limits, Pace

GRANTED, REFUSED = Limits(per_second=1.0, burst=500.0), Limits(per_second=1.0, burst=100.0)
"""Of one client, so many lines of its own an entry may have; of refusals also of all together whom nobody knows."""
GATHERED_S = 1.0
MOST_GRANTED, MOST_REFUSED = 256, 10
"""So many devices are named in a gathered line: of what was granted, all that a client's rate lets it ask for in a second."""
SEVERAL = "several"


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``client`` empty: nobody that is known. ``subject``: the device as the client named it, or ``by token``.

    ``reason``: as the client was told. ``ue``, ``because``: who that was, and what it was really decided by.
    """

    at: str = ""
    client: str = ""
    api: str
    subject: str = ""
    decision: Literal["granted", "refused", "withdrawn", "undelivered"]
    reason: str = ""
    correlator: str = ""
    ue: str = ""
    because: str = ""
    times: int = 1
    """More than one: so many were gathered; ``subjects`` and ``ues`` name the different ones, the first of them."""
    subjects: tuple[str, ...] = ()
    ues: tuple[str, ...] = ()
    begins: bool = False
    """From here on the client of this name is another than before: it reads nothing that is older."""


class _Gathered:
    def __init__(self, first: Entry, until_s: float) -> None:
        self.until_s, self.entry = until_s, first
        self._most = MOST_GRANTED if first.decision == "granted" else MOST_REFUSED
        self._subjects: dict[str, None] = {}
        self._ues: dict[str, None] = {}
        self._note(first)

    def add(self, entry: Entry) -> None:
        was = self.entry
        self.entry = replace(
            was,
            api=was.api if was.api == entry.api else SEVERAL,
            reason=was.reason if was.reason == entry.reason else SEVERAL,
            because=was.because if was.because == entry.because else SEVERAL,
            times=was.times + 1,
        )
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        for names, name in ((self._subjects, entry.subject), (self._ues, entry.ue)):
            if name and len(names) < self._most:
                names[name] = None

    def line(self) -> Entry:
        if self.entry.times == 1:
            return self.entry
        named = {"subjects": tuple(self._subjects), "ues": tuple(self._ues)}
        return replace(self.entry, subject="", ue="", correlator="", **named)


class Bounds:
    """``now_s``: of any clock, the same each time."""

    def __init__(self) -> None:
        self._granted, self._refused = Pace(GRANTED), Pace(REFUSED)
        self._gathered: dict[tuple[str, str, str], _Gathered] = {}

    def take(self, entry: Entry, now_s: float) -> bool:
        """Is it to be written as a line of its own? Else it is gathered with those of its client and cause."""
        if entry.begins:
            return True
        plain = entry.decision in ("granted", "withdrawn")
        if (self._granted if plain else self._refused).wait(entry.client, now_s) is None:
            return True
        cause = "" if plain else entry.reason.partition(":")[0]
        key = entry.client, entry.decision, cause
        if key in self._gathered:
            self._gathered[key].add(entry)
        else:
            self._gathered[key] = _Gathered(entry, now_s + GATHERED_S)
        return False

    def of(self, client: str) -> list[Entry]:
        """The lines of what has been gathered of this client, however lately."""
        own = [key for key in self._gathered if key[0] == client]
        return [self._gathered.pop(key).line() for key in own]

    def due(self, now_s: float) -> list[Entry]:
        """The lines of what has been gathered for long enough."""
        over = [key for key, one in self._gathered.items() if now_s >= one.until_s]
        return [self._gathered.pop(key).line() for key in over]
