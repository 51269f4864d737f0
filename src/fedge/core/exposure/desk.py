"""One of the operator's APIs as a whole: is it there, does it answer, and has its list of subscriptions been read."""

from __future__ import annotations

from msgspec import Struct

from fedge.core.exposure.calls import Api
from fedge.core.model import SECOND, Nanoseconds
from fedge.core.patience import Circuit

LIST_EVERY = 30 * SECOND
"""Held against what is known, although nothing is amiss: an operator that lost a subscription says nothing of it."""

LISTED_WITHIN = 30 * SECOND
"""A list that is not there by then is asked for again: it may be long, and each of its subscriptions is read by itself."""


class Found(Struct, frozen=True):
    """An API is there: the account names it, or CAPIF has it."""

    api: Api


class Missing(Struct, frozen=True):
    """It is not, or cannot be used: ``why``. ``settled``: and that will not be another in a moment."""

    api: Api
    why: str
    settled: bool = True


class Desk(Struct):
    """``there``: discovered, or agreed. ``why``: why it is not; ``settled``: that is not just because nobody has looked yet.

    ``listed_at``: when its list was last read, 0: not yet. ``stale``: it may be another by now. ``listing``: the call for it, 0:
    none is on its way. ``complete``: everything that is wanted is known, so what is in the list beside is an orphan.
    """

    api: Api
    there: bool = False
    why: str = ""
    settled: bool = False
    circuit: Circuit = Circuit()
    listed_at: Nanoseconds = 0
    stale: bool = True
    complete: bool = True
    listing: int = 0
    listing_since: Nanoseconds = 0

    def found(self) -> None:
        self.there, self.why = True, ""

    def missing(self, why: str, settled: bool) -> None:
        self.there, self.why, self.settled = False, why, settled

    def overdue(self, now: Nanoseconds) -> bool:
        """The call for its list has brought no answer of any kind."""
        return bool(self.listing) and now - self.listing_since > LISTED_WITHIN

    @property
    def open(self) -> bool:
        """Calls go out: it answers, and nothing is created that it may hold already."""
        return self.there and self.listed_at > 0 and not self.circuit.open

    def to_list(self, now: Nanoseconds) -> bool:
        """Is it time to read the list? While the circuit is open, that is the one call that tries it."""
        if not self.there or self.listing or self.circuit.state(now) == "open":
            return False
        return self.stale or self.circuit.open or now - self.listed_at >= LIST_EVERY

    def unavailable(self) -> str:
        """Why nothing can be had of it now; empty: it can."""
        if not self.there:
            return self.why or "it is not discovered yet"
        return "the operator does not answer" if self.circuit.open else ""
