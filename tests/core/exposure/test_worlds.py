"""What must hold however messages are lost, repeated and late, either side restarted, and notifications forged."""

from __future__ import annotations

from collections import Counter

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fedge.core.exposure import FlowQuality
from fedge.core.messages import (
    CellChanged,
    OperatorOffers,
    QualityGranted,
    ReachabilityChanged,
    UesSighted,
)
from fedge.core.model import SECOND, UeId
from tests.core.exposure.worlds import UES, Weather, World

share = st.sampled_from([0.0, 0.0, 0.05, 0.2])
weathers = st.builds(Weather, lost=share, twice=share, slow=share, lame=share)
HAPPENINGS = (
    "restart gateway", "restart operator", "operator forgets", "want", "change", "release", "forge",
    "no websockets", "refuse", "allow", "no room", "room", "gone", "back",
)  # fmt: skip
happenings = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 4000)), max_size=12)


def happen(world: World, what: str) -> None:
    flow = f"flow-{world.rng.randrange(3)}"
    match what:
        case "restart gateway":
            world.restart_gateway()
        case "restart operator" | "operator forgets":
            world.restart_operator(world.rng.randrange(6000), what == "operator forgets")
        case "want" | "change":
            world.want(flow, world.rng.choice(["QOS_E", "QOS_L"]), f"10.0.0.{world.rng.randrange(3)}")
        case "release":
            world.release(flow)
        case "forge":
            world.forge()
        case "no websockets":
            world.operator.websockets = False
        case "refuse":
            world.operator.refuses.add(world.rng.choice(["location", "quality", "radio"]))
        case "allow":
            world.operator.refuses.clear()
        case "gone":
            world.leave(world.rng.choice(UES))
        case "back":
            world.away.clear()
        case "no room" | "room":
            world.operator.room = what == "room"


def played(seed: int, weather: Weather, events: list[tuple[str, int]]) -> World:
    world = World(seed, weather)
    world.restart_gateway()
    world.run(4000)
    for what, wait_ms in events:
        happen(world, what)
        world.run(wait_ms)
    return world


def calm(world: World) -> None:
    """Faults end, and so does everything that was under way; refusals are tried again within a minute."""
    world.weather, world.operator.room = Weather(), True
    world.operator.refuses.clear()
    world.away.clear()
    for kept in world.operator.kept.values():
        kept.lame = False
    world.run(100_000)


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), weathers, happenings)
def test_everything_wanted_ends_subscribed_once(
    seed: int, weather: Weather, events: list[tuple[str, int]]
) -> None:
    world = played(seed, weather, events)
    calm(world)
    held = Counter(kept.token for kept in world.operator.kept.values())
    standing = [world.gateway.token(name) for name in ("places", "losses", "returns", "cells", "nr", "lte")]
    flows = [world.gateway.token(f"quality/{flow}") for flow in world.wanted]
    assert held == Counter(standing + flows)
    for flow, wanted in world.wanted.items():
        assert isinstance(world.answers[flow], QualityGranted)
        kept = next(
            k for k in world.operator.kept.values() if k.token == world.gateway.token(f"quality/{flow}")
        )
        assert isinstance(kept.asks, FlowQuality)
        assert (kept.asks.reference, kept.asks.app_server) == (wanted.reference, wanted.app_server)
    offers = [message for message in world.told if isinstance(message, OperatorOffers)]
    assert (offers[-1].location, offers[-1].radio, offers[-1].quality) == (True, True, True)


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), weathers, happenings)
def test_everybody_is_seen_where_they_are(seed: int, weather: Weather, events: list[tuple[str, int]]) -> None:
    world = played(seed, weather, events)
    calm(world)
    for ue in UES:
        sighting = world.gateway.picture.sighting(ue)
        known = world.gateway.picture.ues[ue]
        assert sighting is not None
        assert world.now - known.place_at < 2 * SECOND
        assert world.now - known.radio_at < 2 * SECOND
        assert known.reachable


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), weathers, happenings)
def test_who_is_lost_is_told_and_who_is_back_too_in_turns(
    seed: int, weather: Weather, events: list[tuple[str, int]]
) -> None:
    """Whatever notification of it was lost, late or doubled: a return by whatever else is told of the UE."""
    world = played(seed, weather, [event for event in events if event[0] != "restart gateway"])
    calm(world)
    world.leave(UES[0])
    world.run(20_000)
    assert not world.gateway.picture.ues[UES[0]].reachable
    world.weather.mute_returns = True
    world.away.clear()
    world.run(3000)
    told: dict[UeId, ReachabilityChanged] = {}
    for message in world.told:
        if isinstance(message, ReachabilityChanged):
            before = told.get(message.ue)
            assert message.reachable == (before is not None and not before.reachable)
            assert before is None or before.at < message.at
            told[message.ue] = message
    assert all(one.reachable for one in told.values())
    assert UES[0] in told


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), weathers, happenings)
def test_what_is_told_of_a_ue_only_goes_forward(
    seed: int, weather: Weather, events: list[tuple[str, int]]
) -> None:
    """Within one life of the gateway: it forgets with its process, and so does the control plane."""
    world = played(seed, weather, [event for event in events if event[0] != "restart gateway"])
    calm(world)
    changes: dict[UeId, int] = {}
    places: dict[UeId, int] = {}
    for message in world.told:
        if isinstance(message, CellChanged):
            assert message.at > changes.get(message.ue, 0)
            assert message.previous != message.cell
            changes[message.ue] = message.at
        elif isinstance(message, UesSighted):
            for one in message.ues:
                assert one.place_at >= places.get(one.ue, 0)
                assert one.x_m < 1000.0  # where the forged ones say that it is
                places[one.ue] = one.place_at


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), weathers, happenings)
def test_every_flow_is_answered_in_time(seed: int, weather: Weather, events: list[tuple[str, int]]) -> None:
    world = World(seed, weather)
    world.restart_gateway()
    asked: dict[str, int] = {}
    for what, wait_ms in events:
        before = dict(world.wanted)
        happen(world, what)
        for flow, request in world.wanted.items():
            if before.get(flow) is not request or what == "restart gateway":
                asked[flow] = world.now
        for _ in range(0, wait_ms, 250):
            world.run(250)
            for flow in world.wanted:
                if flow not in world.answers:
                    assert world.now - asked[flow] < 9 * SECOND


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate, Phase.target])
@given(st.integers(0, 2**32), st.lists(st.integers(0, 3000), max_size=8))
def test_a_restarted_gateway_subscribes_nothing_twice(seed: int, waits_ms: list[int]) -> None:
    """With an operator that answers: what an earlier life created is found in the list, at whatever step it was killed."""
    world = played(seed, Weather(), [("want", 700), ("want", 100)])
    for wait_ms in waits_ms:
        world.restart_gateway()
        world.run(wait_ms)
    calm(world)
    assert max(world.operator.most_alike.values()) == 1
