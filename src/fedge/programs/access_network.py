"""The access network as a process: ``python -m fedge.programs.access_network`` with ``FEDGE_RUN_DIR`` set. Wiring only.

Binds the application's address and the base stations' end of N3 in the run's loopback net, keeps a link to the core network (N2,
a direct call), writes ``access.bin``. The control plane hears of radio and places from the operator alone; the other link, to
it, is the simulation's instrument: measured hops and changes of writers, which no operator would tell. Ends on SIGTERM. Killed
and started again it goes on where people would be by now; the core network installs its paths anew. The load of cells is
switched by writing
``radio-load.json`` (``simulation.background``) into the run folder, while it runs.
"""

from __future__ import annotations

import asyncio
import signal
import time

import msgspec
import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import Message, RanHello
from fedge.programs.live_file import LiveFile
from fedge.programs.trace_file import TraceFile
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import quiet_gc, run
from fedge.runtime.run import Run, log_to
from fedge.simulation.access import AccessNetwork, AccessPlan, pace_s
from fedge.simulation.background import FILE, Load
from fedge.simulation.city import City, generate, read_city, write_city
from fedge.simulation.packet_path import Endpoints
from fedge.simulation.people import read_crowd
from fedge.simulation.sockets import socket_drops
from fedge.wire.records import Trace

FLUSH_S, LOOK_S = 0.5, 0.05
log = structlog.get_logger("access-network")


def city_of(this: Run) -> City:
    """The run's city; drawn from its seed if nobody has written one."""
    path = this.folder / "city.json"
    if not path.exists():
        write_city(path, generate(this.config.seed, this.config.sites, this.config.backhaul_rtt_ms))
    return read_city(path)


def endpoints(net: int, players: int, sites: int) -> Endpoints:
    """Who is who in loopback net ``net``: the applications' stable address and each site's own, base stations, UEs."""
    own = (each for index in range(sites) for each in addresses.site_services(net, index))
    return Endpoints(
        services=tuple(map(addresses.endpoint, (addresses.service(net), *own))),
        n3=addresses.endpoint(addresses.gnb(net)),
        ues={addresses.ue(net, index): index for index in range(players)},
    )


async def serve(this: Run) -> None:
    """Run until SIGTERM or SIGINT."""
    config = this.config
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    end_with_supervisor(loop, stopped.set)
    trace = Trace()
    file = TraceFile(this.folder / "access.bin", trace)
    instrument: Dialled | None = None
    core: Dialled | None = None

    def measured(message: Message) -> None:
        if instrument is not None:
            instrument.send(message)

    def tell_core(message: Message) -> None:
        if core is not None:
            core.send(message)

    city = city_of(this)
    ends = endpoints(config.net, config.players, len(city.sites))
    started_ns = config.started_ns or time.monotonic_ns()
    gpsis = tuple(addresses.SimulatedSubscribers(config.net, config.players).by_gpsi())
    people = read_crowd(this.folder).people
    plan = AccessPlan(city, gpsis, config.seed, config.time_scale, ends, started_ns, people)
    access = AccessNetwork(plan, trace, measured, tell_core)

    def tell_attachments() -> None:
        for attachment in access.attachments():
            tell_core(attachment)

    def greet_core() -> RanHello:
        loop.call_soon(tell_attachments)  # right behind the greeting
        return access.ran_hello()

    def no_orders(message: Message) -> None:
        """The control plane has nothing to order here: paths are the core network's business."""

    loads: LiveFile[tuple[Load, ...]] = LiveFile(this.folder / FILE, tuple[Load, ...], ())

    def look() -> None:
        """How are the cells loaded now? Asks itself again and again."""
        loop.call_later(LOOK_S, look)
        told = loads.news()
        if told is not None:
            access.load(told)
            log.info("cells' load", loads=[msgspec.to_builtins(one) for one in told])

    access.start(loop)
    look()
    instrument = dial(
        addresses.control(config.net),
        this.token,
        role="instrument",
        name="access",
        greet=lambda: None,
        receive=no_orders,
    )
    core = dial(
        addresses.core_network(config.net),
        this.token,
        role="ran",
        name="access",
        greet=greet_core,
        receive=access.receive,
    )
    log.info("access network is up", players=config.players, cells=len(city.cells), city=city.source)
    quiet_gc(loop)
    try:
        while not stopped.is_set():
            try:
                await asyncio.wait_for(stopped.wait(), FLUSH_S)
            except TimeoutError:
                file.flush()
    finally:
        own = {"{}:{}".format(*end) for end in (*ends.services, ends.n3)}
        drops = sum(count for address, count in socket_drops().items() if address in own)
        log.info("access network ends", dropped=dict(access.path.counts), socket_drops=drops)
        access.stop()
        await instrument.close()
        await core.close()
        file.close()


def main() -> None:
    this = Run()
    log_to(this.folder, "access-network")
    run(serve(this), pace_s(this.config.players))


if __name__ == "__main__":
    main()
