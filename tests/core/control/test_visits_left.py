"""The sites that visits were led away from: as long as their gateways have something of them, and through any restart."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fedge.core.control.events.moves import AskedHold, AskedMove
from fedge.core.control.events.objects import AskedApply
from fedge.core.control.events.sites import SiteMarked
from fedge.core.control.state import Visit
from fedge.core.control.visits import UNHEARD_AFTER
from fedge.core.control.visits.leading import SWEEP_AT_ONCE
from fedge.core.messages import InstanceStatus, LeadPlain, PlainReport, SiteHello, SiteReport, TrafficRule
from fedge.core.model import MS, SECOND, Address, AppId, SiteId, UeId
from tests.core.control.visit_world import (
    APP,
    DOORS,
    HOST,
    NORTH,
    SETTINGS,
    SITES,
    SOUTH,
    WEST,
    World,
    manifests,
    placed_at,
)

A_WHILE = UNHEARD_AFTER // SECOND + 3


class Led(World):
    """``has``: whom each gateway has something open of. They report once a second. Visits are led by order alone."""

    def __init__(self) -> None:
        self.has: dict[SiteId, set[str]] = {site: set() for site in SITES}
        super().__init__()
        self.say(AskedHold(98, True))

    def seconds(self, count: int, silent: Sequence[SiteId] = ()) -> None:
        for _ in range(count):
            for site in SITES:
                if site not in silent:
                    here = {APP: PlainReport(DOORS[site], len(self.has[site]), tuple(sorted(self.has[site])))}
                    self.say(SiteReport(site, 0.1, 0, self.instance(), {}, self.now, "userspace", here))
            self.wake(500, times=2)

    def lead(self, to: SiteId, name: str | None = None) -> None:
        for visit in list(self.plane.state.visits.values()):
            if name in (None, visit.session) and visit.site != to:
                self.say(AskedMove(99, visit.session, to))

    @property
    def visit(self) -> Visit:
        (one,) = self.plane.state.visits.values()
        return one


class Roomy(Led):
    """Its instances hold all UEs."""

    def instance(self, state: str = "ready") -> tuple[InstanceStatus, ...]:
        return tuple(replace(one, capacity=len(SETTINGS.ue_addresses)) for one in super().instance(state))


def led_to_south() -> Led:
    """Its client was at north, and connects to south now."""
    world = Led()
    world.attach()
    world.has[NORTH] = {HOST}
    world.seconds(1)
    world.lead(SOUTH)
    world.has[SOUTH] = {HOST}
    world.seconds(1)
    assert (world.visit.left, world.told[NORTH].ues) == ((NORTH,), {HOST: DOORS[SOUTH]})
    return world


def test_a_gateway_leads_a_ue_as_long_as_it_has_something_of_it_and_a_minute_longer() -> None:
    world = led_to_south()
    world.seconds(2 * A_WHILE)
    assert world.visit.left == (NORTH,), "a connection is open there"
    world.has[NORTH] = set()
    world.seconds(A_WHILE - 10)
    assert world.told[NORTH].ues == {HOST: DOORS[SOUTH]}
    world.seconds(10)
    assert world.visit.left == ()
    assert world.told[NORTH].ues == {}
    assert world.visit.site == SOUTH
    assert world.visit.generation == 2, "its client has nothing to do"


def test_of_a_gateway_that_is_not_heard_itself_it_is_not_known_and_its_time_begins_anew() -> None:
    world = led_to_south()
    world.has[NORTH] = set()
    world.seconds(A_WHILE - 10)
    world.seconds(2 * A_WHILE, silent=(NORTH,))
    assert world.visit.left == (NORTH,)
    world.say(SiteHello(NORTH, Address("north:6000"), Address("north:6002"), (), world.instance()))
    world.seconds(A_WHILE - 10)
    assert world.visit.left == (NORTH,)
    assert world.told[NORTH].ues == {HOST: DOORS[SOUTH]}
    world.seconds(10)
    assert world.visit.left == ()


def test_a_ue_that_comes_back_to_a_gateway_that_forgot_it_is_led_again() -> None:
    world = led_to_south()
    world.has[NORTH] = set()
    world.seconds(A_WHILE)
    assert world.visit.left == ()
    world.has[NORTH] = {HOST}
    world.seconds(1)
    assert (world.visit.site, world.visit.left, world.visit.generation) == (SOUTH, (NORTH,), 2)
    assert world.told[NORTH].ues == {HOST: DOORS[SOUTH]}
    world.lead(NORTH)
    world.seconds(1)
    assert (world.visit.left, world.told[NORTH].ues) == ((SOUTH,), {})


def test_a_new_control_plane_waits_as_long_as_the_old_one_would_have() -> None:
    world = led_to_south()
    world.has[NORTH] = set()
    world.seconds(A_WHILE - 10)
    world.now += 10 * SECOND
    world.restart()
    world.seconds(10)
    assert world.visit.left == (NORTH,), "what gateways said before is not known any more"
    assert world.told[NORTH].ues == {HOST: DOORS[SOUTH]}
    world.seconds(A_WHILE)
    assert world.visit.left == ()
    world.restart()
    world.seconds(1)
    assert world.visit.left == ()
    assert world.told[NORTH].ues == {}


def test_who_is_led_home_at_once_has_not_come_from_where_it_strayed() -> None:
    """Whether it may return so soon is asked of the site that it was led away from last."""
    world = led_to_south()
    world.has[WEST] = {HOST}
    world.seconds(1)
    assert world.visit.left == (NORTH, WEST)
    assert world.visit.came_from == NORTH


def test_of_many_that_are_led_a_gateway_hears_what_has_changed() -> None:
    world = Led()
    for number, ue in enumerate(SETTINGS.ue_addresses):
        world.attach(20 + number, ue)
    world.seconds(1)
    world.orders.clear()
    for at, visit in enumerate(list(world.plane.state.visits.values()), start=1):
        away = SOUTH if visit.site != SOUTH else WEST
        world.lead(away, visit.session)
        world.wake(50)
        assert sum(len(order.ues) for order in world.orders) == at
    assert sum(order.whole for order in world.orders) <= len(SITES), "the first of each gateway"
    held = {site: order.ues for site, order in world.told.items()}
    assert sum(len(ues) for ues in held.values()) == len(SETTINGS.ue_addresses)


def test_an_agent_that_was_cut_off_while_its_application_went_is_told_that_nobody_is_led() -> None:
    world = led_to_south()
    world.has[NORTH] = set()
    world.say(AskedApply(30, (placed_at(SOUTH),)))
    world.seconds(30)
    assert NORTH not in world.plane.state.placed[APP]
    world.say(SiteMarked(NORTH, "lost", "for the test"))
    world.plane.state.visits.clear()
    world.say(SiteHello(NORTH, Address("north:6000"), Address("north:6002"), (), ()))
    world.seconds(1)
    assert world.told[NORTH] == LeadPlain(APP)


def test_a_gateway_that_forgot_a_game_with_its_service_is_told_whole_when_the_service_comes_back() -> None:
    """With its Service go the rules, and where no instance is, the gateway forgets the game before the centre ends the visits."""
    world = Roomy()
    for number, ue in enumerate(SETTINGS.ue_addresses):
        world.attach(20 + number, ue)
    world.say(AskedApply(30, (placed_at(SOUTH),)))
    world.seconds(10)
    assert NORTH not in world.plane.state.placed[APP]
    assert len(world.told[NORTH].ues) > SWEEP_AT_ONCE, "so many that one look does not end all visits"
    world.say(AskedApply(31, (), (("Service", "default", "nim"),)))
    world.wake(500)
    assert world.told[NORTH] == LeadPlain(APP)
    world.say(AskedApply(32, (manifests()[1],)))
    world.wake(500)
    led = [visit.ue for visit in world.plane.state.visits.values() if NORTH in visit.left]
    assert led
    assert world.told[NORTH].ues == {SETTINGS.ue_addresses[ue]: DOORS[SOUTH] for ue in led}


RULES = (TrafficRule("nim", "FLOW", 1, (), "FORWARD_DECAPSULATED", "ACTIVE"),)
doors = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*DOORS.values()]))


@given(doors, doors, st.sampled_from([Address(""), DOORS[NORTH]]))
def test_what_is_told_in_short_comes_to_what_was_meant(
    before: dict[str, Address], after: dict[str, Address], elsewhere: Address
) -> None:
    held, meant = (
        LeadPlain(AppId("nim"), RULES, Address(""), before),
        LeadPlain(AppId("nim"), RULES, elsewhere, after),
    )
    said = meant.since(held)
    assert said.onto(held) == meant
    assert said.onto(said.onto(held)) == meant, "said twice it is the same"
    assert len(said.ues) <= len(after)


steps = st.lists(
    st.tuples(
        st.sampled_from(["lead", "use", "leave", "wait", "long", "lose", "restart", "agent"]),
        st.sampled_from(SITES),
        st.sampled_from([UeId("ue-1"), UeId("ue-2"), UeId("ue-3")]),
    ),
    max_size=25,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps)
def test_gateways_hold_what_the_visits_say_through_every_restart(
    told: list[tuple[str, SiteId, UeId]],
) -> None:
    world = Led()
    for number in (1, 2, 3):
        world.attach(20 + number, UeId(f"ue-{number}"))
    for what, site, ue in told:
        host = SETTINGS.ue_addresses[ue]
        match what:
            case "lead":
                world.lead(site, f"{APP}.{ue}")
            case "use":
                world.has[site].add(host)
            case "leave":
                world.has[site].discard(host)
            case "long":
                world.seconds(A_WHILE)
            case "lose":
                world.seconds(10, silent=(site,))
            case "restart":
                world.restart()
            case "agent":
                world.has[site].clear()
                world.told[site] = LeadPlain(APP)
                world.say(
                    SiteHello(site, Address(f"{site}:6000"), Address(f"{site}:6002"), (), world.instance())
                )
        world.seconds(1)
    for site in SITES:
        world.say(SiteHello(site, Address(f"{site}:6000"), Address(f"{site}:6002"), (), world.instance()))
    world.seconds(3)
    visits = world.plane.state.visits.values()
    for site in SITES:
        led = {SETTINGS.ue_addresses[one.ue]: DOORS[one.site] for one in visits if site in one.left}
        assert world.told[site].ues == led
        for one in visits:
            named = SETTINGS.ue_addresses[one.ue] in world.has[site]
            assert not named or site in (one.site, *one.left), "whoever uses a gateway is led by it"
    assert msgspec.to_builtins(world.replayed().state.visits) == msgspec.to_builtins(world.plane.state.visits)
    for one in world.has.values():
        one.clear()
    world.now += 100 * MS
    world.seconds(2 * A_WHILE)
    assert not world.plane.state.visits
    assert not any(order.ues for order in world.told.values())
