"""Getting a session: a client asks the platform's discovery where its application is served, and what it may believe.

Only this answer makes a client safe that lost its memory: it names the epoch below which no frame may be accepted, and it is
given only once the move in progress, if any, is decided (ADR 0002). Blocking, standard library only: call it from a thread in
an event loop.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import NamedTuple, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

PATIENCE_S = 60.0
TIMEOUT_S = 5.0
LONGEST_WAIT_S = 2.0
FIRST_WAIT_S = 0.1
Answer = TypeVar("Answer")


class Attachment(NamedTuple):
    """A session and how to reach it. ``service``: send INPUT datagrams there. ``fresh``: no input was ever given to it.

    ``services``: every address that a REDIRECT may name. ``ClientSession(key, epoch_floor, fresh, life)`` follows from it, and
    its ``way.attached(service, services)``.
    """

    session: str
    key: int
    service: tuple[str, int]
    epoch_floor: int
    fresh: bool
    site: str
    life: int = 1
    services: tuple[tuple[str, int], ...] = ()


class NotYet(Exception):
    """The platform cannot answer now; ask again in ``retry_after_s``. ``code``: its reason, e.g. MOVE_UNDECIDED, NO_SITE."""

    def __init__(self, code: str, message: str, retry_after_s: float) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The platform will not give this device this application, and asking again would not help."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code} ({status}): {message}")
        self.status = status
        self.code = code


def attach_once(
    api: str, application: str, device: str, token: str = "", timeout_s: float = TIMEOUT_S, proof: str = ""
) -> Attachment:
    """Ask once. ``api``: the platform's base address. Raises ``NotYet`` (also if nobody answers) and ``Refused``.

    ``proof``: that this is the device, where the tenant asks for it (``location.ask_consent`` with the scope ``fedge:attach``).
    """
    asked = {"application": application, "device": device} | ({"proof": proof} if proof else {})
    return _attachment(call(api, "POST", "attach", token, timeout_s, asked))


def call(
    api: str,
    method: str,
    path: str,
    token: str,
    timeout_s: float = TIMEOUT_S,
    asked: dict[str, str] | None = None,
) -> bytes:
    """One question to the platform; the body of its answer. Raises ``NotYet`` and ``Refused``."""
    body = None if asked is None else json.dumps(asked).encode()
    request = Request(f"{api.rstrip('/')}/api/v1/{path}", data=body, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with opener(api).open(request, timeout=timeout_s) as response:
            answer: bytes = response.read()
            return answer
    except HTTPError as error:
        code, message = reason_of(error.read(), error.reason)
        if error.code in (429, 502, 503, 504):
            raise NotYet(code, message, wait_of(error.headers.get("Retry-After"))) from None
        raise Refused(error.code, code, message) from None
    except (URLError, HTTPException, OSError) as error:  # not up yet, on its way back, or gone in mid-answer
        raise NotYet("UNREACHABLE", str(error), FIRST_WAIT_S) from None


def attach(
    api: str, application: str, device: str, token: str = "", patience_s: float = PATIENCE_S, proof: str = ""
) -> Attachment:
    """Ask until there is an answer, for ``patience_s`` at most; then the last ``NotYet`` is raised.

    Raises ``Refused`` at once.
    """
    return patiently(lambda: attach_once(api, application, device, token, proof=proof), patience_s)


def patiently(ask: Callable[[], Answer], patience_s: float) -> Answer:
    """``ask`` until it does not raise ``NotYet``, or for so long."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except NotYet as error:
            if time.monotonic() + error.retry_after_s > deadline:
                raise
            time.sleep(error.retry_after_s)


def _attachment(body: bytes) -> Attachment:
    try:
        answer = json.loads(body)
        if "epoch_floor" not in answer and "generation" in answer:
            why = "this application has no sessions of the SDK: ask with fedge_sdk.visit where to connect"
            raise Refused(200, "NO_SESSION", why)
        return Attachment(
            str(answer["session"]),
            int(answer["key"], 16),
            endpoint(answer["service"]),
            int(answer["epoch_floor"]),
            bool(answer.get("fresh", True)),
            str(answer.get("site", "")),
            int(answer.get("life", 1)),
            tuple(endpoint(one) for one in answer.get("services", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(200, "BAD_ANSWER", f"an answer that does not follow the contract: {error!r}") from None


def endpoint(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def reason_of(body: bytes, otherwise: str) -> tuple[str, str]:
    try:
        answer = json.loads(body)
        return str(answer["code"]), str(answer.get("message", ""))
    except (KeyError, TypeError, ValueError):
        return "UNKNOWN", str(otherwise)


def wait_of(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or FIRST_WAIT_S), 0.02), LONGEST_WAIT_S)
    except ValueError:  # a date
        return LONGEST_WAIT_S


def opener(api: str) -> OpenerDirector:
    """A proxy of the environment is never meant for this machine itself."""
    host = urlsplit(api).hostname or ""
    local = host == "localhost" or host == "::1" or host.startswith("127.")
    return build_opener(ProxyHandler({})) if local else build_opener()
