"""``fedge up`` and ``fedge demo``: what a run's programs read, and in which order they are started and ended.

`processes.py` keeps the programs up; `run_folder.py` has the run's folder; `demo.py` is its course, and asks `admin_api.py`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import sys
import time
from typing import Any, TextIO
from urllib.error import URLError

import msgspec

from fedge.adapters.embedded import addresses
from fedge.adapters.karmada.prepare import prepare, withdraw
from fedge.adapters.kubernetes.client import FAILURES
from fedge.core.control.tenancy import OWN
from fedge.core.model import Address
from fedge.programs import arena, run_folder
from fedge.programs.admin_api import AdminApi
from fedge.programs.endpoints import (
    REDIRECT_URI,
    capif_endpoints,
    exposed_endpoints,
    platform_endpoints,
    publish,
)
from fedge.programs.fleet import Fleet
from fedge.programs.free_addresses import free_net, free_port
from fedge.programs.processes import Processes
from fedge.programs.scenarios import scenario_of
from fedge.programs.settings import Settings, fedge_home
from fedge.programs.sinks import sink_endpoint
from fedge.runtime.run import BenchNode, Config
from fedge.simulation.city import write_city
from fedge.simulation.core5g.account import TOPOLOGY, open_account
from fedge.simulation.people import Crowd, write_crowd
from fedge.simulation.topology import write_topology

_PR_SET_CHILD_SUBREAPER = 36
READY_WITHIN_S = 60.0
WITHDRAWN_WITHIN_S = 20.0
"""An API server that has just been away asks for patience for so long, and one that is gone is given up."""
PODS_END_WITHIN_S = 150.0
"""Controllers take a minute and a half, and more, to end what was withdrawn, when Karmada's or a member's API server has just
been away. A Pod whose node left before would stay there as Terminating."""


class Supervisor(Processes):
    """One run in a folder of its own under ``$FEDGE_HOME/runs``."""

    def __init__(self, settings: Settings, say: TextIO = sys.stdout) -> None:
        self.settings = settings
        self.home = fedge_home(os.environ)
        super().__init__(run_folder.new_folder(self.home), say, settings.test_switches)
        self.scenario = scenario_of(settings)
        self.city = self.scenario.city
        self.net = free_net(len(self.city.sites))
        self.port = settings.port or free_port()
        self.token = secrets.token_urlsafe(24)
        self.api = AdminApi(self.port, self.token)
        self._story_at = 0

    # --- what the programs read --------------------------------------------------------------------------------------------

    def write_facts(self) -> None:
        """Everything the programs read; then ``current`` points here."""
        settings = self.settings
        run_folder.write_secret(self.folder / "token", self.token)
        self.started_ns = time.monotonic_ns()
        self.write_config(0.0, self.started_ns)
        write_city(self.folder / "city.json", self.city)
        write_topology(self.folder / TOPOLOGY, self.city)
        write_crowd(self.folder, Crowd(self.scenario.people, self.scenario.habits))
        ends = (addresses.nef(self.net), addresses.capif(self.net), addresses.application_function(self.net))
        self.core = open_account(self.folder, *map(Address, ends))
        run_folder.taken_over(self.home, self.folder)
        self._env = {
            **os.environ,
            "FEDGE_RUN_DIR": str(self.folder),
            "FEDGE_LIFELINE": str(self._lifeline_read),
            "PYTHONUNBUFFERED": "1",
        }
        if "failpoints" in settings.test_switches:
            (self.folder / "failpoints").mkdir()
            self._env["FEDGE_FAILPOINTS"] = str(self.folder / "failpoints")

    def write_config(self, duration_s: float, started_ns: int) -> None:
        settings = self.settings
        config = Config(
            engine=settings.engine,
            seed=settings.seed,
            sites=len(self.city.sites),
            players=settings.players,
            policy=settings.policy,
            time_scale=settings.time_scale,
            state_bytes=settings.state_bytes,
            backhaul_rtt_ms=settings.backhaul_rtt_ms,
            net=self.net,
            duration_s=duration_s,
            port=self.port,
            started_ns=started_ns,
            test_switches=settings.test_switches,
            demo=settings.demo,
            nodes=self._nodes(),
            karmada=settings.fleet.karmada.kubeconfig if settings.fleet is not None else "",
            terms=settings.terms,
        )
        fresh = self.folder / "config.json.new"
        fresh.write_bytes(msgspec.json.encode(config))
        fresh.replace(self.folder / "config.json")

    def _nodes(self) -> tuple[BenchNode, ...]:
        fleet = self.settings.fleet
        members = fleet.with_nodes if fleet is not None else ()
        return tuple(BenchNode(each.node, each.node_kubeconfig, each.name) for each in members)

    # --- processes ---------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End everything that was started here: players first, then the platform, then whatever is left."""
        if self.settings.fleet is not None:
            self._leave_karmada(self.settings.fleet)
        self.end_programs(first="player-fleet")
        run_folder.left(self.home, self.folder)

    def _leave_karmada(self, fleet: Fleet) -> None:
        """Withdraw what was published while the agents still run, so that they can end their Pods as nodes do."""
        for name in ("player-fleet", "control-plane"):
            self.end(name)
        give_up = time.monotonic() + WITHDRAWN_WITHIN_S
        while True:
            try:
                withdraw(fleet.karmada.kubeconfig)
                break
            except FAILURES as error:
                if time.monotonic() > give_up:
                    self.say(f"Karmada keeps what was published there: {error}")
                    return
                time.sleep(0.5)
        give_up = time.monotonic() + PODS_END_WITHIN_S
        memories = [self.folder / "sites" / str(site.site) / "pods.json" for site in self.city.sites]
        while time.monotonic() < give_up and any(f.exists() and f.read_text() != "{}" for f in memories):
            time.sleep(0.1)

    # --- talking -----------------------------------------------------------------------------------------------------------

    def tell_story(self) -> None:
        """Print what has happened since the last call: a line a step."""
        path = self.folder / "story.log"
        if not path.exists():
            return
        with path.open("rb") as story:
            story.seek(self._story_at)
            data = story.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._story_at += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError):
                self.say(_sentence(json.loads(line)))

    # --- the course of a run -----------------------------------------------------------------------------------------------

    def open_run(self) -> None:
        """Before the first program: the facts, and that orphans become children of ours."""
        (self.folder / "logs").mkdir(exist_ok=True)
        self.write_facts()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start_platform(self) -> None:
        self.open_run()
        fleet = self.settings.fleet
        if fleet is not None:
            prepare(
                fleet.karmada.kubeconfig,
                {m.name: str(s.site) for m, s in zip(fleet.with_nodes, self.city.sites, strict=False)},
            )
        self.add("control-plane", "fedge.programs.control_plane")
        if fleet is not None:
            self.add("scheduler", "fedge.programs.scheduler", *self._scheduler_options(fleet))
        self.start_5g_system()
        for site in self.city.sites:
            self.add(f"agent-{site.site}", "fedge.programs.site_agent", str(site.index))

    def start_5g_system(self) -> None:
        """Simulated: the core network's control side, a user plane function for each site, and the access network."""
        self.add("core-network", "fedge.programs.core_network")
        for site in self.city.sites:
            self.add(f"upf-{site.site}", "fedge.programs.upf", str(site.index))
        self.add("access-network", "fedge.programs.access_network", prompt=True)

    def _scheduler_options(self, fleet: Fleet) -> list[str]:
        figures = f"{self.api.base}/api/v1/figures"
        return [
            "--kubeconfig",
            fleet.karmada.kubeconfig,
            "--figures",
            figures,
            "--token-file",
            str(self.folder / "token"),
        ]

    def wait_until(self, what: str, ready: Any) -> None:
        """Poll ``ready()`` until true. Raises ``TimeoutError``."""
        give_up = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < give_up:
            self.keep_up()
            with contextlib.suppress(URLError, OSError, ValueError):
                if ready():
                    return
            time.sleep(0.05)
        raise TimeoutError(
            f"{what} not within {READY_WITHIN_S:.0f} s; see the logs in {self.folder / 'logs'}"
        )

    def core_network_answers(self) -> bool:
        return bool(exposed_endpoints(self.folder, self.core))

    def platform_answers(self) -> bool:
        return self.api.sites_answer(len(self.city.sites))

    def instances_ready(self) -> bool:
        return self.api.instances_ready(len(self.city.sites))

    def deploy_game(self) -> None:
        """Apply the arena's manifests."""
        settings = self.settings
        objects = arena.arena_objects(settings.state_bytes, settings.policy == "stay")
        self.api.ask("POST", "/api/v1/apply", {"objects": objects})

    def studio(self) -> tuple[str, str]:
        """Name and secret of a client for whoever tries the CAMARA APIs as a studio would: that of the arena's namespace."""
        client = {"redirect_uris": [REDIRECT_URI]}
        return OWN, str(self.api.ask("POST", f"/api/v1/tenants/{OWN}/token", client)["token"])

    def write_endpoints(self) -> dict[str, Any]:
        sinks = sink_endpoint(self.folder)
        apis = platform_endpoints(self.api.base, self.token, sinks, self.studio())
        apis |= exposed_endpoints(self.folder, self.core) | capif_endpoints(self.folder, self.core)
        self.publish({"apis": apis})
        return {"apis": apis}

    def publish(self, endpoints: dict[str, Any]) -> None:
        """Into the run folder, and wherever else it was asked for."""
        publish(endpoints, filter(None, (self.folder / "endpoints.json", self.settings.endpoints)))


def _sentence(entry: dict[str, Any]) -> str:
    at = f"{entry['at_s']:8.3f} s"
    if "state" in entry:
        return f"{at}  {entry['move']:<6} {entry['ue']:<10} {entry['state']:<9} {entry['says']}"
    return f"{at}  {entry['says']}"
