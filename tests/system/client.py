"""A game client of the test's own, as a studio would write one: the SDK's session around a UDP socket at a device's address."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

from fedge.adapters.embedded import addresses
from fedge_sdk import ClientSession, wire
from fedge_sdk.attach import attach
from tests.system.platform import Platform

PERIOD_S = 1 / 60


class Client:
    """Plays as ``player-<number>`` from another thread, between ``with`` and its end."""

    def __init__(self, platform: Platform, number: int) -> None:
        token = (platform.run / "token").read_text().strip()
        found = attach(platform.api, "arena", f"player-{number}", token)
        self.session = ClientSession(found.key, found.epoch_floor, found.fresh, found.life)
        self.session.way.attached(found.service, found.services)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((addresses.ue(platform.config()["net"], number - 1), 0))
        self._socket.settimeout(PERIOD_S)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _play(self) -> None:
        while not self._over.is_set():
            if self.session.synced:
                self.session.push(b"\x01\x02")
            datagram = self.session.datagram()
            for service in self.session.way.destinations(time.monotonic_ns()):
                self._socket.sendto(datagram, service)
            try:
                while True:
                    verdict = self.session.receive(*self._socket.recvfrom(2048), time.monotonic_ns())
                    if verdict.accepted and verdict.acknowledged:
                        break
            except (TimeoutError, wire.Malformed):
                pass
