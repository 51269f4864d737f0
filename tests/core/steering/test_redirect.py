"""A session on an access that the core does not steer: its client is redirected, as lists of what is said and heard."""

from __future__ import annotations

import pytest

from fedge.core.messages import (
    ActivateRoute,
    ClientHeard,
    ExpectClient,
    InstallRoute,
    Message,
    RedirectClient,
    RouteActivated,
    RouteInstalled,
    RoutesTold,
    WithdrawRoute,
)
from fedge.core.model import MS, SECOND, Address, AppId, SessionId, SessionKey, SiteId, UeId
from fedge.core.steering import (
    Acknowledge,
    Answer,
    Create,
    Effect,
    Held,
    List,
    Patch,
    PathNotified,
    Steering,
    SteeringSettings,
    Tell,
)

UE, SESSION, KEY = UeId("ue-1"), SessionId("ue-1"), SessionKey(7)
S1, S2 = SiteId("s1"), SiteId("s2")
GATEWAYS = {S1: Address("10.0.0.1:6000"), S2: Address("10.0.0.2:6000")}
STABLE = Address("10.60.0.1:7777")
OWN = {S1: Address("10.60.1.1:7777"), S2: Address("10.60.2.1:7777")}


class Tale:
    """A steering and the core network behind it, which steers (``nr``) or refuses."""

    def __init__(self, nr: bool) -> None:
        self.nr, self.path_at, self.made = nr, "", 0
        self.now = 100 * SECOND
        self.told: list[Message] = []
        self.restart()

    def restart(self, *routes: Message) -> None:
        self.steering = Steering(SteeringSettings(b"secret", service=STABLE, services=OWN))
        self.steering.offer(GATEWAYS)
        self.subscribed = False
        for message in routes:
            self.say(message)
        self.say(RoutesTold())

    def say(self, event: Message | PathNotified | Answer) -> None:
        self._carry_out(self.steering.handle(event, self.now))

    def install(self, generation: int, site: SiteId, leads: bool = False, access: str = "") -> None:
        gateway, arena = GATEWAYS[site], AppId("arena")
        self.say(InstallRoute(SESSION, KEY, UE, generation, site, gateway, arena, leads, access))

    def activate(self, generation: int) -> None:
        self.say(ActivateRoute(SESSION, KEY, generation))

    def heard(self, site: SiteId, generation: int, at: Address, writer: bool = True) -> None:
        self.say(ClientHeard(site, KEY, generation, at, writer, self.now))

    def after(self, ns: int) -> list[Message]:
        """What is told within this time."""
        self.told = []
        until = self.now + ns
        while self.now < until:
            self.now += 50 * MS
            self._carry_out(self.steering.wake(self.now))
        return self.told

    def heard_of(self, kind: type[Message]) -> list[Message]:
        found = [message for message in self.told if isinstance(message, kind)]
        self.told = []
        return found

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Tell(message):
                    self.told.append(message)
                case List(number):
                    self.say(Answer(number, 200))
                case Create() | Patch() if not self.nr:
                    self.say(
                        Answer(effect.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED", "attached by wifi")
                    )
                case Create(number, token, _, _, _, routes) | Patch(number, token, routes):
                    self.say(
                        Answer(number, 200, held=(Held("sub-1", token, tuple(one.dnai for one in routes)),))
                    )
                    if self.path_at not in [one.dnai for one in routes]:
                        self._notify("EARLY", routes[0].dnai)
                case Acknowledge(number, uri, _, _, status):
                    stage, _, target = uri.partition("/")
                    if stage == "LATE" and status == "SUCCESS":
                        self.path_at = target.partition("/")[0]
                    self.say(Answer(number, 204))
                    if stage == "EARLY" and status == "SUCCESS":
                        self._notify("LATE", target.partition("/")[0])

    def _notify(self, stage: str, target: str) -> None:
        self.made += 1
        path = self.steering.paths[KEY]
        uri = f"{stage}/{target}/{self.made}"
        self.say(PathNotified(path.token, stage, target, self.path_at, path.transaction, True, UE, uri))  # type: ignore[arg-type]


def served_at_s1(nr: bool) -> Tale:
    """The first client has attached where it was told to, and was heard there."""
    tale = Tale(nr)
    tale.install(1, S1)
    tale.activate(1)
    (told,) = tale.heard_of(RouteActivated)
    assert told == RouteActivated(SESSION, 1, tale.now, STABLE if nr else OWN[S1], not nr)
    tale.heard(S1, 1, told.service)
    assert tale.after(2 * SECOND) == []
    return tale


def test_a_move_without_steering_is_ready_when_the_target_hears_the_client() -> None:
    tale = served_at_s1(nr=False)
    tale.install(2, S2)
    assert tale.told == [
        ExpectClient(S1, KEY),
        RedirectClient(S1, KEY, 2, 8, OWN[S2]),
        ExpectClient(S2, KEY),
    ]
    assert tale.after(150 * MS) == [RedirectClient(S1, KEY, 2, 8, OWN[S2]), ExpectClient(S2, KEY)], (
        "said again"
    )
    tale.heard(S2, 2, OWN[S2], writer=False)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    tale.heard(S1, 1, OWN[S1])
    assert not [one for one in tale.after(SECOND) if not isinstance(one, RedirectClient)]
    tale.activate(2)
    assert not tale.heard_of(RouteActivated), "nobody has heard the client believe the target"
    assert RedirectClient(S1, KEY, 2, 9, OWN[S2]) in tale.after(200 * MS)
    tale.heard(S2, 2, OWN[S2])
    assert tale.heard_of(RouteActivated) == [RouteActivated(SESSION, 2, tale.now, OWN[S2], True)]
    assert tale.after(4 * SECOND) == []


def test_another_generation_or_another_site_heard_is_not_the_target() -> None:
    tale = served_at_s1(nr=False)
    tale.install(3, S2)
    tale.heard(S2, 2, OWN[S2], writer=False)
    tale.heard(S1, 3, OWN[S1], writer=False)
    assert not tale.heard_of(RouteInstalled)


def test_a_move_that_is_given_up_redirects_nobody_any_more() -> None:
    tale = served_at_s1(nr=False)
    tale.install(2, S2)
    tale.say(WithdrawRoute(SESSION, KEY, 2, S2))
    assert tale.after(3 * SECOND) == []
    tale.install(3, S2)
    assert RedirectClient(S1, KEY, 3, 12, OWN[S2]) in tale.told, "the next one has a higher number"


def test_a_client_that_is_gone_is_not_called_for_at_the_quick_pace() -> None:
    tale = served_at_s1(nr=False)
    tale.install(2, S2)
    tale.after(2 * SECOND)
    assert len([one for one in tale.after(10 * SECOND) if isinstance(one, RedirectClient)]) <= 11


def test_on_5g_standalone_nobody_is_redirected() -> None:
    tale = served_at_s1(nr=True)
    tale.install(2, S2)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    tale.activate(2)
    assert tale.heard_of(RouteActivated) == [RouteActivated(SESSION, 2, tale.now, STABLE)]
    assert ExpectClient(S2, KEY) in tale.after(SECOND)
    tale.heard(S2, 2, STABLE)
    tale.told = []
    assert tale.after(3 * SECOND) == []


def test_a_ue_that_left_5g_standalone_keeps_its_way_until_it_moves() -> None:
    tale = served_at_s1(nr=True)
    tale.nr = False
    assert tale.after(3 * SECOND) == []
    tale.install(2, S2)
    assert RedirectClient(S1, KEY, 2, 8, OWN[S2]) in tale.told
    assert not tale.heard_of(RouteInstalled)
    tale.heard(S2, 2, OWN[S2], writer=False)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]


def test_a_ue_that_leaves_5g_standalone_in_mid_move_is_redirected_after_all() -> None:
    tale = served_at_s1(nr=True)
    tale.install(2, S2)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    tale.nr = False
    path = tale.steering.paths[KEY]
    assert path.state == "LATE"
    late, made = path.change, tale.made
    assert late is not None
    (ack,) = [
        one
        for one in tale.steering.handle(ActivateRoute(SESSION, KEY, 2), tale.now)
        if isinstance(one, Acknowledge)
    ]
    tale.say(Answer(ack.number, 404, "AF_TRANSACTION_NOT_FOUND"))
    assert tale.made == made
    told = tale.after(500 * MS)
    assert RedirectClient(S1, KEY, 2, 9, OWN[S2]) in told
    assert not [one for one in told if isinstance(one, RouteActivated)]
    tale.heard(S2, 2, OWN[S2])
    assert tale.heard_of(RouteActivated) == [RouteActivated(SESSION, 2, tale.now, OWN[S2], True)]


@pytest.mark.parametrize("access", ["lte", "nsa", "wifi"])
def test_the_control_plane_may_have_seen_the_other_access_first(access: str) -> None:
    tale = served_at_s1(nr=True)
    tale.install(2, S2, access="nr")
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    tale.install(2, S2, access=access)
    assert not tale.heard_of(RouteInstalled), "the core's path may be gone by now"
    assert RedirectClient(S1, KEY, 2, 8, OWN[S2]) in tale.after(100 * MS)
    tale.heard(S2, 2, OWN[S2], writer=False)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]


def test_a_core_that_does_not_switch_to_the_writer_is_not_waited_for() -> None:
    tale = served_at_s1(nr=True)
    tale.install(2, S2)
    tale.now += MS
    tale.steering.handle(ActivateRoute(SESSION, KEY, 2), tale.now)  # and its acknowledgement is lost
    assert not [one for one in tale.after(200 * MS) if isinstance(one, RedirectClient)]
    assert RedirectClient(S1, KEY, 2, 9, OWN[S2]) in tale.after(200 * MS)
    tale.heard(S2, 2, OWN[S2])
    assert [one.generation for one in tale.told if isinstance(one, RouteActivated)] == [2]


def test_a_session_begins_without_an_answer_of_the_core() -> None:
    tale = Tale(nr=True)
    tale.steering.handle(InstallRoute(SESSION, KEY, UE, 1, S1, GATEWAYS[S1], AppId("arena")), tale.now)
    tale.steering.handle(ActivateRoute(SESSION, KEY, 1), tale.now)  # whatever was asked got lost
    assert not [one for one in tale.after(1500 * MS) if isinstance(one, RouteActivated)]
    (told,) = [one for one in tale.after(SECOND) if isinstance(one, RouteActivated)]
    assert (told.service, told.redirected) == (OWN[S1], True)


def test_back_on_5g_standalone_the_client_is_called_home() -> None:
    tale = served_at_s1(nr=False)
    tale.nr = True
    told = tale.after(6 * SECOND)
    assert [one.service for one in told if isinstance(one, RouteActivated)] == [STABLE], (
        "who attaches now, goes there"
    )
    assert RedirectClient(S1, KEY, 1, 6, STABLE) in told
    tale.heard(S1, 1, STABLE)
    tale.told = []
    assert tale.after(3 * SECOND) == []
    tale.install(2, S2)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)], "steered again"


def test_a_client_at_a_sites_own_address_is_redirected_on_5g_standalone_too() -> None:
    tale = served_at_s1(nr=False)
    tale.nr = True
    tale.install(2, S2)
    assert not tale.heard_of(RouteInstalled), "the core's path is ready, and nobody is on it"
    assert tale.path_at == ""
    tale.heard(S2, 2, OWN[S2], writer=False)
    assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    tale.activate(2)
    tale.heard(S2, 2, OWN[S2])
    assert RouteActivated in [type(one) for one in tale.told]
    assert RedirectClient(S2, KEY, 2, 10, STABLE) in tale.after(2 * SECOND), "then it is called home"


@pytest.mark.parametrize("at", [STABLE, OWN[S1]], ids=["steered", "redirected"])
def test_after_a_restart_the_serving_site_says_where_the_client_is(at: Address) -> None:
    tale = served_at_s1(nr=at == STABLE)
    tale.restart()
    tale.install(1, S1, leads=True)
    tale.activate(1)
    tale.after(SECOND)
    tale.install(2, S2)
    if at == STABLE:
        assert not tale.heard_of(RouteInstalled), "its client may be anywhere"
    tale.told = []
    tale.heard(S1, 1, at)
    if at == STABLE:
        assert tale.heard_of(RouteInstalled) == [RouteInstalled(SESSION, 2)]
    else:
        assert RedirectClient(S1, KEY, 2, 8, OWN[S2]) in tale.after(2 * SECOND)


def test_after_a_restart_in_mid_move_the_target_itself_calls_the_client() -> None:
    tale = served_at_s1(nr=False)
    tale.restart()
    tale.install(2, S2)
    tale.activate(2)
    assert RedirectClient(S2, KEY, 2, 9, OWN[S2]) in tale.after(200 * MS)
    tale.told = []
    tale.heard(S2, 2, OWN[S2])
    assert tale.heard_of(RouteActivated) == [RouteActivated(SESSION, 2, tale.now, OWN[S2], True)]
