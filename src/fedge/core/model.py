"""Ids and small values that three packages or more use. Everything else lives with the package that owns it.

Names are strings a person reads in the dashboard and types on the command line. The wire carries a session's ``key``, a random
64-bit number: whoever knows it is the session, whatever address a packet comes from.
"""

from __future__ import annotations

from typing import NamedTuple, NewType

SiteId = NewType("SiteId", str)
UeId = NewType("UeId", str)
CellId = NewType("CellId", str)
AppId = NewType("AppId", str)
SessionId = NewType("SessionId", str)
MoveId = NewType("MoveId", str)
InstanceId = NewType("InstanceId", str)
AppInstanceId = NewType("AppInstanceId", str)
"""``"harbour.arena-1"``: an instance among all sites'; MEC's appInstanceId. Of one that Fedge did not start: ``"app-7"``."""
SessionKey = NewType("SessionKey", int)
Address = NewType("Address", str)
"""``"127.9.10.1:6000"``: an IPv4 address and a UDP or TCP port."""

Nanoseconds = int
"""A monotonic instant or a duration; on one machine all processes share the clock."""

MS = 1_000_000
SECOND = 1_000_000_000


class Transition(NamedTuple):
    """A row of a state machine's TRANSITIONS: in ``state`` only ``actor`` can cause ``event``, which leads to ``next``."""

    state: str
    event: str
    actor: str
    next: str


SITE_LABEL = "fedge.dev/site"
"""Label of every site, on Karmada of its member cluster: the site's name."""
