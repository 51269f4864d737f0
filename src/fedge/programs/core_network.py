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
import ssl
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random

import httpx2
import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Join, Line, listen
from fedge.core.location import earth_of
from fedge.core.messages import Message
from fedge.core.model import Address, SiteId
from fedge.core.pace import Pace
from fedge.programs.live_file import LiveFile
from fedge.runtime.client_certificates import show_client_certificates
from fedge.runtime.gathered_writes import gather_writes
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.run import Run, log_to
from fedge.simulation.city import City, read_city
from fedge.simulation.core5g.account import TLS, open_account, token_key
from fedge.simulation.core5g.audit import Audited
from fedge.simulation.core5g.capif.api import capif_routes
from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.capif.opening import open_authority, open_capif
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
from fedge.simulation.core5g.words import Event, RanLost, Route, UpfLost
from fedge.simulation.rnis.api import rnis_route
from fedge.simulation.rnis.service import RadioInformation

WAKE_S = 0.02
NOTIFY_WITHIN_S = 2.0
KEEP_S = 120
"""A connection that is idle is kept: a TLS handshake in the middle of a move costs milliseconds on both sides."""
MOST_TOLD_BYTES = 4096
"""Of a message that a client says over a websocket, by which it has nothing to say."""
log = structlog.get_logger("core-network")


class Links:
    """The newest connection of each user plane function, and of the access network."""

    def __init__(self, handle: Callable[[Event], None]) -> None:
        self._handle = handle
        self._upfs: dict[SiteId, Line] = {}
        self._ran: Line | None = None
        self._watching: set[asyncio.Task[None]] = set()

    def accept(self, join: Join, line: Line) -> Callable[[Message], None] | None:
        if join.role == "upf":
            site = SiteId(join.name)
            self._upfs[site] = line
            self._watch(self._upf_closed(site, line))
        elif join.role == "ran":
            self._ran = line
            self._watch(self._ran_closed(line))
        else:
            return None
        return self._handle

    def to_upf(self, site: SiteId, message: Message) -> bool:
        line = self._upfs.get(site)
        return line is not None and line.send(message)

    def to_ran(self, message: Message) -> bool:
        return self._ran is not None and self._ran.send(message)

    def _watch(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(closing)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _ran_closed(self, line: Line) -> None:
        await line.closed.wait()
        if self._ran is line:
            self._ran = None
            self._handle(RanLost())

    async def _upf_closed(self, site: SiteId, line: Line) -> None:
        await line.closed.wait()
        if self._upfs.get(site) is line:
            del self._upfs[site]
            self._handle(UpfLost(site))


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


def tls_between(folder: Path) -> ssl.SSLContext:
    """For notifications: the receiver's certificate is checked, and the NEF shows its own."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "nef.crt", folder / "nef.key")
    return context


def https(app: Starlette, address: Address, folder: Path, name: str) -> uvicorn.Server:
    """One of the operator's servers, with its certificate ``tls/{name}.crt``. Clients may show one that CAPIF has issued."""
    host, port = addresses.endpoint(address)
    config = uvicorn.Config(
        Audited(app, log.warning, time.monotonic),
        host=host,
        port=port,
        log_level="error",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=MOST_TOLD_BYTES,
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_S,
        ssl_certfile=folder / TLS / f"{name}.crt",
        ssl_keyfile=folder / TLS / f"{name}.key",
        ssl_ca_certs=str(open_authority(folder).crt),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )
    show_client_certificates(config)
    gather_writes(config)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    return server


def notifying(tls: ssl.SSLContext) -> httpx2.AsyncClient:
    """Who posts notifications. Measurement reports have one of their own: many of them delay nothing else."""
    limits = httpx2.Limits(max_connections=64, keepalive_expiry=KEEP_S)
    return httpx2.AsyncClient(
        verify=tls, trust_env=False, follow_redirects=False, timeout=NOTIFY_WITHIN_S, limits=limits
    )


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
