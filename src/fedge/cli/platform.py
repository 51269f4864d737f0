"""The running platform as the verbs see it: where it is, its token, and its HTTP API.

``$FEDGE_HOME/current`` links to the run directory, whose ``endpoints.json`` names the API's address and
whose ``token`` (mode 0600) allows changes. A tenant has neither: ``$FEDGE_API`` and ``$FEDGE_API_TOKEN`` are the
address and the token that the operator gave it. Every failure is a sentence that says what to do next.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import click

from fedge.programs.settings import fedge_home

API = "fedge-admin"
_DIRECT = build_opener(ProxyHandler({}))
"""the platform is on loopback: a proxy from the environment has no business there"""


class NotRunning(click.ClickException):
    """No platform answers."""

    exit_code = 3

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}\nStart one with `fedge up --detach` (the platform alone) or `fedge demo` (with players)."
        )


class Refused(click.ClickException):
    """The platform answered, and the answer is no."""

    def __init__(self, status: int, code: str, message: str, object: str = "", field: str = "") -> None:
        self.status, self.code, self.object, self.field = status, code, object, field
        super().__init__(": ".join(part for part in (object, field, message) if part))


def run_directory() -> Path:
    """Of the running platform. Raises ``NotRunning`` where none was started."""
    current = fedge_home(os.environ) / "current"
    if not current.exists():
        raise NotRunning(f"Nothing runs: there is no {current}.")
    return current.resolve()


class Platform:
    """Its admin API. Paths are given without ``/api/v1``, in pieces that are quoted here."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token

    @classmethod
    def running(cls) -> Platform:
        """The one of $FEDGE_API, else the one that $FEDGE_HOME knows. $FEDGE_API_TOKEN goes before the run's token."""
        if given := os.environ.get("FEDGE_API"):
            return cls(given.rstrip("/"), os.environ.get("FEDGE_API_TOKEN", ""))
        run = run_directory()
        try:
            api = json.loads((run / "endpoints.json").read_text())["apis"][API]
            token_file = run / "token"
            token = token_file.read_text().strip() if token_file.exists() else str(api.get("token", ""))
        except FileNotFoundError:
            raise NotRunning(f"The platform of {run} has not finished starting, or never did.") from None
        except PermissionError as error:
            raise click.ClickException(
                f"{error.filename}: only the user who started the platform may read this"
            ) from None
        except KeyError:
            raise NotRunning(f"What runs in {run} has no {API} API: a `fedge access` has none.") from None
        except ValueError as error:
            raise click.ClickException(f"{run / 'endpoints.json'} cannot be read: {error}") from None
        parts = urlsplit(str(api["url"]))
        return cls(f"{parts.scheme}://{parts.netloc}", os.environ.get("FEDGE_API_TOKEN") or token)

    def get(self, *path: str, query: Mapping[str, str] | None = None) -> Any:
        return self._ask("GET", path, query=query)

    def post(self, *path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        return self._ask("POST", path, body if body is not None else {}, query)

    def delete(self, *path: str, query: Mapping[str, str] | None = None) -> Any:
        return self._ask("DELETE", path, query=query)

    def call(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Ask another API of the platform, by its whole path."""
        return self._send(method, self.url + path, body)

    def items(self, *path: str) -> list[dict[str, Any]]:
        """A collection: ``{"items": [...]}`` or a plain list."""
        answer = self.get(*path)
        rows = answer.get("items", []) if isinstance(answer, dict) else answer
        return [row for row in rows if isinstance(row, dict)]

    def _ask(
        self, method: str, path: tuple[str, ...], body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        url = "/".join((self.url, "api/v1", *(quote(piece, safe="") for piece in path)))
        return self._send(method, url + (f"?{urlencode(query)}" if query else ""), body)

    def _send(self, method: str, url: str, body: Any) -> Any:
        request = Request(
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        )
        try:
            with _DIRECT.open(request, timeout=15) as answer:
                content = answer.read()
        except HTTPError as error:
            raise _refused(error) from None
        except (URLError, HTTPException, OSError) as error:
            why = error.reason if isinstance(error, URLError) else error
            raise NotRunning(f"The platform at {self.url} does not answer: {why}.") from None
        return json.loads(content) if content else None


def _refused(error: HTTPError) -> Refused:
    try:
        told = json.loads(error.read())
    except ValueError:
        told = {}
    if not isinstance(told, dict):
        told = {}
    message = str(told.get("message") or f"the platform answered {error.code} {error.reason}")
    return Refused(
        error.code,
        str(told.get("code", "")),
        message,
        str(told.get("object", "")),
        str(told.get("field", "")),
    )
