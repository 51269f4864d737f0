"""A run's admin API, asked by those who started it."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_OPEN = build_opener(ProxyHandler({}))


class AdminApi:
    """On loopback, and never through a proxy."""

    def __init__(self, port: int, token: str) -> None:
        self.base, self._token = f"http://127.0.0.1:{port}", token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call. Raises ``URLError`` (``HTTPError``) where it fails."""
        request = Request(f"{self.base}{path}", method=method)
        request.add_header("Authorization", f"Bearer {self._token}")
        data = None if body is None else json.dumps(body).encode()
        with _OPEN.open(request, data=data, timeout=10) as answer:
            return json.loads(answer.read())

    def sites_answer(self, count: int) -> bool:
        """Have all sites joined, and has the network said where its cells are?"""
        sites = self.ask("GET", "/api/v1/sites")["items"]
        view = self.ask("GET", "/api/v1/view")
        return len(sites) == count and bool(view["cells"])

    def instances_ready(self, count: int) -> bool:
        ready = [one for one in self.ask("GET", "/api/v1/instances")["items"] if one["state"] == "ready"]
        return len(ready) >= count
