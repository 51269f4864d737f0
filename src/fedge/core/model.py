"""Ids and small values that three packages or more use. Everything else lives with the package that owns it.

Names are strings a person reads in the dashboard and types on the command line. The wire carries a session's ``key``, a random
64-bit number: whoever knows it is the session, whatever address a packet comes from.
"""

from __future__ import annotations

from typing import NewType

SiteId = NewType("SiteId", str)
UeId = NewType("UeId", str)
CellId = NewType("CellId", str)
AppId = NewType("AppId", str)
SessionId = NewType("SessionId", str)
MoveId = NewType("MoveId", str)
InstanceId = NewType("InstanceId", str)
SessionKey = NewType("SessionKey", int)
Address = NewType("Address", str)
"""``"127.9.10.1:6000"``: an IPv4 address and a UDP or TCP port."""

Nanoseconds = int
"""A monotonic instant or a duration; on one machine all processes share the clock."""

MS = 1_000_000
SECOND = 1_000_000_000

SITE_LABEL = "fedge.dev/site"
"""Label of every site, on Karmada of its member cluster: the site's name."""
