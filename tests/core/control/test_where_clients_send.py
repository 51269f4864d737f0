"""What an attach answer says of addresses, and who tells the gateways and steering what."""

from __future__ import annotations

from fedge.core.control import ControlPlane, ControlSettings
from fedge.core.control.effects import Reply, ToAccess, ToSite
from fedge.core.control.events.sessions import ClientAttached
from fedge.core.control.state import Session
from fedge.core.federation import Site
from fedge.core.messages import ClientHeard, ExpectClient, RedirectClient, RouteActivated
from fedge.core.model import Address, AppId, SessionId, SessionKey, SiteId, UeId

NORTH, SOUTH = SiteId("north"), SiteId("south")
KEY, SESSION = SessionKey(7), SessionId("player-1")
STABLE, OWN = "127.9.1.1:7777", {NORTH: Address("127.9.2.1:7777"), SOUTH: Address("127.9.2.2:7777")}


def plane(**settings: object) -> ControlPlane:
    """One session, served by north."""
    made = ControlPlane(ControlSettings(default_service=STABLE, **settings))  # type: ignore[arg-type]
    for name in OWN:
        made.state.sites[name] = Site(name, Address(f"{name}:6000"), Address(f"{name}:6002"))
    made.state.sessions[SESSION] = Session(
        SESSION, KEY, AppId("arena"), UeId("player-1"), NORTH, state="serving", opened=True
    )
    return made


def attached(centre: ControlPlane) -> tuple[str, list[str]]:
    (reply,) = [one for one in centre.handle(ClientAttached(1, SESSION), 5) if isinstance(one, Reply)]
    assert reply.status == 200
    return reply.body["service"], reply.body.get("services", [])


def test_a_client_is_given_the_address_that_steering_told_and_all_that_it_may_be_redirected_to() -> None:
    centre = plane(site_services=OWN)
    centre.handle(RouteActivated(SESSION, 1, 1, Address(STABLE), False), 1)
    assert attached(centre) == (STABLE, [STABLE, *OWN.values()])
    centre.handle(RouteActivated(SESSION, 1, 2, OWN[NORTH], True), 2)
    assert attached(centre)[0] == OWN[NORTH]
    assert centre.state.sessions[SESSION].redirected


def test_before_that_is_known_it_is_the_serving_sites_own() -> None:
    assert attached(plane(site_services=OWN))[0] == OWN[NORTH]


def test_where_nobody_can_be_redirected_there_is_one_address() -> None:
    assert attached(plane()) == (STABLE, [])


def test_orders_about_clients_go_to_their_site_and_what_is_heard_goes_to_steering() -> None:
    centre = plane(site_services=OWN)
    for order in (RedirectClient(SOUTH, KEY, 2, 8, OWN[SOUTH]), ExpectClient(SOUTH, KEY)):
        assert centre.handle(order, 1) == [ToSite(SOUTH, order)]
    heard = ClientHeard(SOUTH, KEY, 2, OWN[SOUTH], False, 1)
    assert centre.handle(heard, 1) == [ToAccess(heard)]
