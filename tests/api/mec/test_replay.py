"""Invariant 6 for what applications told: a journal replayed gives the state that wrote it, and the same notices."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from fedge.core.control import DECIDED, ControlPlane, Notify
from fedge.core.messages import Message
from fedge.wire import codec
from tests.api.centre import TOKEN
from tests.api.mec.platform import SERVICE, SINK, MecCentre, application

ONE = "/applications/harbour.arena-1"


def test_a_journal_gives_back_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    journal: list[tuple[int, bytes]] = []
    noticed: list[Notify] = []
    handle = ControlPlane.handle

    def journaled(plane: ControlPlane, event: Message, now: int) -> Any:
        effects = handle(plane, event, now)
        if isinstance(event, DECIDED):
            journal.append((now, codec.encode(event)))
            noticed.extend(effect for effect in effects if isinstance(effect, Notify))
        return effects

    monkeypatch.setattr(ControlPlane, "handle", journaled)
    centre = MecCentre()
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        _much_is_told(client, centre)
    monkeypatch.undo()
    again, told = ControlPlane(centre.plane.settings), list[Notify]()
    for at, event in journal:
        told += [effect for effect in again.handle(codec.decode(event), at) if isinstance(effect, Notify)]
    assert again.state == centre.plane.state
    assert told == noticed
    assert len(told) >= 5
    assert again.applications == centre.plane.applications, "with the updated rules"


def _much_is_told(client: TestClient, centre: MecCentre) -> None:
    client.post("/api/v1/attach", json={"application": "arena", "device": "player-1"})
    for base, body in (
        (f"/mec_service_mgmt/v1{ONE}", {"subscriptionType": "SerAvailabilityNotificationSubscription"}),
        (
            "/amsi/v1",
            {
                "subscriptionType": "MobilityProcedureSubscription",
                "filterCriteria": {"mobilityStatus": [1, 3]},
            },
        ),
    ):
        assert (
            client.post(f"{base}/subscriptions", json={**body, "callbackReference": SINK}).status_code == 201
        )
    foreign = client.post(
        "/mec_app_support/v1/registrations", json={"appName": "a", "endpoint": {"uris": ["x"]}}
    )
    name = foreign.json()["appInstanceId"]
    client.post(f"/mec_service_mgmt/v1{ONE}/services", json={**SERVICE, "livenessInterval": 1})
    client.post(f"/mec_service_mgmt/v1/applications/{name}/services", json=SERVICE)
    client.put(f"/mec_app_support/v1{ONE}/traffic_rules/arena-udp-7777", json={"state": "INACTIVE"})
    client.put(f"/mec_app_support/v1{ONE}/dns_rules/arena-dns", json={"state": "INACTIVE"})
    device = {"associateId": "player-1", "appMobilityServiceLevel": 2}
    registration = {"serviceConsumerId": {"appInstanceId": "harbour.arena-1"}, "deviceInformation": [device]}
    path = (
        client.post("/amsi/v1/app_mobility_services", json=registration)
        .headers["location"]
        .partition("7001")[2]
    )
    centre.walk_to_market()
    client.put(path, json={**registration, "deviceInformation": [{**device, "contextTransferState": 1}]})
    centre.pass_time(5.0)
    client.delete(f"/mec_app_support/v1/registrations/{name}")
    centre.pass_time(1.0)
