"""All that the control plane has to do with a 5G operator, wired of ``core5g.json``: ways in, steering, exposure, notifications.

The receiver of notifications asks for the certificate of a client that the operator's CA signed, so that nobody else's
notification gets as far as its token.
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
import uvicorn

from fedge.adapters.core5g import Subscribers, Taker, receiver_app
from fedge.adapters.core5g.door import KEEP_S
from fedge.adapters.embedded.addresses import SimulatedSubscribers
from fedge.api.admin.operator_state import READY, OperatorState
from fedge.core.control import ControlPlane
from fedge.core.messages import Message
from fedge.core.model import UeId
from fedge.programs.control_config import ControlConfig
from fedge.programs.doors import doors_of
from fedge.programs.exposed import Exposed
from fedge.programs.steered import Steered
from fedge.runtime.core_account import FILE, CoreAccount, Subscriber, read_account


class Operated:
    """``steered``: routes. ``exposed``: places, cells and quality; None where the account has no topology."""

    def __init__(self, config: ControlConfig, account: CoreAccount, plane: ControlPlane) -> None:
        self._folder, self._account = config.folder, account
        subscribers = self.subscribers = _subscribers(config, account)
        secret = hmac.digest(config.token.encode(), b"notification addresses", "sha256")
        self._doors = doors_of(config.folder, account)
        self.steered = Steered(account, self._doors, subscribers, secret, plane, config.dnais)
        self.exposed = (
            Exposed(config.folder, account, self._doors, subscribers, secret, config.now)
            if account.topology
            else None
        )

    @classmethod
    def of(cls, config: ControlConfig, plane: ControlPlane) -> Operated | None:
        """None where there is no operator. Ends the program, saying why, where its account cannot be used."""
        if not (config.folder / FILE).exists():
            return None
        try:
            account = read_account(config.folder)
            for file in (account.ca, account.receiver_crt, account.receiver_key):
                (config.folder / file).read_bytes()
            return cls(config, account, plane)
        except (OSError, msgspec.MsgspecError, ssl.SSLError) as error:
            raise SystemExit(f"{FILE} cannot be used: {error}") from None

    def state(self) -> OperatorState:
        """How Fedge stands with the operator."""
        doors = self._doors
        if self.exposed is None:
            return OperatorState((), doors.invoker, doors.state() or READY, doors.certificate_until_s)
        return self.exposed.state(doors.invoker, doors.state(), doors.certificate_until_s)

    async def run(self, post: Callable[[Message], None]) -> None:
        """Until cancelled: take notifications, keep the ways in, steer, follow."""
        takers: list[Taker] = [self._doors, self.steered.network]
        courses = [self._doors.run(), self.steered.run(post)]
        if self.exposed is not None:
            takers.append(self.exposed.operator)
            courses.append(self.exposed.run(post))
        server = uvicorn.Server(_receiver(takers, self._account, self._folder))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        loop = asyncio.get_running_loop()
        serving = loop.create_task(server.serve())
        running = [loop.create_task(each) for each in courses]
        try:
            done, _ = await asyncio.wait([serving, *running], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            server.should_exit = True
            for task in running:
                task.cancel()
            await asyncio.wait([serving, *running], timeout=2)


def _subscribers(config: ControlConfig, account: CoreAccount) -> Subscribers:
    """Raises ``OSError``, ``msgspec.ValidationError``."""
    if not account.subscribers:
        numbers = SimulatedSubscribers(config.net, config.players)
        return Subscribers(numbers.by_gpsi(), numbers.by_address())
    listed = msgspec.json.decode((config.folder / account.subscribers).read_bytes(), type=list[Subscriber])
    by_gpsi = {each.gpsi: UeId(each.ue) for each in listed}
    return Subscribers(by_gpsi, {each.ipv4: UeId(each.ue) for each in listed})


def _receiver(takers: list[Taker], account: CoreAccount, folder: Path) -> uvicorn.Config:
    where = urlsplit(account.receiver)
    return uvicorn.Config(
        receiver_app(takers),
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
