"""The simulated 5G core's control side as a process: ``python -m fedge.programs.core_network``. Wiring only.

Takes the links of user plane functions (role ``upf``, named after their site) and of the access network (role ``ran``), serves
the NEF and CAPIF over HTTPS, sends notifications. Killed and started again it finds subscriptions, chosen paths and CAPIF's
registry in ``core5g.db``. Faults are switched on by writing ``core5g-faults.json`` (``simulation.core5g.faults``) into the run
folder, while it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from random import Random

import msgspec
import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import listen
from fedge.core.location import earth_of
from fedge.core.messages import Message
from fedge.core.model import Address
from fedge.core.pace import Pace
from fedge.programs.core_https import https, notifying, tls_between
from fedge.programs.core_links import Links
from fedge.programs.live_file import LiveFile
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.run import Run, log_to
from fedge.simulation.city import City, read_city
from fedge.simulation.core5g.account import TLS, open_account, token_key
from fedge.simulation.core5g.capif.api import capif_routes
from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.capif.opening import open_capif
from fedge.simulation.core5g.faults import NONE, Faults
from fedge.simulation.core5g.nef.access import LIMITS, Access
from fedge.simulation.core5g.nef.exchange import app_of
from fedge.simulation.core5g.nef.influence.api import influence_routes
from fedge.simulation.core5g.nef.monitoring.api import API as MONITORING
from fedge.simulation.core5g.nef.monitoring.api import monitoring_api
from fedge.simulation.core5g.nef.monitoring.reports import Ground
from fedge.simulation.core5g.nef.operator import DOMAIN, Operator
from fedge.simulation.core5g.nef.outbox import Outbox
from fedge.simulation.core5g.nef.quality.api import API as QUALITY
from fedge.simulation.core5g.nef.quality.api import quality_api
from fedge.simulation.core5g.nef.resources import resource_routes
from fedge.simulation.core5g.nef.token_api import token_route
from fedge.simulation.core5g.nef.tokens import Tokens
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.store import SUBSCRIPTIONS, Store
from fedge.simulation.core5g.system import CoreNetwork
from fedge.simulation.core5g.words import Event, Route
from fedge.simulation.rnis.api import rnis_route
from fedge.simulation.rnis.service import RadioInformation

WAKE_S = 0.02
log = structlog.get_logger("core-network")


def operator_of(run: Run, city: City) -> Operator:
    """What the simulated network offers: every site a DNAI, one subscriber a player."""
    numbers = addresses.SimulatedSubscribers(run.config.net, run.config.players)
    return Operator(
        frozenset(site.site for site in city.sites),
        numbers.by_gpsi(),
        numbers.by_address(),
        external_ids={f"{ue}@{DOMAIN}": ue for ue in numbers.by_address().values()},
        service=Address(addresses.service(run.config.net)),
    )


def internet_of(net: int, city: City) -> dict[Address, Route]:
    """What any UE reaches by plain routing: each site's own address."""
    return {
        Address(service): Route(site.site, Address(addresses.gateway(net, index)))
        for index, site in enumerate(city.sites)
        for service in addresses.site_services(net, index)
    }


async def serve(run: Run) -> None:
    """Run until SIGTERM or SIGINT."""
    net, folder = run.config.net, run.folder
    nef, receiver = Address(addresses.nef(net)), Address(addresses.application_function(net))
    capif_at = Address(addresses.capif(net))
    account = open_account(folder, nef, capif_at, receiver)
    city = read_city(folder / "city.json")
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    end_with_supervisor(loop, stopping.set)
    operator, store = operator_of(run, city), Store(folder / "core5g.db")
    tls = tls_between(folder / TLS)
    outbox = Outbox(notifying(tls), operator.networks, Random())
    radio_outbox = Outbox(notifying(tls), operator.networks, Random())
    faults = LiveFile(folder / "core5g-faults.json", Faults, NONE)
    struck = faults.news() or NONE
    log.info("faults", **msgspec.to_builtins(struck))
    if struck.forgetful:
        store.forget_subscriptions()
    cells = {cell.cell: cell for cell in city.cells}
    smf = SessionManagement(cells, store.life, store.paths(), internet=internet_of(net, city))
    unix_ns = time.time_ns() - time.monotonic_ns()
    root = f"https://{nef}"
    radio = RadioInformation(city.cells, root, store, radio_outbox, unix_ns, Random())

    def hear(event: Event) -> None:
        radio.hear(event)
        for part in parts:
            part.handle(event)

    def to_ran(message: Message) -> None:
        radio.hear(message)
        links.to_ran(message)

    links = Links(hear)
    core = CoreNetwork(root, operator, smf, store, outbox, links.to_upf, to_ran, time.monotonic_ns)
    quality = quality_api(root, operator, store, outbox, to_ran, time.time)
    ground = Ground(earth_of(city.origin, city.height_m), tuple(cells))
    monitoring = monitoring_api(root, operator, store, outbox, to_ran, time.time, ground)
    parts = (core, quality, monitoring)
    core.strike(struck)
    radio.strike(struck)
    listening = await listen(addresses.core_network(net), run.token, links.accept)
    tokens = Tokens({account.client_id: account.client_secret}, token_key(folder))
    onboarding = {account.capif.onboarding: account.af} if account.capif is not None else {}
    capif, aef = open_capif(folder, f"https://{capif_at}", nef, store, onboarding, outbox.post, time.time)
    access = Access(tokens, Pace(LIMITS), time.time, capif.gate(aef))
    exposure = app_of(
        *influence_routes(core, access),
        *resource_routes(MONITORING, monitoring, access),
        *resource_routes(QUALITY, quality, access),
        token_route(tokens, time.time),
        rnis_route(radio, access, time.time),
    )
    framework = app_of(*capif_routes(capif, Callers(capif, Pace(LIMITS))))
    servers = [https(exposure, nef, folder, "nef"), https(framework, capif_at, folder, "capif")]
    capif.strike(struck)
    serving = asyncio.gather(*(server.serve() for server in servers))
    log.info(
        "core network is up",
        life=store.life,
        subscriptions=sum(len(store.rows(kind)) for kind in SUBSCRIPTIONS),
    )
    try:
        while not stopping.is_set() and not serving.done():
            for part in parts:
                part.wake()
            radio.wake(time.time())
            told = faults.news()
            if told is not None:
                log.info("faults", **msgspec.to_builtins(told))
                core.strike(told)
                radio.strike(told)
                capif.strike(told)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), WAKE_S)
    finally:
        for server in servers:
            server.should_exit = True
        await serving
        listening.close()
        await outbox.close()
        await radio_outbox.close()
        store.close()
        log.info("core network ends", notifications=dict(outbox.counts))


def main() -> None:
    run = Run()
    log_to(run.folder, "core-network")
    asyncio.run(serve(run))


if __name__ == "__main__":
    main()
