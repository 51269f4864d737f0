"""Games without the SDK as tests visit them: where a player connects, who answers there, a device that sends datagrams."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

from fedge.adapters.embedded import addresses
from fedge_sdk.visit import Place, visit
from tests.system.platform import Platform, until
from tests.system.websocket import WebSocket

NIM = Path(__file__).resolve().parents[2] / "examples" / "nim"
ECHO = """
import os, socket
host, _, port = os.environ["FEDGE_BIND"].rpartition(":")
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind((host, int(port)))
while True:
    data, client = own.recvfrom(2048)
    own.sendto(os.environ["FEDGE_SITE_DIR"].rpartition("/")[2].encode() + b" " + data, client)
"""


def token(platform: Platform) -> str:
    return (platform.run / "token").read_text().strip()


def host(platform: Platform, player: int) -> str:
    return addresses.ue(platform.config()["net"], player - 1)


def visited(platform: Platform, app: str, player: int) -> Place:
    """Its place, once the game is ready everywhere."""

    def ready() -> bool:
        instances = [row for row in platform.items("instances").values() if row["app"] == app]
        return len(instances) == 3 and all(row["state"] == "ready" for row in instances)

    until(f"{app} everywhere", ready)
    place = visit(platform.api, app, f"player-{player}", token(platform))
    if place.protocol == "TCP":  # until now its gateway may have led everybody elsewhere
        own = host(platform, player)
        until(f"{app} at {place.site}", lambda: answers_at(place.service, own) == place.site)
    return place


def echo(name: str, port: int) -> list[dict[str, Any]]:
    container = {"name": name, "image": f"example/{name}:1", "command": ["python3", "-c", ECHO]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    selects = {"matchLabels": {"app": name}}
    ports = [{"port": port, "protocol": "UDP"}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
         "spec": {"selector": selects, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
         "spec": {"selector": {"app": name}, "ports": ports}},
        {"apiVersion": "policy.karmada.io/v1alpha1", "kind": "PropagationPolicy", "metadata": {"name": name},
         "spec": {"resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name}]}},
    ]  # fmt: skip


def answers_at(to: tuple[str, int], source: str = "127.0.0.1") -> str:
    """The site of whoever answers a new connection."""
    connection = WebSocket(to, source)
    try:
        return str(connection.say("new")["site"])
    finally:
        connection.close()


class Device:
    """A player's device with one UDP socket, on the simulated network."""

    def __init__(self, platform: Platform, player: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host(platform, player), 0))
        self._socket.settimeout(1.0)
        self._numbers = itertools.count(1)

    def is_answered(self, app: str, to: tuple[str, int], site: str) -> None:
        """By the application's instance at this site, sooner or later."""
        until(f"{app} at {site}", lambda: self._heard(app, to) == site)

    def _heard(self, app: str, to: tuple[str, int]) -> str:
        """The site that answers a datagram now; the radio loses some."""
        said = b"%s %d" % (app.encode(), next(self._numbers))
        self._socket.sendto(said, to)
        try:
            while True:
                data, source = self._socket.recvfrom(2048)
                site, _, words = data.partition(b" ")
                assert source == to
                assert words.startswith(app.encode())
                if words == said:
                    return site.decode()
        except TimeoutError:
            return ""

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
