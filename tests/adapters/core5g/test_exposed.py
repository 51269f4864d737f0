"""The access API gateway against the simulated core network as its own process: CAPIF, TLS both ways, websockets, kill -9.

No assertion about time but that things happen within patience.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from fedge.adapters.embedded import addresses
from fedge.core.exposure import Topology
from fedge.core.messages import (
    AccessHello,
    AskLocation,
    CellChanged,
    CellFigures,
    CellsMeasured,
    HandoverPredicted,
    LocationTold,
    Message,
    OperatorOffers,
    QosFulfilled,
    QualityForgotten,
    QualityGranted,
    QualityKept,
    QualityRefused,
    QualityTold,
    ReachabilityChanged,
    ReleaseQuality,
    RequestQuality,
    UesSighted,
)
from fedge.core.messages.user_plane import CellLoad
from fedge.runtime.core_account import read_account, write_account
from fedge.simulation.core5g.account import TOPOLOGY
from tests.adapters.core5g.stage import ON_LTE, PATIENCE_S, PLAYER, Stage, stage

pytestmark = pytest.mark.system
FLOW = RequestQuality("flow-1", PLAYER, "127.0.0.9", "QOS_E", 600, ((7777, 7777),), (), "UDP")
STANDING = {"location": 3, "radio": 3}
FAULTS_S = 1.0
"""Until the core network has looked at the file of its faults."""


def played(folder: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    async def play() -> None:
        async with stage(folder) as one:
            one.measure()
            await one.start_steering()
            one.operated.exposed.send(QualityTold())  # type: ignore[union-attr]
            await story(one)

    asyncio.run(play())


def send(one: Stage, message: Message) -> None:
    assert one.operated.exposed is not None
    assert one.operated.exposed.send(message)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.02)


async def ready(one: Stage) -> None:
    """Every API can be used, and everything that is wanted always is subscribed."""
    await until(lambda: all(api.state == "ready" for api in one.operated.state().apis))


@asynccontextmanager
async def operator(one: Stage) -> AsyncIterator[Callable[[str], Awaitable[list[dict[str, Any]]]]]:
    """Reads the operator's own lists, with a token of its own kind."""
    account = one.account
    trust = ssl.create_default_context(cafile=one.folder / account.ca)
    root = account.nef.removesuffix("/3gpp-traffic-influence/v1")
    async with httpx2.AsyncClient(verify=trust, trust_env=False) as http:
        asked = {"grant_type": "client_credentials"}
        basic = httpx2.BasicAuth(account.client_id, account.client_secret)
        token = (await http.post(account.token, data=asked, auth=basic)).json()["access_token"]

        async def listed(api: str) -> list[dict[str, Any]]:
            header = {"authorization": f"Bearer {token}"}
            if api == "radio":
                found = (await http.get(f"{root}/rni/v2/subscriptions", headers=header)).json()
                return list(found["SubscriptionLinkList"]["_links"]["subscription"])
            name = {"location": "3gpp-monitoring-event", "quality": "3gpp-as-session-with-qos"}[api]
            answer = await http.get(f"{root}/{name}/v1/{account.af}/subscriptions", headers=header)
            return list(answer.json())

        yield listed


async def held(one: Stage) -> dict[str, int]:
    async with operator(one) as listed:
        return {api: len(await listed(api)) for api in ("location", "quality", "radio")}


async def seen(one: Stage, n: int) -> Any:
    """A sighting of the ``n``-th UE that says where it is now."""
    (x_m, y_m), cell = one.at[n]
    name = (PLAYER, ON_LTE)[n]
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for each in (await one.until(UesSighted)).ues:
                exact = abs(each.x_m - x_m) < 0.2 and abs(each.y_m - y_m) < 0.2
                if each.ue == name and each.cell == cell and exact and each.signal_dbm:
                    return each


def test_places_and_radio_of_everybody_become_sightings(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        hello = await one.until(AccessHello)
        assert [cell.cell for cell in hello.cells] == [cell.cell for cell in one.city.cells]
        assert hello.origin is not None
        assert await one.until(QualityForgotten)
        await ready(one)
        on_nr, on_lte = await seen(one, 0), await seen(one, 1)
        assert (on_nr.kind, on_nr.signal_dbm, on_lte.kind, on_lte.signal_dbm) == ("nr", -86.5, "lte", -86.5)
        assert 10.0 <= on_nr.uncertainty_m < 50.0 <= on_lte.uncertainty_m
        state = one.operated.state()
        assert (state.capif, bool(state.invoker)) == ("ready", True)
        assert {api.operator: (api.held, api.websockets) for api in state.apis} == {
            "location": (3, 0),
            "quality": (0, 0),
            "radio": (3, 3),
        }
        assert await held(one) == STANDING | {"quality": 0}

    played(tmp_path, story)


def test_a_handover_is_foretold_and_then_told(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        before, target = one.at[0][1], one.cell_near(one.sites[1])
        one.predict(one.sites[1])
        foretold = await one.until(HandoverPredicted)
        assert (foretold.ue, foretold.cell) == (PLAYER, target)
        one.heard.clear()
        one.hand_over(one.sites[1], before)
        changed = await one.until(CellChanged)
        assert (changed.ue, changed.cell, changed.previous, changed.kind) == (PLAYER, target, before, "nr")

    played(tmp_path, story)


def test_how_full_cells_are_is_told_once_a_second(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        cell = one.at[0][1]
        one.loads = (CellLoad(cell, 1, 0.3, 1.0, 0, 0, 0.6, 140.6),)
        async with asyncio.timeout(PATIENCE_S):
            found: list[CellFigures] = []
            while not found:
                told = await one.until(CellsMeasured)
                found = [each for each in told.cells if each.cell == cell and each.queue_ms]
        assert (found[0].used_down, found[0].queue_ms) == (1.0, 141.0)

    played(tmp_path, story)


def test_who_is_lost_is_told_and_who_is_back(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        one.fall_silent()
        lost = {(await one.until(ReachabilityChanged)).ue for _ in range(2)}
        assert lost == {PLAYER, ON_LTE}
        one.measure()
        back = [await one.until(ReachabilityChanged) for _ in range(2)]
        assert {(each.ue, each.reachable) for each in back} == {(PLAYER, True), (ON_LTE, True)}

    played(tmp_path, story)


def test_a_flow_gets_its_quality_follows_its_server_and_ends(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        send(one, FLOW)
        assert (await one.until(QualityGranted)).flow == "flow-1"
        (flow,) = one.qos.values()
        assert {(each.server, each.ports, each.protocol) for each in flow.filters} == {
            ("127.0.0.9", ((7777, 7777),), "UDP")
        }
        send(one, RequestQuality("flow-1", PLAYER, "127.0.0.10", "QOS_L", 600, (), (), "TCP"))
        assert (await one.until(QualityGranted)).flow == "flow-1"
        (flow,) = one.qos.values()
        assert {(each.server, each.protocol) for each in flow.filters} == {("127.0.0.10", "TCP")}
        assert (await held(one))["quality"] == 1
        one._links[-1].send(QosFulfilled(flow.flow, PLAYER, False))
        assert (await one.until(QualityKept)).fulfilled is False
        send(one, ReleaseQuality("flow-1"))
        await until(lambda: not one.qos)
        assert (await held(one))["quality"] == 0

    played(tmp_path, story)


def test_a_cell_without_room_is_told_and_nothing_stays(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        one.room = False
        send(one, FLOW)
        refused = await one.until(QualityRefused)
        assert (refused.flow, refused.final) == ("flow-1", False)
        send(one, RequestQuality("flow-2", PLAYER, "127.0.0.9", "QOS_OF_NOBODY", 600))
        assert (await one.until(QualityRefused)).final
        async with asyncio.timeout(PATIENCE_S):
            while (await held(one))["quality"]:
                await asyncio.sleep(0.05)

    played(tmp_path, story)


def test_a_grant_whose_only_notification_is_lost_is_granted_all_the_same(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        one.faults(drop=1.0)
        await asyncio.sleep(FAULTS_S)
        send(one, FLOW)
        await until(lambda: bool(one.qos))
        (lost,) = one.qos
        await asyncio.sleep(FAULTS_S)
        one.faults()
        assert (await one.until(QualityGranted)).flow == "flow-1"
        (flow,) = one.qos
        assert flow != lost
        assert not one.told(QualityRefused)
        assert (await held(one))["quality"] == 1

    played(tmp_path, story)


def test_a_place_is_asked_for_once(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        send(one, AskLocation(7, PLAYER))
        told = await one.until(LocationTold)
        assert (told.request, told.known) == (7, True)
        assert abs(told.x_m - 100.0) < 0.2
        assert await held(one) == STANDING | {"quality": 0}

    played(tmp_path, story)


def test_a_killed_core_network_is_found_again_with_what_it_kept(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        send(one, FLOW)
        await one.until(QualityGranted)
        one.kill_core()
        await until(lambda: any(api.state != "ready" for api in one.operated.state().apis))
        assert one.told(OperatorOffers)
        one.at[0] = ((150.0, 250.0), one.at[0][1])
        one.start_core()
        await ready(one)
        assert (await seen(one, 0)).place_at
        assert await held(one) == STANDING | {"quality": 1}
        assert not one.told(QualityRefused)

    played(tmp_path, story)


def test_a_core_network_that_forgot_everything_is_subscribed_anew(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        send(one, FLOW)
        await one.until(QualityGranted)
        one.kill_core()
        one.faults(forgetful=True)
        one.start_core()
        await until(lambda: any(api.state != "ready" for api in one.operated.state().apis))
        await ready(one)
        async with asyncio.timeout(PATIENCE_S):
            while await held(one) != STANDING | {"quality": 1}:
                await asyncio.sleep(0.1)

    played(tmp_path, story)


def test_a_restarted_control_plane_finds_its_subscriptions_again(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        send(one, FLOW)
        await one.until(QualityGranted)
        send(one, RequestQuality("flow-2", ON_LTE, "127.0.0.9", "QOS_S", 600))
        await one.until(QualityGranted)
        invoker = one.operated.state().invoker
        await one.stop_steering()
        one.heard.clear()
        await one.start_steering()
        send(one, msgspec.structs.replace(FLOW, served=True))  # flow-2 is not wanted any more
        send(one, QualityTold())
        assert (await one.until(QualityGranted)).flow == "flow-1"
        await ready(one)
        await until(lambda: sum(api.websockets for api in one.operated.state().apis) == 3)
        assert one.operated.state().invoker == invoker
        await seen(one, 1)
        async with asyncio.timeout(PATIENCE_S):
            while await held(one) != STANDING | {"quality": 1}:
                await asyncio.sleep(0.1)

    played(tmp_path, story)


def test_an_operator_without_capif_is_a_matter_of_the_account(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        assert list(one.operated.exposed.exposure.picture.ues) == [PLAYER]  # type: ignore[union-attr]
        assert one.operated.state().invoker == ""
        assert not (one.folder / "capif").exists()
        send(one, FLOW)
        await one.until(QualityGranted)

    async def play() -> None:
        async with stage(tmp_path) as one:
            account = read_account(one.folder)
            async with asyncio.timeout(PATIENCE_S):
                while not (one.folder / "core5g.db").exists():
                    await asyncio.sleep(0.02)
            listed = [{"ue": "player-1", "gpsi": "msisdn-99901000001", "ipv4": addresses.ue(one.net, 0)}]
            (one.folder / "subscribers.json").write_bytes(msgspec.json.encode(listed))
            write_account(
                one.folder, msgspec.structs.replace(account, capif=None, subscribers="subscribers.json")
            )
            one.measure()
            await one.start_steering()
            send(one, QualityTold())
            await story(one)

    asyncio.run(play())


def test_without_websockets_notifications_come_by_http(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        assert one.operated.exposed is not None
        one.operated.exposed.operator._channels.listen = (  # type: ignore[method-assign]
            lambda token, uri: one.operated.exposed.operator._channels._changed(token, False)  # type: ignore[union-attr]
        )
        await until(
            lambda: all(
                sub.channel == "callback" and sub.state == "HELD"
                for sub in one.operated.exposed.exposure.subs.values()  # type: ignore[union-attr]
            )
        )
        assert (await seen(one, 0)).signal_dbm == -86.5
        one.predict(one.sites[1])
        assert (await one.until(HandoverPredicted)).ue == PLAYER

    played(tmp_path, story)


def test_only_the_operator_is_believed(tmp_path: Path) -> None:
    """Forged: without its certificate, at a guessed address, of another subscription's kind, from the future, of nobody."""

    async def story(one: Stage) -> None:
        await ready(one)
        await seen(one, 0)
        exposure = one.operated.exposed.exposure  # type: ignore[union-attr]
        root, tls = f"{one.account.receiver}/notifications/", one.folder / "tls"
        place = {"shape": "POINT", "point": {"lat": 0.0, "lon": 0.0}}
        report = {
            "msisdn": "99901000001",
            "monitoringType": "LOCATION_REPORTING",
            "locationInfo": {"geographicArea": place},
        }
        forged = {
            "subscription": "any",
            "monitoringEventReports": [{**report, "eventTime": "2099-01-01T00:00:00Z"}],
        }
        nobody = {"subscription": "any", "monitoringEventReports": [{**report, "msisdn": "1"}]}
        topology = msgspec.json.decode((one.folder / TOPOLOGY).read_bytes(), type=Topology)
        measured = {
            "notificationType": "MeasRepUeNotification",
            "associateId": [{"type": 1, "value": addresses.ue(one.net, 0)}],
            "ecgi": {"cellId": next(iter(topology.by_id()))},
        }
        ended = {"transaction": "any", "eventReports": [{"event": "SESSION_TERMINATION"}]}
        stranger = ssl.create_default_context(cafile=tls / "ca.crt")
        async with httpx2.AsyncClient(verify=stranger, trust_env=False) as http:
            with pytest.raises(httpx2.HTTPError):
                await http.post(root + exposure.token("places"), json=forged)
        trust = ssl.create_default_context(cafile=tls / "ca.crt")
        trust.load_cert_chain(tls / "nef.crt", tls / "nef.key")
        before = exposure.picture.ues[PLAYER].x_m
        async with httpx2.AsyncClient(verify=trust, trust_env=False) as http:
            assert (await http.post(root + "guessed", json=forged)).status_code == 404
            assert (await http.post(root + exposure.token("places"), json=forged)).status_code == 204
            assert (await http.post(root + exposure.token("places"), json=nobody)).status_code == 204
            assert (await http.post(root + exposure.token("places"), json=ended)).status_code == 400
            assert (await http.post(root + exposure.token("cells"), json=forged)).status_code == 400
            assert (await http.post(root + exposure.token("cells"), json=measured)).status_code == 204
            assert (await http.post(root + exposure.token("nr"), content=b"[" * 9999)).status_code in (
                400,
                415,
            )
        assert exposure.picture.ues[PLAYER].x_m == before
        counted = ("from the future", "about nobody known", "of another kind")
        assert [exposure.counts[why] for why in counted] == [1, 1, 1]

    played(tmp_path, story)
