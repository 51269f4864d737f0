"""A federation without a supervisor: a control plane and two agents as processes, told their addresses by file and environment.

As on several machines; here all on loopback. **No access network here:** ``PlayedAccess`` is the user plane and the one device
on it. It speaks to the control plane as an access network does, and to gateways in IP packets on N6.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import yaml

from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import (
    AccessHello,
    ActivateRoute,
    Cell,
    InstallRoute,
    Message,
    RouteActivated,
    RouteInstalled,
    UeSighting,
    UesSighted,
)
from fedge.core.model import CellId, SessionId, SiteId, UeId
from fedge.wire import ip
from fedge_sdk import ClientSession, wire
from fedge_sdk.attach import NotYet, Refused, attach_once

PERIOD_S = 1 / 60
UE = ("10.45.0.1", 40_000)
TOKEN, INSTANCE_TOKEN = "the platform's", "the instances'"
SITES = {"member1": "harbour", "member2": "market"}
_OPEN = build_opener(ProxyHandler({}))


def free_ports(kind: socket.SocketKind, count: int) -> list[int]:
    probes = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Fleet:
    """A control plane and two agents as processes, told by files and environment alone: no supervisor, no run directory.

    ``own``: the host of each site's own address, if it has one.
    """

    def __init__(self, karmada: Path, folder: Path, own: Mapping[str, str] | None = None) -> None:
        self._karmada, self._folder, self._own = karmada, folder, own or {}
        tcp, udp = free_ports(socket.SOCK_STREAM, 6), free_ports(socket.SOCK_DGRAM, 7)
        self.links, self.api = f"127.0.0.1:{tcp[0]}", f"http://127.0.0.1:{tcp[1]}"
        self.n6 = ("127.0.0.1", udp[0])
        self.binds = {
            member: {
                "PEER": tcp[2 + at],
                "AGENT": tcp[4 + at],
                "GATEWAY": udp[1 + at],
                "INSIDE": udp[3 + at],
                "BETWEEN": udp[5 + at],
            }
            for at, member in enumerate(SITES)
        }
        self.file = folder / "federation.yaml"
        self.file.write_text(yaml.safe_dump(self._federation()))
        (folder / "token").write_text(TOKEN)
        (folder / "instance-token").write_text(INSTANCE_TOKEN)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def _federation(self) -> dict[str, Any]:
        sites = [
            {
                "site": site,
                "cluster": member,
                "gateway": f"127.0.0.1:{self.binds[member]['GATEWAY']}",
                "peer": f"127.0.0.1:{self.binds[member]['PEER']}",
                "between": f"127.0.0.1:{self.binds[member]['BETWEEN']}",
                **({"service": f"{self._own[member]}:7777"} if self._own else {}),
            }
            for member, site in SITES.items()
        ]
        at = "{}:{}".format(*self.n6)
        return {"controlPlane": self.links, "userPlane": at, "service": at, "sites": sites}

    def start_control_plane(self) -> None:
        state = self._folder / "control-plane"
        state.mkdir(exist_ok=True)
        self._start(
            "control-plane",
            "fedge.programs.control_plane",
            {},
            f"--federation={self.file}", f"--state={state}", f"--token-file={self._folder / 'token'}",
            f"--kubeconfig={self._karmada}", f"--bind-links={self.links}",
            f"--bind-api={self.api.removeprefix('http://')}",
        )  # fmt: skip

    def start_agent(self, member: str, kubeconfig: Path) -> None:
        state = self._folder / f"state-{member}"
        state.mkdir(exist_ok=True)
        told = {
            "FEDERATION": self.file,
            "CLUSTER": member,
            "TOKEN_FILE": self._folder / "token",
            "INSTANCE_TOKEN_FILE": self._folder / "instance-token",
            "STATE_DIR": state,
            "KUBECONFIG": kubeconfig,
        } | {f"BIND_{what}": f"127.0.0.1:{port}" for what, port in self.binds[member].items()}
        if self._own:
            told["BIND_TCP"] = self._own[member]
        env = {f"FEDGE_{name}": str(value) for name, value in told.items()}
        self._start(f"agent-{member}", "fedge.programs.site_agent", env)

    def _start(self, name: str, module: str, env: dict[str, str], *options: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FEDGE_")}
        with (self._folder / f"{name}.log").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", module, *options],
                env=kept | env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = Request(f"{self.api}/api/v1/{path}", method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        data = None if body is None else json.dumps(body).encode()
        with _OPEN.open(request, data=data, timeout=15) as answer:
            return json.loads(answer.read())

    def items(self, kind: str) -> dict[str, dict[str, Any]]:
        return {row[kind[:-1]]: row for row in self.ask("GET", kind)["items"]}

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        process.wait(20)

    def stop(self) -> None:
        for name in tuple(self.running):
            self.end(name)


class PlayedAccess:
    """One cell, one device ``player-1``. ``near``: the sites by their round trip in ms, as a network would measure them."""

    def __init__(self, control: str, token: str, near: Mapping[SiteId, float], n6: tuple[str, int]) -> None:
        self._control, self._token = control, token
        self._cell = Cell(
            CellId("cell-1"), "nr", 0.0, 0.0, 100.0, min(near, key=near.__getitem__), dict(near)
        )
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(n6)
        self._up = ip.Udp4(UE, n6)
        self._gateways: dict[int, str] = {}
        self.route: tuple[str, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._link: Dialled | None = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._speak(),))
        self._over = threading.Event()
        self._thread.start()

    async def _speak(self) -> None:
        hello = AccessHello(100.0, 100.0, (self._cell,), ())
        self._link = dial(
            self._control, self._token, role="access", name="played", greet=lambda: hello, receive=self._hear
        )
        seen = UeSighting(UeId("player-1"), 0.0, 0.0, self._cell.cell, "nr", -60.0, 5.0)
        while not self._over.is_set():
            self._link.send(UesSighted(time.time_ns(), (seen,)))
            await asyncio.sleep(0.1)
        await self._link.close()

    def _hear(self, message: Message) -> None:
        assert self._link is not None
        if isinstance(message, InstallRoute):
            self._gateways[message.generation] = message.gateway
            self._link.send(RouteInstalled(message.session, message.generation))
        elif isinstance(message, ActivateRoute):
            host, _, port = self._gateways[message.generation].rpartition(":")
            self.route = host, int(port)
            self._link.send(RouteActivated(SessionId("player-1"), message.generation, time.time_ns()))

    def play(self, session: ClientSession) -> tuple[int, int]:
        """One period of the device: a datagram up, and down every frame that has come. One that waited here while the test did
        something else says nothing of now. (highest epoch believed, inputs acknowledged).
        """
        if session.synced:
            session.push(b"\x01\x02")
        if self.route is not None:
            self.socket.sendto(self._up.packet(session.datagram()), self.route)
        self.socket.settimeout(PERIOD_S)
        with suppress(TimeoutError, BlockingIOError):
            while True:
                frame = self.socket.recv(2048)
                with suppress(wire.Malformed):  # a late frame of a session that is over is not this one's
                    session.receive(ip.read(frame).payload)
                self.socket.setblocking(False)
        return session.accepted_epoch, session.acked_seq

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._loop.close()
        self.socket.close()


def attached(fleet: Fleet) -> ClientSession | None:
    try:
        found = attach_once(fleet.api, "arena", "player-1", TOKEN)
    except (NotYet, Refused):  # refused while the device has not been sighted yet
        return None
    return ClientSession(found.key, found.epoch_floor, found.fresh, found.life)


def plays_on(access: PlayedAccess, session: ClientSession, epoch: int, within_s: float = 30.0) -> None:
    """Thirty more inputs are acknowledged, by a writer of that epoch or later."""
    _, before = access.play(session)
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        believed, acknowledged = access.play(session)
        if believed >= epoch and acknowledged >= before + 30:
            return
    pytest.fail(f"epoch {session.accepted_epoch}, {session.acked_seq - before} inputs acknowledged")


def ordered(fleet: Fleet, to: str) -> str | None:
    try:
        return str(fleet.ask("POST", "sessions/player-1/move", {"to": to})["move"])
    except HTTPError as error:
        if error.code in (409, 503):
            return None
        raise
