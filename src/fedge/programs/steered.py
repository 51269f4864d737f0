"""Routes by a 5G core, wired for the control plane: ``core5g.json``, NEF client, and HTTPS receiver of notifications.

The receiver asks for the certificate of a client that the operator's CA signed, so that nobody else's notification gets as far as
its token.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog
import uvicorn

from fedge.adapters.core5g import NefClient, SteeredNetwork, receiver_app
from fedge.adapters.core5g.client import KEEP_S
from fedge.adapters.core5g.words import Identity
from fedge.adapters.embedded.addresses import SimulatedSubscribers
from fedge.core.control import ControlPlane
from fedge.core.messages import Message
from fedge.core.model import Address, SiteId
from fedge.core.steering import Steering, SteeringSettings
from fedge.programs.control_config import ControlConfig
from fedge.runtime.core_account import FILE, CoreAccount, read_account

log = structlog.get_logger("core5g")


class Steered:
    """The port ``AccessNetwork`` for routes, with everything that it needs to run."""

    def __init__(self, config: ControlConfig, account: CoreAccount, plane: ControlPlane) -> None:
        self._folder, self._account, self._plane = config.folder, account, plane
        self._post: Callable[[Message], None] = lambda message: None
        numbers = SimulatedSubscribers(config.net, config.players).by_gpsi()
        gpsis = {ue: gpsi for gpsi, ue in numbers.items()}
        identity = Identity(account.receiver, account.dnn, account.sst)
        trust = ssl.create_default_context(cafile=config.folder / account.ca)
        secret = hmac.digest(config.token.encode(), b"notification addresses", "sha256")
        stable, own = Address(plane.settings.default_service), plane.settings.site_services
        self.steering = Steering(SteeringSettings(secret, dict(config.dnais), stable, own))
        self._network = SteeredNetwork(
            self.steering,
            NefClient(account, identity, trust, gpsis.get),
            account.nef,
            numbers.get,
            self._offers,
            lambda message: self._post(message),
        )

    @classmethod
    def of(cls, config: ControlConfig, plane: ControlPlane) -> Steered | None:
        """None where the run has no core network. Ends the program, saying why, where its account cannot be used."""
        if not (config.folder / FILE).exists():
            return None
        try:
            account = read_account(config.folder)
            for file in (account.ca, account.receiver_crt, account.receiver_key):
                (config.folder / file).read_bytes()
            return cls(config, account, plane)
        except (OSError, msgspec.MsgspecError, ssl.SSLError) as error:
            raise SystemExit(f"{FILE} cannot be used: {error}") from None

    def figures(self) -> dict[str, int]:
        """What the core network said and was told, counted since the start; and the paths now, by their state."""
        states = {f"path {state}": count for state, count in self.steering.paths_by_state().items()}
        return {**dict(self.steering.counts), **states}

    def send(self, message: Message) -> bool:
        return self._network.send(message)

    async def run(self, post: Callable[[Message], None]) -> None:
        """Until cancelled: serve notifications, then begin to steer."""
        self._post = post
        server = uvicorn.Server(_receiver(self._network, self._account, self._folder))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.get_running_loop().create_task(server.serve())
        steering = asyncio.get_running_loop().create_task(self._network.run())
        try:
            done, _ = await asyncio.wait([serving, steering], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            server.should_exit = True
            steering.cancel()
            await asyncio.wait([serving, steering], timeout=2)
            log.info("steering ends", notifications=dict(self.steering.counts))

    def _offers(self) -> dict[SiteId, Address]:
        """Where a session may be led: sites that are ready."""
        return {
            name: site.gateway for name, site in self._plane.state.sites.items() if site.marked == "ready"
        }


def _receiver(network: SteeredNetwork, account: CoreAccount, folder: Path) -> uvicorn.Config:
    where = urlsplit(account.receiver)
    return uvicorn.Config(
        receiver_app(network.steering.knows, network.receive),
        host=where.hostname or "",
        port=where.port or 443,
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_S,
        ssl_certfile=folder / account.receiver_crt,
        ssl_keyfile=folder / account.receiver_key,
        ssl_ca_certs=str(folder / account.ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
