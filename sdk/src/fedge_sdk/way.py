"""Where a client sends its datagrams, and how it is led from one site to the next: make before break.

Pure, beside ``client``: a REDIRECT names a candidate, and from then on every datagram goes to the present address and to the
candidate; inputs are numbered, so what arrives twice does no harm. A frame that is accepted from the candidate proves that way,
and only then the old one is left. A candidate from which nothing is accepted is dropped after a while.

What is believed: attaching lists every address that the application may be at. A REDIRECT counts only if it comes from one of
them and names one of them, so nobody can lead a client out of the platform by one; a forged one costs some doubled datagrams.
"""

from __future__ import annotations

from collections.abc import Iterable

Endpoint = tuple[str, int]
PATIENCE_NS = 4_000_000_000
"""How long a candidate may keep silent. The platform says its REDIRECT again for as long as it means it."""


class Way:
    """``present``: where to send; None before ``attached``. ``number``: the highest of a REDIRECT that was believed."""

    def __init__(self) -> None:
        self.present: Endpoint | None = None
        self.candidate: Endpoint | None = None
        self.number = 0
        self._named: Endpoint | None = None
        self._services: frozenset[Endpoint] = frozenset()
        self._silent_until = 0

    def attached(self, service: Endpoint, services: Iterable[Endpoint] = ()) -> None:
        """Discovery's answer: send to ``service``, and believe nothing about any address but it and ``services``."""
        self.present, self.candidate, self.number = service, None, 0
        self._services = frozenset((service, *services))

    def destinations(self, now: int) -> tuple[Endpoint, ...]:
        """Every address that a datagram sent at ``now`` (ns, this client's own clock) goes to."""
        if self.present is None:
            return ()
        if self.candidate is None:
            return (self.present,)
        if now > self._silent_until:
            self.candidate = None
            return (self.present,)
        return self.present, self.candidate

    def redirected(self, number: int, service: Endpoint, source: Endpoint | None, now: int) -> bool:
        """A REDIRECT from ``source``. Is it believed? One that is said again gives its candidate more time."""
        if source not in self._services or service not in self._services:
            return False
        if number < self.number or (number == self.number and service != self._named):
            return False
        self.number, self._named = number, service
        self.candidate = None if service == self.present else service
        self._silent_until = now + PATIENCE_NS
        return True

    def accepted(self, source: Endpoint | None, newer: bool) -> None:
        """A frame from ``source`` was accepted; ``newer``: of a higher epoch than any before.

        It proves the way to the candidate. A newer writer is followed wherever in the platform it is, REDIRECT or none.
        """
        if source is None or source == self.present:
            return
        if source == self.candidate or (newer and source in self._services):
            self.present, self.candidate = source, None
