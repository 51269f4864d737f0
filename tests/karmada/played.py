"""No kubelet and no access network here: what the test plays itself, named so.

``PlayedKubelet`` starts a Pod's process and writes its status as a kubelet would. ``PlayedAccess`` is the user plane and the one
device on it: it speaks to the control plane as an access network does, and to gateways in envelopes on N6.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import Pod, PodStatus, Secret
from lightkube.types import PatchType

from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.applications.application import expanded
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
from fedge.core.site.pods import INSTANCE_LABEL, PodState, read_pod, status_of
from fedge_sdk import ClientSession, wire

PERIOD_S = 1 / 60


class PlayedKubelet:
    """Of one member cluster. ``services``: what the cluster's DNS would answer; there is none on this machine either."""

    def __init__(
        self, client: Client, folder: Path, pod_ip: str, services: Mapping[str, str], working_dir: Path
    ) -> None:
        self._client, self._folder, self._ip = client, folder, pod_ip
        self._services, self._working_dir = services, working_dir
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def pods(self) -> list[dict[str, Any]]:
        """Pods of games that nobody wants to end."""
        found = self._client.list(Pod, namespace="default", labels={INSTANCE_LABEL: "true"})
        raws = [one.to_dict() for one in found]
        return [raw for raw in raws if not raw["metadata"].get("deletionTimestamp")]

    def start(self, raw: dict[str, Any]) -> str:
        """Run the Pod's one container as a process, and say that it runs. Its name."""
        pod = read_pod(raw, self._ip)
        site_dir = (
            self._folder / pod.uid
        )  # its emptyDir: gone with the Pod, kept over a restart of the container
        site_dir.mkdir(parents=True, exist_ok=True)
        env = self._env(raw, pod.env) | {"FEDGE_SITE_DIR": str(site_dir)}
        command = [sys.executable if word == "python3" else word for word in pod.command]
        with (site_dir / "output").open("ab") as out:
            self.running[pod.name] = subprocess.Popen(
                command, env=env, cwd=self._working_dir, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._report(raw, PodState("running", ready=True, address=self._ip))
        return pod.name

    def delete(self, name: str) -> None:
        """The Pod is deleted: its process and its files go."""
        self.end(name)
        self._client.delete(Pod, name, namespace="default", grace_period=0)

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for name in tuple(self.running):
            self.end(name)

    def _env(self, raw: dict[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
        """As a kubelet resolves it: in order, by value, field or secret, references to what stands before."""
        env: dict[str, str] = {}
        for one in raw["spec"]["containers"][0]["env"]:
            secret = (one.get("valueFrom") or {}).get("secretKeyRef")
            if secret is not None:
                kept = self._client.get(Secret, secret["name"], namespace="default").data or {}
                env[one["name"]] = base64.b64decode(kept[secret["key"]]).decode()
            else:
                env[one["name"]] = expanded(fields[one["name"]], env)
        return {name: self._services.get(value, value) for name, value in env.items()}

    def _report(self, raw: dict[str, Any], state: PodState) -> None:
        pod = read_pod(raw, self._ip)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = {"metadata": {"uid": pod.uid}, "status": status_of(pod, state, now)}
        self._client.patch(PodStatus, pod.name, body, namespace="default", patch_type=PatchType.MERGE)


class PlayedAccess:
    """One cell, one device ``player-1``. ``near``: the sites by their round trip in ms, as a network would measure them."""

    def __init__(self, control: str, token: str, near: Mapping[SiteId, float], n6: tuple[str, int]) -> None:
        self._control, self._token = control, token
        self._cell = Cell(
            CellId("cell-1"), "nr", 0.0, 0.0, 100.0, min(near, key=near.__getitem__), dict(near)
        )
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(n6)
        self.socket.settimeout(PERIOD_S)
        self._gateways: dict[int, str] = {}
        self.route: tuple[int, tuple[str, int]] | None = None
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
            self.route = message.generation, (host, int(port))
            self._link.send(RouteActivated(SessionId("player-1"), message.generation, time.time_ns()))

    def play(self, session: ClientSession) -> tuple[int, int]:
        """One period of the device: a datagram up, a frame down. (highest epoch believed, inputs acknowledged)."""
        if session.synced:
            session.push(b"\x01\x02")
        if self.route is not None:
            generation, gateway = self.route
            envelope = wire.Envelope(wire.UP, 0, session.key, generation, 0, 0, 0, 0, time.time_ns())
            self.socket.sendto(wire.seal(envelope, session.datagram()), gateway)
        with suppress(TimeoutError):
            session.receive(self.socket.recv(2048)[wire.ENVELOPE_BYTES :])
        return session.accepted_epoch, session.acked_seq

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._loop.close()
        self.socket.close()
