"""What HTTP itself asks of the control plane's APIs: Allow of a 405, no redirects, and clients that leave in mid-body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message

from tests.api.camara.studio import StudioCentre
from tests.api.camara.studio import application as camara
from tests.api.centre import TOKEN
from tests.api.mec.platform import MecCentre
from tests.api.mec.platform import application as mec


def apis() -> list[ASGIApp]:
    return [mec(MecCentre()), camara(StudioCentre())]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/mec_service_mgmt/v1/applications/x/services", "GET, HEAD, POST"),
        ("PATCH", "/mec_service_mgmt/v1/applications/x/services/y", "DELETE, GET, HEAD, PUT"),
        ("OPTIONS", "/mec_app_support/v1/registrations/x", "DELETE, GET, HEAD, PUT"),
        ("UNHEARD-OF", "/amsi/v1/subscriptions/x", "DELETE, GET, HEAD, PUT"),
        ("PUT", "/api/v1/tenants/x/token", "DELETE, GET, HEAD, POST"),
    ],
)
def test_a_method_that_a_path_has_not_is_told_all_that_it_has(method: str, path: str, allowed: str) -> None:
    with TestClient(mec(MecCentre()), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_the_authorization_server_says_which_method_it_has() -> None:
    with TestClient(camara(StudioCentre())) as client:
        answer = client.get("/oauth2/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/amsi/v1", "/amsi/v1/subscriptions/", "/api/v1/view/", "/oauth2/token/"])
def test_no_path_is_redirected_to_another(path: str) -> None:
    for app in apis():
        with TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            assert client.get(path, follow_redirects=False).status_code in (404, 401)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/amsi/v1/subscriptions", "application/json"),
        ("/geofencing-subscriptions/v0.5/subscriptions", "application/json"),
        ("/oauth2/token", "application/x-www-form-urlencoded"),
        ("/api/v1/apply", "application/json"),
    ],
)
def test_a_client_that_leaves_in_mid_body_is_no_fault_of_ours(path: str, kind: str) -> None:
    statuses = [asyncio.run(_cut_short(app, path, kind)) for app in apis()]
    assert {400, 404} >= set(statuses)
    assert 400 in statuses


async def _cut_short(app: ASGIApp, path: str, kind: str) -> int:
    """The status of a POST whose body ends after its first byte. An exception of the application would be raised here."""
    heard: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    said: list[Message] = []

    async def receive() -> Message:
        return heard.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    headers = {"authorization": f"Bearer {TOKEN}", "content-type": kind, "content-length": "9", "host": "x"}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 7001),
    }
    await app(scope, receive, send)
    return int(said[0]["status"])
