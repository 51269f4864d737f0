"""The control plane as a program. Wiring only. Of an embedded run: ``python -m fedge.programs.control_plane``.

On a fleet: the same with ``--federation FILE`` and the other options. Journal → core → links to agents; HTTP API, dashboard and
metrics; the story of each move on its folder's ``moves.jsonl`` and ``story.log``. With a ``core5g.json`` in its folder routes,
places and cells are the 5G operator's (``programs.operated``); without one, whoever dials in as the access network has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import time
from collections.abc import Callable
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import click
import structlog
import uvicorn

from fedge.adapters.core5g import Subscribers
from fedge.adapters.embedded.link import Join, Line, listen
from fedge.adapters.karmada.engine import KarmadaEngine
from fedge.adapters.notifications import LOOPBACK, Notifications
from fedge.adapters.sqlite import SqliteJournal
from fedge.api.admin import Page, admin_app
from fedge.api.admin.metrics import Metrics
from fedge.api.admin.operator_state import OperatorState
from fedge.api.admin.view import Facts
from fedge.api.camara import BASES as CAMARA_BASES
from fedge.api.camara import tell_sink
from fedge.api.mec import BASES, Platform, mec_routes, notification
from fedge.api.pace import limits_of, paced
from fedge.core.control import ControlPlane, ControlSettings, Notify, Reply, Story, ToSink, Untold
from fedge.core.messages import HopFigures, Message, WriterChanged
from fedge.core.model import MS, AppId, SiteId, UeId
from fedge.dashboard import CONTENT_SECURITY_POLICY, INDEX, STATIC_DIR
from fedge.ports import AccessNetwork
from fedge.programs.control_config import ControlConfig, embedded_control, fleet_control, public_base
from fedge.programs.northbound import Northbound
from fedge.programs.operated import Operated
from fedge.programs.sinks import sink_trust
from fedge.runtime.audit import AuditLog
from fedge.runtime.federation import BadFederation, endpoint, read_federation
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.loop import ControlLoop, restored
from fedge.runtime.run import Run, log_to, log_to_stdout

log = structlog.get_logger("control")
ANSWER_WITHIN_S = 10.0
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class SiteLines:
    """The port ``Sites``: whoever is connected."""

    def __init__(self) -> None:
        self.lines: dict[SiteId, Line] = {}

    def send(self, site: SiteId, message: Message) -> bool:
        line = self.lines.get(site)
        return line is not None and line.send(message)


class AccessLine:
    """The port ``AccessNetwork`` where no 5G core has the routes: the access network's newest connection."""

    def __init__(self) -> None:
        self.line: Line | None = None

    def send(self, message: Message) -> bool:
        return self.line is not None and self.line.send(message)


class TimedJournal(SqliteJournal):
    """The journal, with its commits measured."""

    metrics: Metrics | None = None

    def append(self, entries: Any) -> None:
        began = time.perf_counter()
        super().append(entries)
        if self.metrics is not None:
            self.metrics.commit.observe(time.perf_counter() - began)


class Wanted:
    """The port ``Wishes`` of the engine: read off the core's durable state."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def objects(self) -> list[dict[str, Any]]:
        return list(self._plane.state.objects.values())

    def held(self) -> set[AppId]:
        plane = self._plane
        return {app for app, sites in plane.state.placed.items() if sites and app not in plane.applications}

    def drained(self) -> set[SiteId]:
        return {name for name, site in self._plane.state.sites.items() if site.marked == "draining"}

    def suspended(self) -> set[AppId]:
        return {app for app, policy in self._plane.policies.items() if policy.suspended}


class ControlShell:
    """What the API sees of the program (``fedge.api.admin.Centre``)."""

    def __init__(self, config: ControlConfig) -> None:
        self.config, self.token, self.now = config, config.token, config.now
        shown = {
            "engine": config.engine,
            "seed": config.seed,
            "time_scale": config.time_scale,
            "policy": config.policy,
            "version": version("fedge"),
            "service": config.service,
            "started_at_s": round(time.time() - (config.now() - config.started_ns) / 1e9, 1),
            "simulated": list(config.simulated),
        }
        self.page = Page(INDEX, STATIC_DIR, CONTENT_SECURITY_POLICY)
        self.facts = Facts(
            dict(config.places), shown, config.between_ms, self._operator_state, self._steering
        )
        self.journal = TimedJournal(config.folder / "journal.db")
        settings = ControlSettings(
            policy=config.policy,
            engine=config.engine,
            clusters=config.clusters,
            started_at=config.started_ns,
            default_service=config.service,
            site_services=dict(config.site_services),
            udp_ports=config.udp_ports,
            ue_addresses=dict(config.ue_addresses),
        )
        self.plane: ControlPlane = restored(self.journal, settings)
        self._metrics = Metrics(self.plane, self.now, self._operator_state, self._steering)
        self.journal.metrics = self._metrics
        self.sites, self.access = SiteLines(), AccessLine()
        self.operated = Operated.of(config, self.plane)
        routes: AccessNetwork = self.operated.steered if self.operated is not None else self.access
        operator = self.operated.exposed if self.operated is not None else None
        self.base = config.public_url or "http://{}:{}".format(*config.bind_api)
        trust = sink_trust(config.folder, config.sink_ca)
        self.notifications = Notifications(config.callback_networks, trust=trust)
        self.audit = AuditLog(config.folder)
        self.subscribers = self.operated.subscribers if self.operated is not None else Subscribers({}, {})
        self.northbound: Northbound | None = None
        self.loop = ControlLoop(
            self.plane,
            self.journal,
            self.sites,
            routes,
            self._replied,
            self._told,
            self.notify,
            config.now,
            operator,
            tell_sink=self._tell_sink,
        )
        self.engine = self._engine()
        self._asked: dict[int, asyncio.Future[tuple[int, dict[str, Any]]]] = {}
        self._next_request = 1
        self._moves = (config.folder / "moves.jsonl").open("a", buffering=1)
        self._story = (config.folder / "story.log").open("a", buffering=1)

    def _operator_state(self) -> OperatorState | None:
        return self.operated.state() if self.operated is not None else None

    def _engine(self) -> KarmadaEngine | None:
        config = self.config
        if config.engine != "karmada":
            return None
        wanted = Wanted(self.plane)
        return KarmadaEngine(
            config.kubeconfig, config.clusters, wanted, self.loop.post, bench_nodes=config.bench_nodes
        )

    # --- for the API -------------------------------------------------------------------------------------------------------

    def draw_key(self) -> int:
        return secrets.randbits(63) or 1

    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]:
        """Put a question to the core; 504 if it has no answer in time."""
        request, self._next_request = self._next_request, self._next_request + 1
        future: asyncio.Future[tuple[int, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._asked[request] = future
        self.loop.post(make(request))
        try:
            return await asyncio.wait_for(future, ANSWER_WITHIN_S)
        except TimeoutError:
            return 503, {"code": "TIMEOUT", "message": f"no answer within {ANSWER_WITHIN_S:.0f} s; ask again"}
        finally:
            self._asked.pop(request, None)

    def _steering(self) -> dict[str, int]:
        return self.operated.steered.figures() if self.operated is not None else {}

    def proven(self, proof: str) -> tuple[str, UeId] | None:
        return self.northbound.proven(proof) if self.northbound is not None else None

    def metrics(self) -> bytes:
        return self._metrics.text()

    # --- for the core ------------------------------------------------------------------------------------------------------

    def _replied(self, reply: Reply) -> None:
        future = self._asked.get(reply.request)
        if future is not None and not future.done():
            future.set_result((reply.status, reply.body))

    def notify(self, notify: Notify) -> None:
        told = notify.subscription
        self.notifications.post(told.namespace, told.callback, notification(notify, self.plane, self.base))

    def _tell_sink(self, told: ToSink | Untold) -> None:
        if self.northbound is not None:
            tell_sink(told, self.northbound.platform, self.loop.post)

    def _told(self, story: Story) -> None:
        if "state" in story.facts:
            self._moves.write(json.dumps(story.facts) + "\n")
        at_s = (story.at - self.config.started_ns) / MS / 1000
        self._story.write(json.dumps({"at_s": round(at_s, 3), "says": story.sentence, **story.facts}) + "\n")
        log.info(
            story.sentence, **{k: v for k, v in story.facts.items() if k in ("move", "state", "site", "app")}
        )

    # --- links -------------------------------------------------------------------------------------------------------------

    def accept(self, join: Join, line: Line) -> Callable[[Message], None] | None:
        if join.role == "site":
            self.sites.lines[SiteId(join.name)] = line
        elif join.role == "instrument":
            return self._measured
        elif join.role == "access" and self.operated is None:
            self.access.line = line
        else:
            return None
        return self.loop.post

    def _measured(self, message: Message) -> None:
        """The simulation's instrument says what no operator would: figures of hops, and when writers changed. Nothing else."""
        if isinstance(message, HopFigures | WriterChanged):
            self.loop.post(message)


async def serve(told: ControlConfig) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    shell = ControlShell(told)
    host, port = told.bind_api
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    await listen(told.bind_links, told.token, shell.accept)
    names = {site: name for site, (name, _, _) in shell.facts.places.items()}
    shell.northbound = Northbound(shell, told, shell.subscribers, shell.notifications, shell.base, names)
    asked = paced(limits_of(told.mec_rate), told.now)
    mec = mec_routes(Platform(shell, shell.subscribers, shell.notifications, shell.base, shell.notify, asked))
    config = uvicorn.Config(
        admin_app(shell, [*shell.northbound.routes(), *mec], own=(*CAMARA_BASES, *BASES)),
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # an address that a caller may write itself says nothing of where it is
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    end_with_supervisor(loop, stopping.set)
    serving = loop.create_task(server.serve())
    deciding = loop.create_task(shell.loop.run())
    engine = [loop.create_task(shell.engine.run())] if shell.engine is not None else []
    if shell.operated is not None:
        engine.append(loop.create_task(shell.operated.run(shell.loop.post)))
    stopped = loop.create_task(stopping.wait())
    log.info("control plane is up", port=port, moves=len(shell.plane.state.moves))
    done, _ = await asyncio.wait([serving, deciding, stopped, *engine], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    deciding.cancel()
    for one in engine:
        one.cancel()
    if engine:
        await asyncio.wait(engine, timeout=2)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(serving, 2)
    await shell.notifications.close()
    shell.journal.close()
    for task in done:
        if task is not stopped:
            task.result()


def _public_url(context: click.Context, option: click.Parameter, given: str | None) -> str:
    try:
        return public_base(given) if given else ""
    except ValueError as error:
        raise click.BadParameter(f"{given!r}: {error}") from None


def _networks(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for one in given:
        try:
            ip_network(one)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return given


@click.command()
@click.option("--federation", type=FILE, help="Which sites there are; without it: FEDGE_RUN_DIR's run.")
@click.option(
    "--state", type=click.Path(file_okay=False, exists=True, path_type=Path), help="Its journal's folder."
)
@click.option("--token-file", type=FILE, help="What agents and callers of the API have to say.")
@click.option("--kubeconfig", default="", help="Karmada's; empty: that of the Pod this runs in.")
@click.option("--sink-ca", type=FILE, help="A CA more whose certificates studios' sinks may show.")
@click.option(
    "--public-url", callback=_public_url, help="Under which callers reach the API.  [default: --bind-api]"
)
@click.option(
    "--callback-network",
    "networks",
    multiple=True,
    default=LOOPBACK,
    callback=_networks,
    metavar="CIDR",
    help="Where notifications and events for sinks may go; may be given more than once.  [default: this machine]",
)
@click.option("--bind-links", default="0.0.0.0:7000", show_default=True, help="For agents.")
@click.option("--bind-api", default="0.0.0.0:8080", show_default=True, help="HTTP.")
def main(
    federation: Path | None,
    state: Path | None,
    token_file: Path | None,
    kubeconfig: str,
    sink_ca: Path | None,
    public_url: str,
    networks: tuple[str, ...],
    bind_links: str,
    bind_api: str,
) -> None:
    """Fedge's control plane."""
    if federation is None:
        run = Run()
        log_to(run.folder, "control-plane")
        asyncio.run(serve(embedded_control(run)))
        return
    if state is None or token_file is None:
        raise click.UsageError("--federation needs --state and --token-file")
    token = token_file.read_text().strip()
    if not token:
        raise click.UsageError(f"{token_file} is empty")
    try:
        links, api = endpoint(bind_links, "--bind-links"), endpoint(bind_api, "--bind-api")
        sites = read_federation(federation)
        told = fleet_control(sites, state, token, links, api, kubeconfig, sink_ca, public_url, networks)
    except BadFederation as error:
        raise click.UsageError(str(error)) from None
    log_to_stdout()
    asyncio.run(serve(told))


if __name__ == "__main__":
    main()
