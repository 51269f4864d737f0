"""One path steered, as lists: what the control plane, the NEF and its notifications say, and what is said and told in return."""

from __future__ import annotations

import pytest

from fedge.core.messages import (
    ActivateRoute,
    DeclinePath,
    InstallRoute,
    Message,
    PathChangeAsked,
    RemoveRoute,
    RouteActivated,
    RouteInstalled,
    RouteRefused,
    RoutesTold,
    WithdrawRoute,
)
from fedge.core.model import MS, SECOND, Address, AppId, SessionId, SessionKey, SiteId, UeId
from fedge.core.steering import (
    TRANSITIONS,
    Acknowledge,
    Answer,
    Create,
    Delete,
    Effect,
    Held,
    List,
    N6Route,
    Patch,
    PathNotified,
    Steering,
    SteeringSettings,
    Tell,
)

UE, SESSION, KEY = UeId("ue-1"), SessionId("ue-1"), SessionKey(7)
S1, S2, S3 = (SiteId(name) for name in ("s1", "s2", "s3"))
GATEWAYS = {site: Address(f"10.0.0.{n}:6000") for n, site in enumerate((S1, S2, S3), 1)}


def to(*sites: SiteId) -> tuple[N6Route, ...]:
    return tuple(N6Route(f"dnai-{site}", GATEWAYS[site]) for site in sites)


def install(generation: int, site: SiteId, leads: bool = False) -> InstallRoute:
    return InstallRoute(SESSION, KEY, UE, generation, site, GATEWAYS[site], AppId("arena"), leads)


class Tale:
    """A steering with a clock, which begins listed and empty."""

    def __init__(self, *first: Message, held: tuple[Held, ...] = ()) -> None:
        self.now = 100 * SECOND
        self.steering = Steering(SteeringSettings(b"secret", {site: f"dnai-{site}" for site in GATEWAYS}))
        self.steering.offer(GATEWAYS)
        for message in first:
            said = [one for one in self.does(message) if not isinstance(one, Tell)]
            assert said == [], "nothing is said to the NEF before its list was read"
        (listing,) = self.does(RoutesTold())
        assert isinstance(listing, List)
        self.begun = self.does(Answer(listing.number, 200, held=held))

    def does(self, event: Message | PathNotified | Answer) -> list[Effect]:
        return self.steering.handle(event, self.now)

    def after(self, ns: int) -> list[Effect]:
        self.now += ns
        return self.steering.wake(self.now)

    @property
    def path(self):  # type: ignore[no-untyped-def]
        return self.steering.paths[KEY]

    def notify(
        self, stage: str, site: SiteId, source: SiteId | None = None, uri: str = "", **other: object
    ) -> PathNotified:
        path = self.path
        told = {
            "token": path.token, "stage": stage, "target": f"dnai-{site}", "source": f"dnai-{source}" if source else "",
            "transaction": path.transaction, "gpsi_given": True, "ue": UE, "ack_uri": uri or f"nef/{stage}/{site}/{self.now}",
        }  # fmt: skip
        return PathNotified(**(told | other))  # type: ignore[arg-type]

    def early_and_late(self, site: SiteId) -> list[Effect]:
        """The core goes ahead: what is said to LATE."""
        self.now += MS
        (ack,) = self.does(self.notify("EARLY", site))
        assert isinstance(ack, Acknowledge)
        assert (ack.status, ack.route) == ("SUCCESS", to(site)[0])
        self.does(Answer(ack.number, 204))
        return self.does(self.notify("LATE", site))


def created(call: Effect, *sites: SiteId) -> Answer:
    assert isinstance(call, Create)
    return Answer(
        call.number, 201, held=(Held("sub-1", call.token, tuple(f"dnai-{site}" for site in sites)),)
    )


def patched(call: Effect) -> Answer:
    assert isinstance(call, Patch)
    return Answer(call.number, 200, held=(Held("sub-1", "", tuple(one.dnai for one in call.routes)),))


def served_at_s1() -> Tale:
    """The first path is there, and every site is on offer."""
    tale = Tale()
    (create,) = tale.does(install(1, S1))
    assert create == Create(create.number, tale.path.token, tale.path.transaction, UE, AppId("arena"), to(S1))  # type: ignore[union-attr]
    assert tale.does(created(create, S1)) == []
    assert tale.early_and_late(S1) == [Tell(RouteInstalled(SESSION, 1))]
    (ack,) = tale.does(ActivateRoute(SESSION, KEY, 1))
    assert isinstance(ack, Acknowledge)
    offer, told = tale.does(Answer(ack.number, 204))
    assert told == Tell(RouteActivated(SESSION, 1, tale.now))
    assert isinstance(offer, Patch)
    assert set(offer.routes) == set(to(S1, S2, S3))
    assert tale.does(patched(offer)) == []
    assert tale.path.state == "QUIET"
    return tale


def test_a_move_that_fedge_asks_for() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    assert ask == Patch(ask.number, "sub-1", to(S2))  # type: ignore[union-attr]
    tale.does(patched(ask))
    assert tale.early_and_late(S2) == [Tell(RouteInstalled(SESSION, 2))]
    (ack,) = tale.does(ActivateRoute(SESSION, KEY, 2))
    assert isinstance(ack, Acknowledge)
    assert ack.status == "SUCCESS"
    offer, told = tale.does(Answer(ack.number, 204))
    assert isinstance(offer, Patch)
    assert told == Tell(RouteActivated(SESSION, 2, tale.now))


def test_what_the_core_said_and_was_told_is_counted() -> None:
    tale = served_at_s1()
    assert tale.steering.counts == {"early": 1, "late": 1}
    assert tale.steering.paths_by_state() == {"QUIET": 1}
    tale.now += MS
    tale.does(tale.notify("EARLY", S3))
    tale.does(DeclinePath(SESSION, KEY, S3, "not allowed"))
    assert (tale.steering.counts["early"], tale.steering.counts["refused by Fedge"]) == (2, 1)


def test_a_change_that_the_core_begins_is_acknowledged_once_the_target_is_warm() -> None:
    tale = served_at_s1()
    assert tale.does(tale.notify("EARLY", S2, S1, "nef/1")) == [Tell(PathChangeAsked(SESSION, UE, S2))]
    assert tale.does(tale.notify("EARLY", S2, S1, "nef/1")) == [], (
        "a repeated notification is the same notification"
    )
    (ack,) = tale.does(install(2, S2))
    assert isinstance(ack, Acknowledge)
    assert (ack.uri, ack.status, ack.route) == ("nef/1", "SUCCESS", to(S2)[0])
    tale.does(Answer(ack.number, 204))
    assert tale.does(ActivateRoute(SESSION, KEY, 9)) == []
    assert tale.does(tale.notify("LATE", S2, S1, "nef/2")) == [Tell(RouteInstalled(SESSION, 2))]
    assert tale.path.state == "LATE", "acknowledged when the target writes, not before"


@pytest.mark.parametrize(
    ("why", "status"),
    [("congestion", "TEMPORARY_CONGESTION"), ("not allowed", "RELOC_NO_ALLOWED"), ("other", "OTHER")],
)
def test_the_control_plane_declines(why: str, status: str) -> None:
    tale = served_at_s1()
    tale.does(tale.notify("EARLY", S2, S1, "nef/1"))
    (ack,) = tale.does(DeclinePath(SESSION, KEY, S2, why))
    assert isinstance(ack, Acknowledge)
    assert (ack.uri, ack.status, tale.path.state) == ("nef/1", status, "QUIET")
    assert tale.does(DeclinePath(SESSION, KEY, S2, why)) == []


def test_a_control_plane_that_decides_nothing_is_not_waited_for_forever() -> None:
    tale = served_at_s1()
    tale.does(tale.notify("EARLY", S2, S1, "nef/1"))
    acks = [one for one in tale.after(4 * SECOND) if isinstance(one, Acknowledge)]
    assert [one.status for one in acks] == ["OTHER"]


def test_a_change_elsewhere_is_declined_while_a_move_is_ready() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S3))
    tale.does(patched(ask))
    ack, ask = tale.does(tale.notify("EARLY", S2, S1, "nef/1"))
    assert isinstance(ack, Acknowledge)
    assert (ack.uri, ack.status) == ("nef/1", "RELOC_NO_ALLOWED")
    assert isinstance(ask, Patch)
    assert ask.routes == to(S3)


def test_the_core_refuses_what_fedge_asks_for() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    said = tale.does(Answer(ask.number, 403, "MODIFICATION_NOT_ALLOWED", "not now"))  # type: ignore[union-attr]
    refused = RouteRefused(SESSION, 2, "MODIFICATION_NOT_ALLOWED: not now")
    assert said == [Tell(refused)]
    assert tale.does(install(2, S2)) == [Tell(refused)], "asked again it is the same answer"
    assert tale.does(WithdrawRoute(SESSION, KEY, 2, S2)) == []
    assert tale.path.there


def test_a_move_that_is_given_up_keeps_the_old_path_even_if_late_comes_then() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    tale.does(patched(ask))
    tale.now += MS
    (ack,) = tale.does(tale.notify("EARLY", S2, S1))
    tale.does(Answer(ack.number, 204))  # type: ignore[union-attr]
    (offer,) = tale.does(WithdrawRoute(SESSION, KEY, 2, S2))
    assert isinstance(offer, Patch)
    assert set(offer.routes) == set(to(S1, S2, S3))
    (ack,) = tale.does(tale.notify("LATE", S2, S1, "nef/late"))
    assert isinstance(ack, Acknowledge)
    assert (ack.uri, ack.status, tale.path.led) == ("nef/late", "RELOC_NO_ALLOWED", S1)


def test_a_move_that_is_given_up_before_its_target_is_warm_declines_what_the_core_began() -> None:
    tale = served_at_s1()
    tale.does(tale.notify("EARLY", S2, S1, "nef/1"))
    (ack,) = tale.does(WithdrawRoute(SESSION, KEY, 2, S2))
    assert isinstance(ack, Acknowledge)
    assert (ack.uri, ack.status) == ("nef/1", "RELOC_NO_ALLOWED")


def test_an_acknowledgement_without_an_answer_is_said_again() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    tale.does(patched(ask))
    tale.early_and_late(S2)
    (ack,) = tale.does(ActivateRoute(SESSION, KEY, 2))
    assert tale.does(Answer(ack.number, 0)) == []  # type: ignore[union-attr]
    again = [one for one in tale.after(150 * MS) if isinstance(one, Acknowledge)]
    assert [(one.uri, one.status) for one in again] == [(ack.uri, "SUCCESS")]  # type: ignore[union-attr]
    assert Tell(RouteActivated(SESSION, 2, tale.now)) in tale.does(Answer(again[0].number, 204))


def test_after_activation_a_refused_switch_is_asked_for_anew() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    tale.does(patched(ask))
    tale.early_and_late(S2)
    (ack,) = tale.does(ActivateRoute(SESSION, KEY, 2))
    assert tale.does(Answer(ack.number, 404, "CONTEXT_NOT_FOUND")) == []  # type: ignore[union-attr]
    asked = [one for one in tale.after(200 * MS) if isinstance(one, Patch)]
    assert [one.routes for one in asked] == [to(S2)]
    tale.does(patched(asked[0]))
    (ack,) = tale.early_and_late(S2)
    assert isinstance(ack, Acknowledge), "the target writes already"
    assert Tell(RouteActivated(SESSION, 2, tale.now)) in tale.does(Answer(ack.number, 204))


def test_a_core_that_says_yes_and_does_nothing_is_asked_again_and_blocks_nobody() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    tale.does(patched(ask))
    for _ in range(3):
        (again,) = [one for one in tale.after(5 * SECOND) if isinstance(one, Patch)]
        assert again.routes == to(S2)
        tale.does(patched(again))
    assert tale.path.installed == 1, "a path that nobody announced is not ready"
    (offer,) = tale.does(WithdrawRoute(SESSION, KEY, 2, S2))
    assert isinstance(offer, Patch)
    tale.does(patched(offer))
    assert tale.path.there


def test_a_creation_without_an_answer_is_looked_for_before_it_is_made_again() -> None:
    tale = Tale()
    (create,) = tale.does(install(1, S1))
    assert isinstance(create, Create)
    tale.does(Answer(create.number, 0))
    (listing,) = tale.after(150 * MS)
    assert isinstance(listing, List)
    twice = (Held("sub-1", create.token, ("dnai-s1",)), Held("sub-2", create.token, ("dnai-s1",)))
    (delete,) = tale.does(Answer(listing.number, 200, held=twice))
    assert delete == Delete(delete.number, "sub-2")  # type: ignore[union-attr]
    assert tale.path.subscription == "sub-1"


def test_a_restart_adopts_what_is_known_and_deletes_orphans() -> None:
    before = served_at_s1()
    token = before.path.token
    held = (
        Held("sub-1", token, ("dnai-s2",)),
        Held("sub-9", "of-a-session-that-ended", ("dnai-s1",)),
        Held("another's", "", ("dnai-s1",)),
    )
    tale = Tale(install(1, S1, leads=True), ActivateRoute(SESSION, KEY, 1), held=held)
    assert Delete(tale.begun[0].number, "sub-9") in tale.begun  # type: ignore[union-attr]
    asked = [one for one in tale.begun if isinstance(one, Patch)]
    assert [one.routes for one in asked] == [to(S1)], (
        "a move to s2 was under way: the core may have been left anywhere"
    )
    assert len(tale.begun) == 2


def test_a_subscription_that_the_nef_lost_is_made_anew() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    (create,) = tale.does(Answer(ask.number, 404, "SUBSCRIPTION_NOT_FOUND")) or [  # type: ignore[union-attr]
        one for one in tale.after(150 * MS) if isinstance(one, Create)
    ]
    assert isinstance(create, Create)
    assert create.routes == to(S2)
    tale.does(created(create, S2))
    assert tale.early_and_late(S2) == [Tell(RouteInstalled(SESSION, 2))]


def test_the_list_shows_a_lost_subscription_too() -> None:
    tale = served_at_s1()
    (listing,) = [one for one in tale.after(11 * SECOND) if isinstance(one, List)]
    (create,) = tale.does(Answer(listing.number, 200))
    assert isinstance(create, Create)
    assert create.routes == to(S1), "where it is served, and nowhere else"


def test_a_subscriber_that_the_core_does_not_steer_is_answered_at_once_and_asked_for_again_later() -> None:
    tale = Tale()
    (create,) = tale.does(install(1, S1))
    assert isinstance(create, Create)
    refusal = Answer(create.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED", "attached by lte")
    assert tale.does(refusal) == [Tell(RouteInstalled(SESSION, 1))]
    assert tale.does(ActivateRoute(SESSION, KEY, 1)) == [Tell(RouteActivated(SESSION, 1, tale.now))]
    assert tale.path.state == "UNSTEERED"
    again = [one for one in tale.after(6 * SECOND) if isinstance(one, Create)]
    assert len(again) == 1


def test_an_ended_session_leaves_nothing_behind() -> None:
    tale = served_at_s1()
    (delete,) = tale.does(RemoveRoute(SESSION, KEY))
    assert delete == Delete(delete.number, "sub-1")  # type: ignore[union-attr]
    assert tale.does(Answer(delete.number, 0)) == []  # type: ignore[union-attr]
    (again,) = [one for one in tale.after(150 * MS) if isinstance(one, Delete)]
    tale.does(Answer(again.number, 404))
    assert tale.steering.paths == {}
    assert not tale.steering.knows(tale.steering._derived("token", SESSION, KEY))


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "guessed"},
        {"transaction": "another"},
        {"ue": UeId("ue-2")},
        {"ue": None},
        {"ack_uri": ""},
        {"target": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("stage", ["EARLY", "LATE"])
def test_forged_and_senseless_notifications_change_nothing(stage: str, wrong: dict[str, object]) -> None:
    tale = served_at_s1()
    event = tale.notify(stage, S2, S1, "nef/1")
    event = PathNotified(**({name: getattr(event, name) for name in event.__struct_fields__} | wrong))  # type: ignore[arg-type]
    told = [
        one
        for one in tale.does(event)
        if not (isinstance(one, Acknowledge) and one.status == "RELOC_NO_ALLOWED")
    ]
    assert all(isinstance(one, Tell) and isinstance(one.message, PathChangeAsked) for one in told)
    if "target" not in wrong:
        assert told == []
        assert tale.path.state == "QUIET"
    assert tale.path.led == S1


def test_a_nef_that_does_not_answer_is_left_alone_but_for_a_listing_now_and_then() -> None:
    tale = served_at_s1()
    tale.does(install(2, S2))
    said: list[Effect] = [Patch(tale.path.call, "sub-1", ())]
    for _ in range(400):
        for call in said:
            if not isinstance(call, Tell):
                tale.does(Answer(call.number, 0))
        said = tale.after(50 * MS)
        assert not [one for one in said if tale.steering.circuit.open and not isinstance(one, List)]
    assert tale.steering.circuit.open
    listing = next(one for _ in range(200) for one in tale.after(50 * MS) if isinstance(one, List))
    asked = tale.does(Answer(listing.number, 200, held=(Held("sub-1", tale.path.token, ("dnai-s1",)),)))
    asked += tale.after(6 * SECOND)
    assert [one.routes for one in asked if isinstance(one, Patch)] == [to(S2)]


def test_every_state_can_be_left_and_names_who_leaves_it() -> None:
    states = {one.state for one in TRANSITIONS}
    assert {one.next for one in TRANSITIONS} <= states
    assert len({(one.state, one.event) for one in TRANSITIONS}) == len(TRANSITIONS)


def test_a_restart_believes_a_subscription_on_which_every_site_is_on_offer() -> None:
    everything = (Held("sub-1", served_at_s1().path.token, tuple(f"dnai-{site}" for site in GATEWAYS)),)
    tale = Tale(install(1, S1, leads=True), ActivateRoute(SESSION, KEY, 1), held=everything)
    assert tale.begun == [Tell(RouteActivated(SESSION, 1, tale.now))]
    assert tale.path.there


def test_a_core_that_may_have_switched_unheard_is_asked_until_its_silence_is_an_answer() -> None:
    tale = served_at_s1()
    (ask,) = tale.does(install(2, S2))
    tale.does(patched(ask))
    tale.early_and_late(S2)
    (ack,) = tale.does(ActivateRoute(SESSION, KEY, 2))
    tale.does(Answer(ack.number, 0))  # type: ignore[union-attr]
    (ack,) = [one for one in tale.after(150 * MS) if isinstance(one, Acknowledge)]
    tale.does(Answer(ack.number, 404, "CONTEXT_NOT_FOUND"))
    told, asked = 0, []
    for _ in range(400):
        for one in tale.after(100 * MS):
            if isinstance(one, Patch):
                asked.append(set(one.routes))
                tale.does(patched(one))
            elif isinstance(one, Tell):
                assert one.message == RouteActivated(SESSION, 2, tale.now)
                told = len(asked)
    assert told == 4, "the move goes on once the core was asked three times and is silent"
    assert asked[:-1] == [set(to(S2))] * 7
    assert asked[-1] == set(to(S1, S2, S3))
