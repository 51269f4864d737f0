"""Notifications to those who subscribed: an HTTP POST to an address that they chose, so never trusted. The port ``Notifier``.

Only to addresses within the allowed networks (this machine's own, unless the operator says otherwise), by number or `localhost`:
no name is looked up, no redirect is followed, no proxy is asked, no answer's body is read. By https only to who shows a
certificate that is trusted here.

A *lane* is one client's notifications to one origin (scheme, host, port): sent in order, one after the other; a failed delivery
is tried again a few times. Each client has room of its own for so many lanes and notifications; what does not fit is dropped
and counted. So who has dead callbacks holds up nobody else.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx2
import structlog

log = structlog.get_logger("notifications")

LOOPBACK = ("127.0.0.0/8", "::1/128")
RETRY_AFTER_S = (0.2, 1.0, 4.0)
PATIENT_S = (15.0, 60.0)
"""And so long after that, where it is worth it: whoever is being restarted hears it still."""
ANSWER_WITHIN_S = 3.0
MOST_WAITING, MOST_LANES = 1000, 64
"""Of one client."""
MOST_WAITING_OF_ALL, MOST_LANES_OF_ALL = 8000, 512
"""A lane has at most one connection: with 512 the process stays within the usual 1024 open files."""
MOST_URI_CHARACTERS = 2000
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
JSON = {"content-type": "application/json"}


class _Parcel(NamedTuple):
    callback: str
    body: bytes
    headers: Mapping[str, str]
    ended: Callable[[bool], None]
    patient: bool


_Lane = tuple[str, str]
"""(client, origin)"""


class Notifications:
    """Must be used inside a running event loop; ``close`` ends what is under way. ``counts``: sent, failed, dropped, refused.

    ``trust``: whose certificates are taken; None: those that this system trusts.
    """

    def __init__(
        self,
        allowed: Sequence[str] = LOOPBACK,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
        trust: ssl.SSLContext | None = None,
        patient_s: Sequence[float] = PATIENT_S,
    ) -> None:
        self._allowed: list[IPv4Network | IPv6Network] = [ip_network(one) for one in allowed]
        self._retry_after_s, self._patient_s = tuple(retry_after_s), tuple(patient_s)
        self._trust = trust
        self._lanes: dict[_Lane, deque[_Parcel]] = {}
        self._tasks: dict[_Lane, asyncio.Task[None]] = {}
        self._http: httpx2.AsyncClient | None = None
        self.counts: Counter[str] = Counter()

    def objection(self, callback: str) -> str:
        """Why nothing is sent to this URI; empty if it may be."""
        if len(callback) > MOST_URI_CHARACTERS or any(ord(c) <= 32 or ord(c) == 127 for c in callback):
            return "it is too long, or has spaces or control characters"
        try:
            parts = urlsplit(callback)
            port = parts.port
        except ValueError as error:
            return str(error)
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            return "an http or https URI with a host is wanted"
        if parts.username is not None or parts.password is not None:
            return "a URI with a user or a password is not called"
        try:
            called = httpx2.URL(callback).host
        except httpx2.InvalidURL as error:
            return str(error)
        if called != parts.hostname:
            return "it may be read in two ways"  # what is checked must be what is called
        return self._outside(parts)

    def _outside(self, parts: SplitResult) -> str:
        host = parts.hostname or ""
        if host == "localhost":
            host = "127.0.0.1"
        try:
            address = ip_address(host)
        except ValueError:
            return f"{host} is a name; only addresses and localhost are called"
        mapped = getattr(address, "ipv4_mapped", None)
        if not any((mapped or address) in network for network in self._allowed):
            return f"{host} is in none of the networks that may be called"
        return ""

    def post(
        self,
        client: str,
        callback: str,
        body: bytes,
        headers: Mapping[str, str] = JSON,
        ended: Callable[[bool], None] = lambda taken: None,
        patient: bool = False,
    ) -> bool:
        """Put a body in line for ``client``'s ``callback``. False if it was refused or dropped."""
        if self.objection(callback):
            self.counts["refused"] += 1
            return False
        name = (client, _origin(callback))
        lane = self._lanes.get(name)
        if not self._has_room(client, another=lane is None):
            self.counts["dropped"] += 1
            return False
        parcel = _Parcel(callback, body, headers, ended, patient)
        if lane is not None:
            lane.append(parcel)
            return True
        self._lanes[name] = deque([parcel])
        self._tasks[name] = asyncio.get_running_loop().create_task(self._serve(name))
        return True

    def _has_room(self, client: str, another: bool) -> bool:
        """For one notification more; in ``another`` lane?"""
        mine = [len(lane) for (whose, _), lane in self._lanes.items() if whose == client]
        if sum(mine) >= MOST_WAITING or sum(map(len, self._lanes.values())) >= MOST_WAITING_OF_ALL:
            return False
        return not another or (len(mine) < MOST_LANES and len(self._lanes) < MOST_LANES_OF_ALL)

    async def _serve(self, name: _Lane) -> None:
        lane = self._lanes[name]
        try:
            while lane:
                sent = await self._deliver(lane[0])
                self.counts["sent" if sent else "failed"] += 1
                lane.popleft().ended(sent)
        finally:
            del self._lanes[name], self._tasks[name]

    async def _deliver(self, parcel: _Parcel) -> bool:
        """Sent and accepted? After the last failure what is in line behind it has its turn."""
        longer = self._patient_s if parcel.patient else ()
        for wait_s in (*self._retry_after_s, *longer, None):
            why = await self._once(parcel)
            if why is None:
                return True
            if not why or wait_s is None:
                break
            await asyncio.sleep(wait_s)
        log.warning(
            "a notification could not be delivered", callback=parcel.callback, why=why or "it was refused"
        )
        return False

    async def _once(self, parcel: _Parcel) -> str | None:
        """None if it was taken, empty if it was refused for good, else why it may be tried again."""
        if self._http is None:
            verify = self._trust if self._trust is not None else True
            self._http = httpx2.AsyncClient(
                trust_env=False,
                follow_redirects=False,
                timeout=ANSWER_WITHIN_S,
                verify=verify,
                limits=httpx2.Limits(max_connections=MOST_LANES_OF_ALL, max_keepalive_connections=MOST_LANES),
            )
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                async with self._http.stream(
                    "POST", parcel.callback, content=parcel.body, headers=parcel.headers
                ) as answer:
                    if answer.is_success:
                        return None
                    return f"status {answer.status_code}" if answer.status_code in TRY_AGAIN else ""
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            return type(error).__name__

    async def close(self) -> None:
        for task in tuple(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()


def _origin(callback: str) -> str:
    """Scheme, host and port, as far as the URI says them."""
    parts = urlsplit(callback)
    return f"{parts.scheme}://{parts.netloc.lower()}"
