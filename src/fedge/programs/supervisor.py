"""``fedge up`` and ``fedge demo``: a run's folder and its course: what the programs read, what is started, the story, the end.

`processes.py` keeps the programs up; `endpoints.py` says where a run's APIs are.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import secrets
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any, TextIO
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from fedge.adapters.embedded import addresses
from fedge.adapters.karmada.prepare import prepare, withdraw
from fedge.api.manifest_files import read_manifests
from fedge.core.control.tenancy import OWN
from fedge.core.model import Address
from fedge.programs.endpoints import (
    REDIRECT_URI,
    capif_endpoints,
    exposed_endpoints,
    platform_endpoints,
    publish,
)
from fedge.programs.fleet import Fleet
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
_OPEN = build_opener(ProxyHandler({}))
READY_WITHIN_S = 60.0
PODS_END_WITHIN_S = 90.0
"""A member's controllers take up to a minute to end what was withdrawn, when its API server has just been away. A Pod whose node
left before would stay there as Terminating."""
SLOWEST_COPY_BYTES_PER_MS = 10_000
"""A larger state gets a later deadline: so slow a copy is still allowed."""


class Supervisor(Processes):
    """One run in a folder of its own under ``$FEDGE_HOME/runs``."""

    def __init__(self, settings: Settings, say: TextIO = sys.stdout) -> None:
        self.settings = settings
        self.home = fedge_home(os.environ)
        running = _running(self.home)
        if running is not None:
            raise AlreadyRunning(
                f"a platform runs here already ({running}); end it with `fedge down`, or set FEDGE_HOME to another folder"
            )
        super().__init__(self._new_folder(), say, settings.test_switches)
        self.scenario = scenario_of(settings)
        self.city = self.scenario.city
        self.net = _free_net(len(self.city.sites))
        self.port = settings.port or _free_port()
        self.token = secrets.token_urlsafe(24)
        self.stopping = False
        self._story_at = 0

    # --- the run directory -------------------------------------------------------------------------------------------------

    def _new_folder(self) -> Path:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = self.home / "runs" / f"{stamp}-{os.getpid()}"
        n = 0
        while folder.exists():
            n += 1
            folder = self.home / "runs" / f"{stamp}-{os.getpid()}.{n}"
        folder.mkdir(parents=True)
        for old in sorted((self.home / "runs").iterdir())[:-10]:
            if not (old / "supervisor.pid").exists():
                shutil.rmtree(old, ignore_errors=True)
        return folder

    def write_facts(self) -> None:
        """Everything the programs read; then ``current`` points here."""
        settings = self.settings
        token = os.open(self.folder / "token", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(token, self.token.encode())
        os.close(token)
        self.started_ns = time.monotonic_ns()
        self.write_config(0.0, self.started_ns)
        write_city(self.folder / "city.json", self.city)
        write_topology(self.folder / TOPOLOGY, self.city)
        write_crowd(self.folder, Crowd(self.scenario.people, self.scenario.habits))
        ends = (addresses.nef(self.net), addresses.capif(self.net), addresses.application_function(self.net))
        self.core = open_account(self.folder, *map(Address, ends))
        (self.folder / "supervisor.pid").write_text(str(os.getpid()))
        current = self.home / "current"
        fresh = self.home / f".current-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.folder)
        fresh.replace(current)
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
        self.stopping = True
        if self.settings.fleet is not None:
            self._leave_karmada(self.settings.fleet)
        self.end_programs(first="player-fleet")
        (self.folder / "supervisor.pid").unlink(missing_ok=True)
        current = self.home / "current"
        if current.is_symlink() and current.resolve() == self.folder.resolve():
            current.unlink()

    def _leave_karmada(self, fleet: Fleet) -> None:
        """Withdraw what was published while the agents still run, so that they can end their Pods as nodes do."""
        for name in ("player-fleet", "control-plane"):
            self.end(name)
        try:
            withdraw(fleet.karmada.kubeconfig)
        except (OSError, RuntimeError, ValueError) as error:
            self.say(f"Karmada keeps what was published there: {error}")
            return
        give_up = time.monotonic() + PODS_END_WITHIN_S
        memories = [self.folder / "sites" / str(site.site) / "pods.json" for site in self.city.sites]
        while time.monotonic() < give_up and any(f.exists() and f.read_text() != "{}" for f in memories):
            time.sleep(0.1)

    # --- talking -----------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the admin API. Raises ``URLError`` (``HTTPError``) where it fails."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        data = None if body is None else json.dumps(body).encode()
        with _OPEN.open(request, data=data, timeout=10) as answer:
            return json.loads(answer.read())

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
        self.add("access-network", "fedge.programs.access_network")

    def _scheduler_options(self, fleet: Fleet) -> list[str]:
        figures = f"http://127.0.0.1:{self.port}/api/v1/figures"
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
        sites = self.ask("GET", "/api/v1/sites")["items"]
        view = self.ask("GET", "/api/v1/view")
        return len(sites) == len(self.city.sites) and bool(view["cells"])

    def instances_ready(self) -> bool:
        ready = [one for one in self.ask("GET", "/api/v1/instances")["items"] if one["state"] == "ready"]
        return len(ready) >= len(self.city.sites)

    def deploy_game(self) -> None:
        """Apply the arena's manifests, with the state size that was asked for."""
        objects = []
        for found in read_manifests(arena_folder()):
            raw = found.object
            if raw["kind"] == "QoSPolicy":
                raw["spec"]["state"]["bytes"] = self.settings.state_bytes
                raw["spec"]["mobility"]["deadlineMs"] += self.settings.state_bytes / SLOWEST_COPY_BYTES_PER_MS
                if self.settings.policy == "stay":
                    raw["spec"]["mobility"]["mode"] = "stay"
            objects.append(raw)
        self.ask("POST", "/api/v1/apply", {"objects": objects})

    def studio(self) -> tuple[str, str]:
        """Name and secret of a client for whoever tries the CAMARA APIs as a studio would: that of the arena's namespace."""
        client = {"redirect_uris": [REDIRECT_URI]}
        return OWN, str(self.ask("POST", f"/api/v1/tenants/{OWN}/token", client)["token"])

    def write_endpoints(self) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.port}"
        sinks = sink_endpoint(self.folder)
        studio = self.studio()
        apis = platform_endpoints(base, self.token, sinks, studio) | exposed_endpoints(self.folder, self.core)
        apis |= capif_endpoints(self.folder, self.core)
        self.publish({"apis": apis})
        return {"apis": apis}

    def publish(self, endpoints: dict[str, Any]) -> None:
        """Into the run folder, and wherever else it was asked for."""
        publish(endpoints, filter(None, (self.folder / "endpoints.json", self.settings.endpoints)))


def arena_folder() -> Path:
    """The game's manifests, in the checkout that this program was installed from."""
    folder = Path(__file__).resolve().parents[3] / "examples" / "arena"
    if not folder.is_dir():
        raise FileNotFoundError(
            "the demo plays examples/arena, which is only in a checkout of the repository"
        )
    return folder


def _running(home: Path) -> Path | None:
    """The run directory of the platform that uses ``home`` now, if there is one alive."""
    current = home / "current"
    try:
        os.kill(int((current / "supervisor.pid").read_text()), 0)
    except (OSError, ValueError):
        return None
    return current.resolve()


class AlreadyRunning(OSError):
    """Another platform uses this FEDGE_HOME."""


def _free_net(sites: int) -> int:
    """A second octet whose addresses nobody on this machine uses: no control plane, and no instance that outlived its run."""
    draw = random.SystemRandom()
    for _ in range(50):
        net = draw.randint(16, 250)
        instances = [addresses.instance(net, site, 1) for site in range(sites)]
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            control = probes.enter_context(socket.socket())
            control.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            control.bind(addresses.endpoint(addresses.control(net)))
            for address in instances:
                probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(addresses.endpoint(address))
            return net
    raise OSError("no free 127.x.0.0/16 was found in 50 draws")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _sentence(entry: dict[str, Any]) -> str:
    at = f"{entry['at_s']:8.3f} s"
    if "state" in entry:
        return f"{at}  {entry['move']:<6} {entry['ue']:<10} {entry['state']:<9} {entry['says']}"
    return f"{at}  {entry['says']}"


def run(settings: Settings) -> int:
    """Run the platform or the demo to its end; returns the exit status."""
    from fedge.programs.demo import play

    return play(settings)


__all__ = ["Supervisor", "addresses", "run"]
