"""The routes of the simulated world only rise; the delay queue lets go in order; records survive their file."""

from __future__ import annotations

from pathlib import Path
from random import Random

from fedge.core.messages import (
    ActivateRoute,
    InstallRoute,
    RemoveRoute,
    RouteActivated,
    RouteInstalled,
    RouteStatus,
)
from fedge.core.model import Address, SessionId, SessionKey, SiteId, UeId
from fedge.programs.trace_file import TraceFile
from fedge.simulation.delay import DelayQueue
from fedge.simulation.world.routes import RouteTable
from fedge.wire import records

S, K = SessionId("arena/player-1"), SessionKey(0xFEED)


def table() -> RouteTable:
    return RouteTable({UeId("player-1"): 0}, {SiteId("a"): 0, SiteId("b"): 1})


def install(generation: int, site: str = "a", ue: str = "player-1") -> InstallRoute:
    return InstallRoute(
        S, K, UeId(ue), generation, SiteId(site), Address(f"127.9.1{'ab'.index(site)}.1:6000")
    )


def test_a_route_is_ready_before_it_is_active() -> None:
    routes = table()
    assert routes.handle(install(1), 5) == RouteInstalled(S, 1)
    assert routes.by_key[K].gateway is None
    assert routes.handle(ActivateRoute(S, K, 1), 7) == RouteActivated(S, 1, 7)
    assert routes.by_key[K].gateway == ("127.9.10.1", 6000)
    assert routes.statuses() == (RouteStatus(K, 1, 1),)


def test_a_repeat_is_answered_the_same() -> None:
    routes = table()
    for now in (5, 6):
        assert routes.handle(install(1), now) == RouteInstalled(S, 1)
    for now in (7, 8):
        assert routes.handle(ActivateRoute(S, K, 1), now) == RouteActivated(S, 1, 7)


def test_generations_only_rise() -> None:
    routes = table()
    for generation, site in ((1, "a"), (2, "b")):
        routes.handle(install(generation, site), 1)
        routes.handle(ActivateRoute(S, K, generation), generation)
    assert routes.handle(install(1, "a"), 9) == RouteInstalled(S, 1)
    assert routes.handle(ActivateRoute(S, K, 1), 9) == RouteActivated(S, 1, 1)
    assert (routes.by_key[K].active, routes.by_key[K].site) == (2, 1)


def test_any_order_of_messages_leaves_the_highest_generation() -> None:
    rng = Random(4)
    for _ in range(200):
        routes, highest = table(), 0
        for _ in range(20):
            generation = rng.randint(1, 6)
            if rng.random() < 0.5:
                routes.handle(install(generation, rng.choice("ab")), 1)
            else:
                routes.handle(ActivateRoute(S, K, generation), 1)
            active = routes.by_key[K].active if K in routes.by_key else 0
            assert active >= highest
            highest = active


def test_what_was_never_installed_is_not_activated() -> None:
    routes = table()
    assert routes.handle(ActivateRoute(S, K, 1), 1) is None
    routes.handle(install(1), 1)
    assert routes.handle(ActivateRoute(S, K, 2), 1) is None


def test_strangers_get_no_route_and_removal_forgets() -> None:
    routes = table()
    assert routes.handle(install(1, ue="player-99"), 1) is None
    routes.handle(install(1), 1)
    routes.handle(RemoveRoute(S, K), 1)
    assert routes.statuses() == ()


def test_the_queue_lets_go_in_order_and_not_before() -> None:
    queue, rng = DelayQueue(), Random(2)
    dues = [rng.randrange(50) for _ in range(300)]
    for number, due in enumerate(dues):
        queue.put(due, number)
    assert queue.take(-1) is None
    taken = [(entry[0], entry[2]) for entry in iter(lambda: queue.take(50), None)]
    assert taken == sorted((due, number) for number, due in enumerate(dues))  # equal dues: as they came
    assert queue.next_due is None


def test_a_torn_record_is_cut_off_before_more_are_written(tmp_path: Path) -> None:
    trace = records.Trace()
    trace.add(records.SENT, 3, 1_000, 7)
    trace.add(records.RELAY, 3, 2_000, 2**40, flags=records.WENT_DOWN)  # clipped, not refused
    path = tmp_path / "access.bin"
    path.write_bytes(trace.take() + b"torn")
    trace.add(records.LEFT, 4, 3_000)
    TraceFile(path, trace).close()
    found = list(records.read_records(path.read_bytes()))
    assert [(record.kind, record.ue, record.a) for record in found] == [
        (records.SENT, 3, 7),
        (records.RELAY, 3, 2**32 - 1),
        (records.LEFT, 4, 0),
    ]
