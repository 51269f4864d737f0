"""``fedge up`` and ``fedge demo``: starts the programs of a run, restarts one that dies, tells the story, and ends them all.

Nothing outlives it: programs and instances hold the read end of a pipe whose write end only the supervisor has, and orphans
(instances whose agent was killed) become its children, so that the end of a run finds every one of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import msgspec

from fedge.adapters.embedded import addresses
from fedge.adapters.karmada.prepare import prepare, withdraw
from fedge.api.manifest_files import read_manifests
from fedge.core.model import SECOND, Address
from fedge.programs.fleet import Fleet
from fedge.programs.scenarios import scenario_of
from fedge.programs.settings import Settings, fedge_home
from fedge.runtime.run import BenchNode, Config
from fedge.simulation.city import write_city
from fedge.simulation.core5g.account import open_account
from fedge.simulation.people import Crowd, write_crowd

_PR_SET_CHILD_SUBREAPER = 36
_OPEN = build_opener(ProxyHandler({}))
RESTART_AFTER_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
READY_WITHIN_S = 60.0
PODS_END_WITHIN_S = 90.0
"""A member's controllers take up to a minute to end what was withdrawn, when its API server has just been away. A Pod whose node
left before would stay there as Terminating."""
ARENA_IMAGE = "registry.example/fedge/arena:1"
SLOWEST_COPY_BYTES_PER_MS = 10_000
"""A larger state gets a later deadline: so slow a copy is still allowed."""


@dataclass
class Program:
    """One program that shall run."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    start_after: float = 0.0
    ends_by_itself: bool = False
    started: float = field(default=0.0)
    held: bool = False
    """Once dead it stays so."""
    struck: bool = False
    """It was killed from here."""


class Supervisor:
    """One run in a folder of its own under ``$FEDGE_HOME/runs``."""

    def __init__(self, settings: Settings, say: TextIO = sys.stdout) -> None:
        self.settings = settings
        self._say_to = say
        self.home = fedge_home(os.environ)
        running = _running(self.home)
        if running is not None:
            raise AlreadyRunning(
                f"a platform runs here already ({running}); end it with `fedge down`, or set FEDGE_HOME to another folder"
            )
        self.folder = self._new_folder()
        self.scenario = scenario_of(settings)
        self.city = self.scenario.city
        self.net = _free_net()
        self.port = settings.port or _free_port()
        self.token = secrets.token_urlsafe(24)
        self.programs: dict[str, Program] = {}
        self.stopping = False
        self.started_ns = 0
        self.killed: list[tuple[float, str]] = []
        """When a program was found killed by somebody else (seconds of the run), and which."""
        self._lifeline_read, self._lifeline = os.pipe()
        self._story_at = 0
        self._env: dict[str, str] = {}

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
        write_crowd(self.folder, Crowd(self.scenario.people, self.scenario.habits))
        self.core = open_account(
            self.folder, Address(addresses.nef(self.net)), Address(addresses.application_function(self.net))
        )
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
        )
        fresh = self.folder / "config.json.new"
        fresh.write_bytes(msgspec.json.encode(config))
        fresh.replace(self.folder / "config.json")

    def _nodes(self) -> tuple[BenchNode, ...]:
        fleet = self.settings.fleet
        members = fleet.with_nodes if fleet is not None else ()
        images = {ARENA_IMAGE: str(arena_folder())}
        return tuple(BenchNode(each.node, each.node_kubeconfig, each.name, images) for each in members)

    # --- processes ---------------------------------------------------------------------------------------------------------

    def add(self, name: str, module: str, *arguments: str, ends_by_itself: bool = False) -> Program:
        program = Program(name, [sys.executable, "-m", module, *arguments], ends_by_itself=ends_by_itself)
        self.programs[name] = program
        self._start(program)
        return program

    def _start(self, program: Program) -> None:
        out = (self.folder / "logs" / f"{program.name}.out").open("ab")
        program.process = subprocess.Popen(
            program.command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=[self._lifeline_read],
            start_new_session=True,
        )
        program.started = time.monotonic()
        out.close()
        (self.folder / "pids").mkdir(exist_ok=True)
        (self.folder / "pids" / program.name).write_text(str(program.process.pid))

    def keep_up(self) -> None:
        """Restart what died. A program that ends by itself may end with 0."""
        now = time.monotonic()
        for program in self.programs.values():
            process = program.process
            if process is not None and process.poll() is not None:
                program.process = None
                if program.ends_by_itself and process.returncode == 0:
                    continue
                if now - program.started > 10:
                    program.restarts = 0
                program.start_after = now + RESTART_AFTER_S[min(program.restarts, len(RESTART_AFTER_S) - 1)]
                program.restarts += 1
                if process.returncode == -signal.SIGKILL and not program.struck:
                    self.killed.append((self.run_s(), program.name))
                program.struck = False
                again = "" if program.held else "; starting it again"
                self.say(f"{program.name} died ({_exit_words(process.returncode)}){again}")
            if (
                program.process is None
                and program.start_after
                and now >= program.start_after
                and not self._kept_down(program)
            ):
                program.start_after = 0.0
                self._start(program)

    def _kept_down(self, program: Program) -> bool:
        """With the test switch ``failpoints``: a file ``down.<program>`` there keeps a dead program dead."""
        return program.held or (
            "failpoints" in self.settings.test_switches
            and (self.folder / "failpoints" / f"down.{program.name}").exists()
        )

    def kill(self, name: str) -> None:
        """SIGKILL, if it runs."""
        program = self.programs[name]
        if program.process is not None and program.process.poll() is None:
            program.struck = True
            program.process.kill()

    def hold(self, name: str, held: bool) -> None:
        """Whether it stays dead once it is."""
        self.programs[name].held = held

    def stop(self) -> None:
        """End everything that was started here: players first, then the platform, then whatever is left."""
        self.stopping = True
        if self.settings.fleet is not None:
            self._leave_karmada(self.settings.fleet)
        for name in sorted(self.programs, key=lambda n: n != "player-fleet"):
            process = self.programs[name].process
            if process is not None and process.poll() is None:
                process.terminate()
                if name == "player-fleet":
                    _wait(process, 3.0)
        for program in self.programs.values():
            if program.process is not None:
                _wait(program.process, 4.0)
        os.close(self._lifeline)
        _end_orphans()
        os.close(self._lifeline_read)
        (self.folder / "supervisor.pid").unlink(missing_ok=True)
        current = self.home / "current"
        if current.is_symlink() and current.resolve() == self.folder.resolve():
            current.unlink()

    def _leave_karmada(self, fleet: Fleet) -> None:
        """Withdraw what was published while the agents still run, so that they can end their Pods as nodes do."""
        for name in ("player-fleet", "control-plane"):
            program = self.programs.get(name)
            if program is not None and program.process is not None and program.process.poll() is None:
                program.process.terminate()
                _wait(program.process, 4.0)
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

    def run_s(self) -> float:
        """Seconds since the run began: the clock of the story, of people's movement and of a scenario's events."""
        return (time.monotonic_ns() - self.started_ns) / SECOND

    def say(self, line: str) -> None:
        print(line, file=self._say_to, flush=True)

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

    def write_endpoints(self) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.port}"
        endpoints = {
            "apis": {
                "fedge-admin": {
                    "url": base,
                    "standard": "Fedge admin API v1 (OpenAPI 3.0 at /api/v1/openapi.json)",
                    "token": self.token,
                },
                "simple-edge-discovery": {
                    "url": f"{base}/simple-edge-discovery/v2",
                    "standard": "CAMARA Simple Edge Discovery 2.0.1",
                    "token": self.token,
                },
                "nef-traffic-influence": self.nef_endpoint(),
                "mec-011-support": {
                    "url": f"{base}/mec_app_support/v1",
                    "standard": "ETSI GS MEC 011 v3.1.1, application support",
                    "token": self.token,
                },
                "mec-011-services": {
                    "url": f"{base}/mec_service_mgmt/v1",
                    "standard": "ETSI GS MEC 011 v3.1.1, service management",
                    "token": self.token,
                },
                "mec-021": {
                    "url": f"{base}/amsi/v1",
                    "standard": "ETSI GS MEC 021 v2.2.1, application mobility service",
                    "token": self.token,
                },
                "metrics": {
                    "url": f"{base}/metrics",
                    "standard": "Prometheus text format 0.0.4",
                    "token": "",
                },
            }
        }
        self.publish(endpoints)
        return endpoints

    def publish(self, endpoints: dict[str, Any]) -> None:
        """Into the run folder, and wherever else it was asked for."""
        for path in filter(None, (self.folder / "endpoints.json", self.settings.endpoints)):
            fresh = path.with_name(f".{path.name}.new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(endpoints, indent=1))
            fresh.replace(path)

    def nef_endpoint(self) -> dict[str, str]:
        """Raises ``URLError`` while the core network does not answer."""
        return {
            "url": self.core.nef,
            "standard": "3GPP TS 29.522 Rel-17 Traffic Influence (simulated core network)",
            "token": self._core_token(),
            "token_url": self.core.token,
            "client_id": self.core.client_id,
            "client_secret": self.core.client_secret,
            "ca": str(self.folder / self.core.ca),
        }

    def _core_token(self) -> str:
        """An access token of the simulated core (OAuth2 client credentials). It lapses; ``token_url`` gives another."""
        trust = ssl.create_default_context(cafile=self.folder / self.core.ca)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.core.client_id,
            "client_secret": self.core.client_secret,
        }
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust))
        with opener.open(Request(self.core.token, data=urlencode(form).encode()), timeout=10) as answer:
            return str(json.loads(answer.read())["access_token"])


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


def _free_net() -> int:
    """A second octet whose addresses nobody on this machine uses."""
    draw = random.SystemRandom()
    for _ in range(50):
        net = draw.randint(16, 250)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(addresses.endpoint(addresses.control(net)))
            return net
    raise OSError("no free 127.x.0.0/16 was found in 50 draws")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _children() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _end_orphans() -> None:
    """Instances that outlived their agent are children of ours now."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        give_up = time.monotonic() + 2.0
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
        while _children() and time.monotonic() < give_up:
            time.sleep(0.02)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _exit_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


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
