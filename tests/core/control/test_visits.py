"""Visits of applications without the SDK: begun, led elsewhere, ended; and what the gateways are told of them."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from fedge.api.admin.collections import figures
from fedge.core.control import ControlPlane
from fedge.core.control.events.moves import AskedHold, AskedMove
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.control.events.sites import AskedDrain, SiteMarked
from fedge.core.control.visits import UNHEARD_AFTER, without_sdk
from fedge.core.messages import (
    CellChanged,
    InstanceStatus,
    PlainReport,
    SiteHello,
    SiteReport,
)
from fedge.core.model import SECOND, Address, CellId, InstanceId, SessionKey, SiteId, UeId
from tests.core.applications.objects import tenant
from tests.core.control.visit_world import APP, DOORS, HOST, NORTH, SITES, SOUTH, UE, WEST, World, placed_at


def test_a_client_is_told_the_best_sites_own_address_and_the_games_port() -> None:
    world = World()
    place = world.attach()
    assert place["fresh"]
    assert (place["site"], place["service"], place["protocol"]) == (NORTH, "127.9.2.1:8765", "TCP")
    assert (place["generation"], place["key"]) == (1, f"{0xABC:016x}")
    again = world.attach(6)
    assert (again["fresh"], again["key"]) == (False, place["key"])


@pytest.mark.parametrize(("port", "told"), [(7777, 7777), (7778, 7778), (9000, 7777)])
def test_of_udp_it_is_a_port_that_the_network_carries(port: int, told: int) -> None:
    assert World("UDP", port).attach()["service"] == f"127.9.2.1:{told}"


def test_udp_is_without_the_sdk_once_an_instance_is_ready_and_has_not_spoken_its_contract() -> None:
    world = World("UDP", 7777)
    assert without_sdk(world.plane, APP)
    speaks = (InstanceStatus(InstanceId("nim-1"), APP, "ready", 0, 4, "nim/1"),)
    world.say(SiteReport(WEST, 0.1, 0, speaks, {}, world.now))
    assert not without_sdk(world.plane, APP)


def test_a_handover_leads_what_is_opened_anew_and_the_gateway_that_was_left() -> None:
    world = World()
    place = world.attach()
    world.wake()
    assert world.told[NORTH].ues == {}
    world.say(CellChanged(UE, CellId("x2"), CellId("x1"), "nr", 8.0, 0.0, world.now))
    world.wake()
    visit = world.plane.state.visits[place["session"]]
    assert (visit.site, visit.generation, visit.left) == (SOUTH, 2, (NORTH,))
    assert world.told[NORTH].ues == {HOST: DOORS[SOUTH]}
    assert world.told[SOUTH].ues == {}
    assert world.told[NORTH].elsewhere == "", "others stay at north"
    assert any("handover" in said for said in world.said)


def test_whoever_comes_home_is_led_away_nowhere() -> None:
    world = World()
    name = world.attach()["session"]
    for at, site in enumerate((SOUTH, WEST, NORTH)):
        world.now += 10 * SECOND
        world.reports()
        world.say(AskedMove(10 + at, name, site))
        assert world.replies[10 + at].status == 202
    world.wake()
    assert world.plane.state.visits[name].left == (SOUTH, WEST)
    assert world.told[NORTH].ues == {}
    assert world.told[SOUTH].ues == world.told[WEST].ues == {HOST: DOORS[NORTH]}


def test_a_site_whose_instance_is_ready_again_leads_nobody_away_before_anybody_is_told_of_it() -> None:
    world = World()

    def north(state: str) -> None:
        doors = {APP: PlainReport(DOORS[NORTH])}
        world.say(SiteReport(NORTH, 0.1, 0, world.instance(state), {}, world.now, "userspace", doors))

    north("starting")
    world.wake()
    assert world.told[NORTH].elsewhere in DOORS.values()
    north("ready")
    assert world.told[NORTH].elsewhere == "", "at once: the next who asks may be told to connect there"
    assert world.attach()["site"] == NORTH


def test_a_drained_site_keeps_nobody_and_takes_nobody() -> None:
    world = World()
    place = world.attach()
    world.say(AskedDrain(7, NORTH))
    assert world.replies[7].body["visits"] == 1
    world.wake(times=12)
    assert world.plane.state.visits[place["session"]].site == SOUTH
    order = world.told[NORTH]
    assert (order.ues, order.elsewhere) == ({HOST: DOORS[SOUTH]}, DOORS[WEST]), "strangers to the emptiest"
    assert order.rules, "it listens on"
    assert world.attach(8, UeId("ue-2"))["site"] == SOUTH


def test_of_a_lost_site_a_client_that_asks_is_led_elsewhere_at_once() -> None:
    world = World()
    world.attach()
    world.say(SiteMarked(NORTH, "lost", "for the test"))
    place = world.attach(9)
    assert (place["site"], place["generation"]) == (SOUTH, 2)


def test_while_moves_are_held_nobody_is_led_but_off_a_drained_site() -> None:
    world = World()
    name = world.attach()["session"]
    world.say(AskedHold(3, True))
    world.say(CellChanged(UE, CellId("x2"), CellId("x1"), "nr", 8.0, 0.0, world.now))
    world.wake(times=12)
    assert world.plane.state.visits[name].site == NORTH
    world.say(AskedDrain(4, NORTH))
    world.wake(times=12)
    assert world.plane.state.visits[name].site == SOUTH


def test_a_ue_that_a_gateway_hears_has_a_visit_and_is_given_its_key_when_it_asks() -> None:
    world = World("UDP", 7778)
    world.reports(SOUTH, [HOST, "10.0.0.1"])
    (visit,) = world.plane.state.visits.values()
    assert (visit.ue, visit.site, visit.key) == (UE, SOUTH, 0)
    place = world.attach()
    assert (place["site"], place["key"]) == (SOUTH, f"{0xABC:016x}"), "it is where its traffic came"


def test_a_visit_of_which_nobody_hears_ends_and_one_that_is_heard_does_not() -> None:
    world = World()
    gone, stays = world.attach(5)["session"], world.attach(6, UeId("ue-2"))["session"]
    for _ in range(UNHEARD_AFTER // SECOND + 2):
        world.now += SECOND
        world.reports(NORTH, ["127.9.200.2"])
        world.wake(times=2)
    assert list(world.plane.state.visits) == [stays] != [gone]


def test_a_visit_ends_with_the_service_and_when_the_application_takes_the_sdk_in() -> None:
    world = World()
    name = world.attach()["session"]
    world.say(AskedApply(2, (), (("Service", "default", "nim"),)))
    world.say(AskedAttach(3, APP, UE, SessionKey(1)))
    assert world.replies[3].status == 404
    world.wake(times=3)
    assert not world.plane.state.visits
    world = World("UDP", 7777)
    assert world.attach()["session"] == name
    speaks = (InstanceStatus(InstanceId("nim-1"), APP, "ready", 0, 4, "nim/1"),)
    for site in SITES:
        world.say(SiteReport(site, 0.1, 0, speaks, {}, world.now))
    world.wake()
    assert not world.plane.state.visits


def test_a_site_whose_instance_stays_away_is_left_and_one_whose_instance_comes_back_is_not() -> None:
    world = World()
    name = world.attach()["session"]

    def seconds(count: int, state: str) -> None:
        for _ in range(10 * count):
            for site in SITES:
                running = world.instance(state if site == NORTH else "ready")
                plain = {APP: PlainReport(DOORS[site])}
                world.say(SiteReport(site, 0.1, 0, running, {}, world.now, "userspace", plain))
            world.wake()

    seconds(2, "starting")
    seconds(1, "ready")
    assert world.plane.state.visits[name].site == NORTH
    assert world.told[NORTH].elsewhere == ""
    seconds(2, "starting")
    assert world.told[NORTH].elsewhere == DOORS[SOUTH], "meanwhile strangers are led elsewhere"
    seconds(2, "starting")
    assert world.plane.state.visits[name].site == SOUTH


def test_gateways_are_told_at_the_next_turn_that_an_instance_is_ready() -> None:
    world = World()
    world.wake(500)

    def says(state: str) -> str:
        plain = {APP: PlainReport(DOORS[NORTH])}
        world.say(SiteReport(NORTH, 0.1, 0, world.instance(state), {}, world.now, "userspace", plain))
        world.wake(50)
        return world.told[NORTH].elsewhere

    assert says("starting") == DOORS[SOUTH]
    assert says("ready") == ""


def test_while_a_door_has_not_been_heard_of_what_was_told_holds_on() -> None:
    """The centre is new: agents said hello, and have not reported."""
    world = World()
    name = world.attach()["session"]
    world.say(AskedMove(4, name, SOUTH))
    world.wake(500)
    before = world.told[NORTH]
    assert before.ues == {HOST: DOORS[SOUTH]}
    for site in SITES:
        world.plane.sites[site].plain = {}
    world.say(AskedDrain(5, NORTH))
    world.say(SiteHello(NORTH, Address("north:6000"), Address("north:6002"), (), world.instance()))
    world.wake(500)
    assert world.told[NORTH] == before
    world.reports()
    world.wake(500)
    assert (world.told[NORTH].ues, world.told[NORTH].elsewhere) == ({HOST: DOORS[SOUTH]}, DOORS[WEST])


def test_a_drain_of_many_is_done_in_a_moment_and_overfills_nobody() -> None:
    world = World()
    for number in range(4):
        ue = UeId(f"more-{number}")
        world.say(CellChanged(ue, CellId("x1"), None, "nr", 8.0, 0.0, world.now))
        world.say(AskedAttach(20 + number, APP, ue, SessionKey(number + 1)))
    for visit in world.plane.state.visits.values():
        visit.site = NORTH
    world.say(AskedDrain(9, NORTH))
    world.wake()
    world.wake()
    at = Counter(visit.site for visit in world.plane.state.visits.values())
    assert at[NORTH] == 0
    assert max(at.values()) <= 4


def test_closing_and_deleting_end_visits() -> None:
    world = World()
    name = world.attach()["session"]
    world.say(AskedClose(11, name))
    assert world.replies[11].status == 202
    assert not world.plane.state.visits
    world.attach(12)
    world.say(AskedApply(13, (), (("Deployment", "default", "nim"), ("Service", "default", "nim"))))
    world.wake(times=5)
    assert not world.plane.state.visits


@pytest.mark.parametrize(
    ("to", "status"), [(NORTH, 409), (SiteId("nowhere"), 404), (WEST, 409), (SOUTH, 202)]
)
def test_an_order_to_lead_a_visit_is_held_against_the_site(to: SiteId, status: int) -> None:
    world = World()
    name = world.attach()["session"]
    world.say(AskedDrain(3, WEST))
    world.say(AskedMove(4, name, to))
    assert world.replies[4].status == status


def test_visits_fill_the_instances() -> None:
    world = World()
    for number in range(13):
        ue = UeId(f"more-{number}")
        world.say(CellChanged(ue, CellId("x1"), None, "nr", 8.0, 0.0, world.now))
        world.say(AskedAttach(20 + number, APP, ue, SessionKey(number + 1)))
    assert [world.replies[20 + number].status for number in range(13)] == [200] * 12 + [503]


def test_a_copy_that_lost_its_place_waits_for_its_connections_but_not_for_ever() -> None:
    world = World()
    world.attach()
    world.say(AskedApply(30, (placed_at(SOUTH),)))
    for _ in range(8):
        world.reports(NORTH, [HOST], open_now=1)
        world.wake(500)
    assert NORTH in world.plane.state.placed[APP], "somebody is connected"
    assert world.plane.state.visits[next(iter(world.plane.state.visits))].site == SOUTH
    for _ in range(60):
        world.reports(NORTH, [HOST], open_now=1)
        world.wake(500)
    assert NORTH not in world.plane.state.placed[APP], "it had its time"


def test_the_journal_gives_the_same_visits_again() -> None:
    world = World()
    name = world.attach()["session"]
    world.say(AskedMove(4, name, SOUTH))
    world.reports(WEST, ["127.9.200.2"])
    again = ControlPlane(world.plane.settings)
    for at, event in world.journal:
        again.handle(event, at)
    assert msgspec.to_builtins(again.state.visits) == msgspec.to_builtins(world.plane.state.visits)
    assert len(again.state.visits) == 2


def test_an_agent_that_is_new_is_told_everything_again() -> None:
    world = World()
    world.attach()
    world.wake(500)
    world.told.clear()
    world.wake()
    assert not world.told
    world.say(SiteHello(NORTH, Address("north:6000"), Address("north:6002"), (), world.instance()))
    world.wake()
    assert list(world.told) == [NORTH]


def test_one_report_of_many_clients_stays_within_the_quota() -> None:
    world = World()
    world.say(AskedApply(9, (tenant("default", quota={"sessions": 1}),)))
    world.reports(at=NORTH, hosts=(HOST, "127.9.200.2"), open_now=2)
    assert len(world.plane.state.visits) == 1
    world.reports(at=NORTH, hosts=(HOST, "127.9.200.2"), open_now=2)
    assert len(world.plane.state.visits) == 1


def test_the_scheduler_is_told_of_visits_and_of_whoever_is_still_connected() -> None:
    """By it a cluster that loses its place keeps its copy until nobody is there, or the time to connect elsewhere is over."""
    world = World()

    def told() -> dict[str, int]:
        clusters = figures(world.plane, world.now)["clusters"]
        return {one["site"]: one["applications"][0]["sessions"] for one in clusters}

    world.attach()
    assert told() == {NORTH: 1, SOUTH: 0, WEST: 0}
    world.reports(NORTH, [HOST], open_now=3)
    assert told() == {NORTH: 3, SOUTH: 0, WEST: 0}
    world.say(AskedApply(9, (placed_at(SOUTH, WEST),)))
    world.wake(times=30)
    world.reports(NORTH, [HOST], open_now=1)
    assert told() == {NORTH: 1, SOUTH: 1, WEST: 0}, "led south, and connected at north"
    world.now += 10 * SECOND
    world.reports(NORTH, [HOST], open_now=1)
    world.wake(times=30)
    assert told() == {NORTH: 0, SOUTH: 1, WEST: 0}
