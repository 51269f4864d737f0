"""Around the control plane's core: its journal, its links, and what the API sees of it. Wiring only.

Journal → core → links to agents; the story of each move on its folder's ``moves.jsonl`` and ``story.log``. With a
``core5g.json`` in its folder routes, places and cells are the 5G operator's (``programs.operated``); without one, whoever dials
in as the access network has them. ``control_plane`` is the program.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from fedge.adapters.core5g import Subscribers
from fedge.adapters.embedded.link import Join, Line
from fedge.adapters.karmada.engine import KarmadaEngine
from fedge.adapters.notifications import LOOPBACK, Notifications
from fedge.api.admin import Page
from fedge.api.admin.metrics import Metrics
from fedge.api.admin.operator_state import OperatorState
from fedge.api.admin.view import Facts
from fedge.api.camara import tell_sink
from fedge.api.mec import notification
from fedge.core.control import ClientGone, ControlPlane, ControlSettings, Notify, Reply, Story, ToSink, Untold
from fedge.core.messages import HopFigures, Message, WriterChanged
from fedge.core.model import MS, SiteId, UeId
from fedge.dashboard import CONTENT_SECURITY_POLICY, INDEX, STATIC_DIR
from fedge.ports import AccessNetwork
from fedge.programs.control_config import ControlConfig
from fedge.programs.control_ports import AccessLine, SiteLines, TimedJournal, Wanted
from fedge.programs.northbound import Northbound
from fedge.programs.operated import Operated
from fedge.programs.sinks import sink_trust
from fedge.runtime.audit import AuditLog
from fedge.runtime.loop import ControlLoop, restored

log = structlog.get_logger("control")
ANSWER_WITHIN_S = 10.0


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
        terms = config.terms
        self.base = terms.public_url or "http://{}:{}".format(*config.bind_api)
        trust = sink_trust(config.folder, Path(terms.sink_ca) if terms.sink_ca else None)
        self.notifications = Notifications(terms.callback_networks or LOOPBACK, trust=trust)
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
        """Put a question to the core; 503 if it has no answer in time."""
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

    def _tell_sink(self, told: ToSink | Untold | ClientGone) -> None:
        if isinstance(told, ClientGone):
            self.notifications.forget(told.client)
        elif self.northbound is not None:
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
