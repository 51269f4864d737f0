"""The bench as one thing: up, down, and single programs started, stopped and killed by name.

What runs is remembered in the home folder by process id and time of birth, so that nobody else's process is ever ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fedge.adapters.embedded.processes import started_at
from testbench import build, karmada_setup
from testbench.programs import AGGREGATED, MEMBERS, PULLED, Layout, Timing, commands, port_names

READY_WITHIN_S = 120.0


class Bench:
    """One control plane and its members, in a folder."""

    def __init__(self, at: Layout) -> None:
        self.at, self.home = at, at.home
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._pids = at.home / "pids.json"

    # --- all of it ---------------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, home: Path) -> Bench:
        """A bench that was started before. Raises ``FileNotFoundError``."""
        facts = json.loads((home / "layout.json").read_text())
        return cls(Layout(home, Path(facts["bin"]), facts["ports"], Timing(**facts["timing"])))

    @classmethod
    def up(cls, home: Path, timing: Timing | None = None, stock_scheduler: bool = True) -> Bench:
        """Start what is not running; ``timing`` counts for a new home only.

        Raises ``build.NoGo``, ``RuntimeError``, ``TimeoutError``.
        """
        home = home.absolute()
        folder = build.build()
        definitions = build.definitions(folder)
        home.mkdir(parents=True, exist_ok=True)
        if (home / "layout.json").exists():
            bench = cls.open(home)
            bench.at.bin = folder
        else:
            bench = cls(Layout(home, folder, _free_ports(port_names()), timing or Timing()))
        facts = {"bin": str(folder), "ports": bench.at.ports, "timing": asdict(bench.at.timing)}
        (home / "layout.json").write_text(json.dumps(facts, indent=1))
        if not bench.whole(stock_scheduler):
            bench._bring_up(definitions, stock_scheduler)
        return bench

    def whole(self, stock_scheduler: bool = True) -> bool:
        """Does every program run, every API server answer, and is every member Ready? Then nothing is to be brought up."""
        names = [name for name in commands(self.at) if stock_scheduler or name != "karmada-scheduler"]
        if not (self.home / "bench.json").exists() or not all(map(self.running, names)):
            return False
        try:
            answer = all(karmada_setup.api_answers(self.at.admin(each)) for each in ("karmada", *MEMBERS))
            return answer and sum(karmada_setup.joined(self.at).values()) >= len(MEMBERS)
        except Exception:  # whatever a server that is ill makes a client raise
            return False

    def _bring_up(self, definitions: Path, stock_scheduler: bool) -> None:
        at = self.at
        self.start("etcd")
        self._wait("etcd", lambda: _listens(at.ports["etcd"]))
        for cluster in ("karmada", *MEMBERS):
            self.start(f"{cluster}-apiserver")
        for cluster in ("karmada", *MEMBERS):
            admin = at.admin(cluster)
            self._wait(f"{cluster}'s API server", lambda admin=admin: karmada_setup.api_answers(admin))
        for cluster in MEMBERS:
            self.start(f"{cluster}-controller-manager")
            self.start(f"{cluster}-scheduler")
        self.start("karmada-kube-controller-manager")
        karmada_setup.set_up(at, definitions)
        self.start("karmada-webhook")
        self.start(AGGREGATED)
        self._wait(
            "the webhook", lambda: self.ensure("karmada-webhook") and _listens(at.ports["karmada-webhook"])
        )
        self._wait(
            "Karmada's aggregated API",
            lambda: self.ensure(AGGREGATED) and karmada_setup.joined(at) is not None,
        )
        self.start("karmada-controller-manager")
        for member in MEMBERS:
            karmada_setup.join(at, member)
        self.start(f"karmada-agent-{PULLED}")
        if stock_scheduler:
            self.start("karmada-scheduler")
        self._wait("members Ready", lambda: sum(karmada_setup.joined(at).values()) >= len(MEMBERS))
        self.write()

    def down(self, clean: bool = False) -> None:
        """End every program, the last started first; ``clean`` forgets the data too."""
        for name in reversed(list(commands(self.at))):
            self.stop(name)
        if clean:
            shutil.rmtree(self.home, ignore_errors=True)

    def write(self) -> None:
        """``bench.json``: what a run of Fedge on this Karmada needs to know."""
        at = self.at
        members = []
        for member in MEMBERS:
            node, kubeconfig = at.node(member)
            members.append(
                {
                    "name": member,
                    "mode": "Pull" if member == PULLED else "Push",
                    "kubeconfig": str(at.admin(member)),
                    "node": node,
                    "node_kubeconfig": str(kubeconfig),
                    "ca": str(at.ca[member].crt),
                }
            )
        facts = {
            "karmada": {
                "kubeconfig": str(at.admin("karmada")),
                "server": at.server("karmada"),
                "version": build.version("karmada", build.KARMADA),
            },
            "kubernetes": build.version("kubernetes", "k8s.io/kubernetes"),
            "go": build.toolchain("karmada"),
            "feature_gates": "controller manager: Failover, GracefulEviction; webhook: AllAlpha, AllBeta",
            "members": members,
            "programs": {name: {"log": str(self.log(name))} for name in commands(at)},
            "bin": str(at.bin),
        }
        (self.home / "bench.json").write_text(json.dumps(facts, indent=1))

    # --- single programs ---------------------------------------------------------------------------------------------------

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def start(self, name: str, extra: tuple[str, ...] = ()) -> None:
        """Start a program that is not running. ``extra``: further flags; the last of a kind counts."""
        if self.running(name):
            return
        line = [*commands(self.at)[name], *extra]
        self.log(name).parent.mkdir(exist_ok=True)
        with self.log(name).open("ab") as out:
            child = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd=self.home
            )
        self._children[name] = child
        self._remember(name, {"pid": child.pid, "birth": started_at(child.pid)})

    def stop(self, name: str, hard: bool = False) -> None:
        """SIGTERM, and SIGKILL after 10 s or at once where ``hard``."""
        pid = self.running(name)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)
            give_up = time.monotonic() + 10
            while self.running(name) and time.monotonic() < give_up:
                time.sleep(0.05)
            if self.running(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        child = self._children.pop(name, None)
        if child is not None:
            child.wait()
        self._remember(name, None)

    def kill(self, name: str) -> None:
        self.stop(name, hard=True)

    def running(self, name: str) -> int:
        """Its process id; 0 where it does not run."""
        child = self._children.get(name)
        if child is not None:
            child.poll()
        record = self._records().get(name)
        alive = record is not None and started_at(record["pid"]) == record["birth"]
        return int(record["pid"]) if record is not None and alive else 0

    def ensure(self, name: str) -> bool:
        """It runs; if it has ended it is started again: some programs give up where another is still starting."""
        if not self.running(name):
            self.start(name)
        return True

    def bring_back(self, name: str) -> None:
        """Start an API server that was stopped or killed, and wait until it answers. Raises ``TimeoutError``."""
        admin = self.at.admin(name.removesuffix("-apiserver"))
        self._wait(f"{name} again", lambda: self.ensure(name) and karmada_setup.api_answers(admin))

    def _records(self) -> dict[str, dict[str, Any]]:
        try:
            found: dict[str, dict[str, Any]] = json.loads(self._pids.read_text())
        except FileNotFoundError:
            return {}
        return found

    def _remember(self, name: str, record: dict[str, Any] | None) -> None:
        records = self._records()
        records.pop(name, None)
        if record is not None:
            records[name] = record
        self._pids.write_text(json.dumps(records))

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        give_up = time.monotonic() + READY_WITHIN_S
        said = ""
        while time.monotonic() < give_up:
            try:
                if ready():
                    return
            except Exception as error:  # a server that is starting answers in many ways
                said = f": {type(error).__name__}: {error}"[:300]
            time.sleep(0.2)
        raise TimeoutError(
            f"{what} not within {READY_WITHIN_S:.0f} s{said}; logs are in {self.home / 'logs'}"
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(names: list[str]) -> dict[str, int]:
    probes = [socket.socket() for _ in names]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return {name: probe.getsockname()[1] for name, probe in zip(names, probes, strict=True)}
    finally:
        for probe in probes:
            probe.close()
