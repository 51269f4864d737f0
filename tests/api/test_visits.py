"""Applications without the SDK over HTTP: attaching, the hint that is waited for, and what is listed of a visit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from fedge.api.admin import admin_app
from fedge.api.manifest_files import read_manifests
from fedge.core.control.events.visits import VisitLed
from fedge.core.messages import AccessHello, Cell, CellChanged, InstanceStatus, SiteHello, SiteReport
from fedge.core.model import Address, AppId, CellId, InstanceId, SessionId, SiteId, UeId
from tests.api.centre import TOKEN, PlainCentre
from tests.core.applications.objects import tenant

NIM = Path(__file__).resolve().parents[2] / "examples" / "nim"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
SITES = (SiteId("harbour"), SiteId("market"))


class Stand:
    def __init__(self, client: TestClient, centre: PlainCentre, namespace: str = "default") -> None:
        self.client, self.centre = client, centre
        own = {site: Address(f"127.9.2.{at}:7777") for at, site in enumerate(SITES, start=1)}
        centre.plane.settings = replace(centre.plane.settings, site_services=own)
        objects = [found.object for found in read_manifests(NIM)]
        for raw in objects:
            raw["metadata"]["namespace"] = namespace
        assert client.post("/api/v1/apply", json={"objects": objects}, headers=AUTHORISED).status_code == 200
        paths = {site: 1.0 + 5.0 * n for n, site in enumerate(SITES)}
        centre.say(AccessHello(9.0, 9.0, (Cell(CellId("nr-1"), "nr", 1, 1, 9, SITES[0], paths),), ()))
        app = AppId("nim" if namespace == "default" else f"{namespace}:nim")
        running = (InstanceStatus(InstanceId("nim-1"), app, "ready", 0, 8, plain=True),)
        for site in SITES:
            address = Address(f"{site}:6000")
            centre.say(SiteHello(site, address, address, (), running))
            centre.say(SiteReport(site, 0.1, 0, running, {}, centre.now(), "userspace"))
        centre.say(CellChanged(UeId("player-1"), CellId("nr-1"), None, "nr", 10.0, 0.0, centre.now()))
        centre.carry_out(centre.plane.wake(centre.now()))

    def attach(self, headers: dict[str, str] = AUTHORISED) -> dict[str, Any]:
        body = {"application": "nim", "device": "player-1"}
        answer = self.client.post("/api/v1/attach", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def place(self, key: str, query: str = "", headers: dict[str, str] = AUTHORISED) -> Any:
        return self.client.get(f"/api/v1/visits/{key}{query}", headers=headers)


@pytest.fixture
def centre() -> PlainCentre:
    return PlainCentre()


@pytest.fixture
def client(centre: PlainCentre) -> Iterator[TestClient]:
    with TestClient(admin_app(centre), raise_server_exceptions=True) as found:
        yield found


@pytest.fixture
def stand(client: TestClient, centre: PlainCentre) -> Stand:
    return Stand(client, centre)


def test_attaching_says_where_to_connect(stand: Stand) -> None:
    place = stand.attach()
    assert (place["service"], place["protocol"], place["fresh"]) == ("127.9.2.1:8765", "TCP", True)
    assert "epoch_floor" not in place
    assert stand.place(place["key"]).json() == {name: place[name] for name in place if name != "fresh"}


def test_the_answer_waits_until_there_is_something_new(stand: Stand) -> None:
    place = stand.attach()
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(stand.place(place["key"], f"?after={place['generation']}&wait_s=20"))
    )
    waiting.start()
    time.sleep(0.3)
    assert not answers
    stand.centre.say(VisitLed(SessionId(place["session"]), SITES[1], "drain", "for the test"))
    waiting.join(20)
    (answer,) = answers
    assert (answer.json()["service"], answer.json()["generation"]) == ("127.9.2.2:8765", 2)


def test_what_one_knows_already_is_said_again_when_the_wait_is_over(stand: Stand) -> None:
    place = stand.attach()
    answer = stand.place(place["key"], f"?after={place['generation']}&wait_s=0.2")
    assert (answer.status_code, answer.json()["generation"]) == (200, 1)


@pytest.mark.parametrize("query", ["?after=x", "?wait_s=-1", "?after=nan", "?wait_s=1e300", "?after="])
def test_a_number_that_is_none_is_refused(stand: Stand, query: str) -> None:
    answer = stand.place(stand.attach()["key"], query)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("key", ["0", "abc", "zzz", "0" * 16, "-1", "f" * 400])
def test_a_key_that_is_nobodys_is_not_there(stand: Stand, key: str) -> None:
    stand.attach()
    assert stand.place(key).status_code == 404


def test_it_is_listed_and_explained_without_its_key(stand: Stand) -> None:
    place = stand.attach()
    (row,) = stand.client.get("/api/v1/sessions").json()["items"]
    assert (row["state"], row["service"], row["generation"]) == ("visiting", "127.9.2.1:8765", 1)
    assert "key" not in row
    explained = stand.client.get(f"/api/v1/explain/{place['session']}").json()
    assert (explained["serving"], explained["steering"].startswith("its application has no sessions")) == (
        SITES[0],
        True,
    )
    ue = stand.client.get("/api/v1/view").json()["ues"]["player-1"]
    assert (ue["site"], ue["state"], ue["session"]) == (SITES[0], "serving", place["session"])
    site = stand.client.get(f"/api/v1/sites/{SITES[0]}").json()
    assert (site["visits"], site["forwarding"], site["sessions_list"]) == (1, "userspace", [place["session"]])


def test_closing_ends_it(stand: Stand) -> None:
    place = stand.attach()
    stand.client.delete(f"/api/v1/sessions/{place['session']}", headers=AUTHORISED)
    assert stand.place(place["key"]).status_code == 404


def test_a_players_token_asks_where_to_connect_and_nothing_else(
    client: TestClient, centre: PlainCentre
) -> None:
    assert (
        client.post("/api/v1/apply", json={"objects": [tenant("studio")]}, headers=AUTHORISED).status_code
        == 200
    )
    stand = Stand(client, centre, "studio")
    answer = client.post("/api/v1/tenants/studio/token", json={"players": True}, headers=AUTHORISED)
    players = {"Authorization": f"Bearer {answer.json()['token']}"}
    place = stand.attach(players)
    assert stand.place(place["key"], headers=players).status_code == 200
    assert stand.place(place["key"], headers={}).status_code == 401
    assert client.get("/api/v1/sessions", headers=players).status_code == 403
    assert client.delete(f"/api/v1/sessions/{place['session']}", headers=players).status_code == 403
