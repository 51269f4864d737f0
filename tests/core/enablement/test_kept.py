"""What is kept is found as a look at everything would find it; an older journal's snapshot still loads."""

from __future__ import annotations

import random

import msgspec
import pytest

from fedge.core.control import State
from fedge.core.control.state import Session
from fedge.core.enablement import (
    AppRegistration,
    Device,
    EdgeService,
    Enablement,
    MobilityRegistration,
    Subscription,
    consent_of,
)
from fedge.core.enablement.kept import MOST_OF_A_KIND
from fedge.core.enablement.resources import AnyResource
from fedge.core.model import AppId, SessionId, SessionKey, SiteId, UeId

HARBOUR, ARENA = SiteId("harbour"), AppId("arena")
OLDER = {
    "resources": {
        "ams-1": {
            "type": "MobilityRegistration",
            "id": "ams-1",
            "owner": "harbour.arena-1",
            "told": {"serviceConsumerId": {"appInstanceId": "harbour.arena-1"}},
            "expires_at": 0,
            "site": "harbour",
            "app": "arena",
            "devices": [{"associate_id": "one", "ue": "player-1", "level": 1, "transferred": False}],
        },
        "ser-2": {
            "type": "EdgeService", "id": "ser-2", "owner": "harbour.arena-1", "told": {}, "expires_at": 0,
            "name": "scores", "state": "ACTIVE", "liveness_s": 0,
        },
    },
    "next_id": 3, "traffic_rules": {}, "dns_rules": {}, "asked": {},
}  # fmt: skip
"""As a snapshot from before resources had a namespace has it."""


def drawn(rng: random.Random, id: str) -> AnyResource:
    ues = [UeId(f"player-{n}") for n in rng.sample(range(4), rng.randrange(3))]
    match rng.randrange(4):
        case 0:
            return AppRegistration(id=id)
        case 1:
            return EdgeService(id=id, name=id)
        case 2:
            topic = rng.choice(("termination", "availability", "mobility", "adjacent"))
            return Subscription(id=id, topic=topic, callback="http://127.0.0.1/")  # type: ignore[arg-type]
        case _:
            site = SiteId(rng.choice(("harbour", "market")))
            devices = tuple(Device(ue, ue, rng.randint(1, 3), rng.random() < 0.5) for ue in ues)
            return MobilityRegistration(
                id=id, site=site, app=AppId(rng.choice(("", "arena"))), devices=devices
            )


def alike(rng: random.Random, one: AnyResource) -> AnyResource:
    """Another of the same kind under the same id."""
    while True:
        other = drawn(rng, one.id)
        same_topic = not isinstance(one, Subscription) or getattr(other, "topic", "") == one.topic
        if type(other) is type(one) and same_topic:
            return other


@pytest.mark.parametrize("seed", range(30))
def test_the_index_finds_what_a_look_at_everything_finds(seed: int) -> None:
    rng = random.Random(seed)
    held = Enablement({"ams-0": MobilityRegistration(id="ams-0", site=HARBOUR)})
    for number in range(1, 80):
        if rng.random() < 0.3 and held.resources:
            held.drop(rng.choice(sorted(held.resources)))
        elif rng.random() < 0.3 and held.resources:
            held.keep(alike(rng, held.resources[rng.choice(sorted(held.resources))]))
        elif rng.random() < 0.2:
            held.settle(UeId(f"player-{rng.randrange(4)}"), HARBOUR, ARENA)
        else:
            held.keep(drawn(rng, f"r-{number}"))
        everything = list(held.resources.values())
        registrations = [one for one in everything if isinstance(one, MobilityRegistration)]
        assert {one.id: one for one in held.registrations()} == {one.id: one for one in registrations}
        assert held.services() == [one for one in everything if isinstance(one, EdgeService)]
        for topic in ("termination", "availability", "mobility", "adjacent"):
            wanted = [one for one in everything if isinstance(one, Subscription) and one.topic == topic]
            assert held.subscriptions(topic) == wanted  # type: ignore[arg-type]
        for ue in (UeId(f"player-{n}") for n in range(4)):
            naming = {one.id for one in registrations if any(each.ue == ue for each in one.devices)}
            assert {one.id for one in held.registered(ue)} == naming
            for site in (HARBOUR, SiteId("market")):
                assert consent_of(held.registered(ue), ue, ARENA, site) == consent_of(
                    registrations, ue, ARENA, site
                )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(held), type=Enablement) == held


def test_an_older_journal_s_snapshot_loads_and_is_the_operator_s() -> None:
    whole = msgspec.to_builtins(State())
    state = msgspec.msgpack.decode(msgspec.msgpack.encode({**whole, "enablement": OLDER}), type=State)
    held = state.enablement
    assert [(one.id, one.namespace) for one in held.registrations()] == [("ams-1", "")]
    assert [one.name for one in held.services()] == ["scores"]
    session = Session(SessionId("s"), SessionKey(1), ARENA, UeId("player-1"), HARBOUR)
    assert consent_of(held.registered(session.ue), session.ue, session.app, session.site) == "no"
    held.drop("ams-1")
    assert held.registered(UeId("player-1")) == []


def test_the_index_is_never_written_down() -> None:
    held = Enablement()
    held.keep(MobilityRegistration(id="ams-1", site=HARBOUR, devices=(Device("one", UeId("player-1")),)))
    assert held.registered(UeId("player-1"))
    assert set(msgspec.to_builtins(held)) == {"resources", "next_id", "traffic_rules", "dns_rules", "asked"}


def test_one_tenant_s_many_leave_room_for_another_s() -> None:
    held = Enablement()
    for number in range(MOST_OF_A_KIND):
        held.keep(EdgeService(id=f"ser-{number}", namespace="studio"))
    assert held.full(EdgeService(namespace="studio"))
    assert not held.full(EdgeService(namespace="rival"))
    assert not held.full(AppRegistration(namespace="studio"))


def test_a_session_s_consent_looks_at_those_who_name_its_player_only() -> None:
    """Of 2000 registrations two name the player: those two are asked."""
    held = Enablement()
    for number in range(MOST_OF_A_KIND):
        ue = UeId("player-1" if number < 2 else f"other-{number}")
        held.keep(MobilityRegistration(id=f"ams-{number}", site=HARBOUR, devices=(Device("one", ue, 2),)))
    assert [one.id for one in held.registered(UeId("player-1"))] == ["ams-0", "ams-1"]
