"""Where the control plane's stories begin: sites s1 to s3 with an instance each, one cell near each site, ue-1 served at s1."""

from __future__ import annotations

from collections.abc import Iterator

from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sessions import AskedAttach
from fedge.core.messages import (
    AccessHello,
    Cell,
    ClientPackets,
    InstanceStatus,
    Message,
    RouteActivated,
    SessionOpened,
    SiteHello,
    SiteReport,
    UeSighting,
    UesSighted,
)
from fedge.core.model import (
    Address,
    AppId,
    CellId,
    InstanceId,
    Nanoseconds,
    SessionId,
    SessionKey,
    SiteId,
    UeId,
)
from fedge.simulation.world.centre import manifests

SITES = tuple(SiteId(name) for name in ("s1", "s2", "s3"))
KEYS = {"ue-1": SessionKey(7)}
NEAR_MS, FAR_MS = 4.0, 24.0


def instances(capacity: int = 4) -> tuple[InstanceStatus, ...]:
    return (InstanceStatus(InstanceId("i1"), AppId("ledger"), "ready", 0, capacity, "ledger/1"),)


def beginning(now: Nanoseconds) -> Iterator[Message]:
    """Everything that was said before the story."""
    yield AskedApply(0, manifests(1000, 4))
    for site in SITES:
        address = Address(f"{site}:6000")
        yield SiteHello(site, address, address, (), instances())
    paths = {site: {other: NEAR_MS if other == site else FAR_MS for other in SITES} for site in SITES}
    cells = tuple(Cell(CellId(f"x{site[1:]}"), "nr", 0, 0, 100, site, paths[site]) for site in SITES)
    yield AccessHello(1.0, 1.0, cells, ())
    yield from heard(["ue-1"], now)
    yield AskedAttach(0, AppId("ledger"), UeId("ue-1"), KEYS["ue-1"])
    yield SessionOpened(SITES[0], SessionId("ue-1"), 1, 1)
    yield RouteActivated(SessionId("ue-1"), 1, now)


def heard(names: list[str], now: Nanoseconds) -> Iterator[Message]:
    """The hum: reports of sites; the last of them (s1 if none is named) hears the client of a session that is named beside it."""
    sites = [name for name in names if name in SITES] or [SITES[0]]
    clients = tuple(ClientPackets(KEYS[name], now) for name in names if name not in SITES)
    for name in sites:
        heard_there = clients if name == sites[-1] else ()
        yield SiteReport(SiteId(name), 0.1, 0, instances(), {}, now, clients=heard_there)


def sighted(ue: str, cell: str, now: Nanoseconds) -> Message:
    return UesSighted(now, (UeSighting(UeId(ue), 0, 0, CellId(cell), "nr", -80, 8.0),))
