"""One success of every operation of CAMARA's APIs by hand, held against the definitions as they are. Skips without those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.api.camara import platform, studio
from tests.api.camara.definitions import FILES, LOCATION_FILES, definition
from tests.api.camara.test_geofencing import wish as fence
from tests.api.camara.test_quality_on_demand import WISH as SESSION
from tests.api.centre import TOKEN
from tests.definitions import Definition, Seen

DEVICE = {"device": {"phoneNumber": studio.NUMBER}}


@contextmanager
def heard(app: Starlette, apis: list[Seen]) -> Iterator[TestClient]:
    with TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        client.event_hooks["response"] += [one.hear for one in apis]
        yield client


def test_every_operation_has_a_success_in_the_definition_s_form() -> None:
    apis = [Seen(base, Definition(definition(base))) for base in FILES | LOCATION_FILES]
    centre, places = platform.CamaraCentre(), studio.StudioCentre()
    with ExitStack() as stack:
        quality = stack.enter_context(heard(platform.application(centre), apis))
        location = stack.enter_context(heard(studio.application(places), apis))
        _profiles(quality)
        _sessions(quality, centre)
        _places(location)
        _fences(location)
    assert [wrong for one in apis for wrong in one.wrong] == []
    assert {one.base: one.missing for one in apis if one.missing} == {}


def _profiles(client: TestClient) -> None:
    client.post("/qos-profiles/v1/retrieve-qos-profiles", json={})
    client.get("/qos-profiles/v1/qos-profiles/QOS_E")


def _sessions(client: TestClient, centre: platform.CamaraCentre) -> None:
    sessions = "/quality-on-demand/v1/sessions"
    one = f"{sessions}/{client.post(sessions, json=SESSION).json()['sessionId']}"
    centre.operator()
    client.get(one)
    client.post(f"{one}/extend", json={"requestedAdditionalDuration": 60})
    client.post("/quality-on-demand/v1/retrieve-sessions", json={"device": SESSION["device"]})
    client.delete(one)


def _places(client: TestClient) -> None:
    found: dict[str, Any] = client.post("/location-retrieval/v0.5/retrieve", json=DEVICE).json()
    client.post("/location-verification/v3/verify", json={**DEVICE, "area": found["area"]})
    client.post("/simple-edge-discovery/v2/retrieve-closest-edge-cloud-zone", json=DEVICE)


def _fences(client: TestClient) -> None:
    fences = "/geofencing-subscriptions/v0.5/subscriptions"
    one = f"{fences}/{client.post(fences, json=fence()).json()['id']}"
    client.get(fences)
    client.get(one)
    client.delete(one)
