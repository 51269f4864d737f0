"""The invariants of docs/invariants.md, each on worlds whose faults press on it. The judge checks all seven in every world.

A failure prints seed and plan. To read what happened: ``python -m tests.properties.tell SEED``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from fedge.core.model import MS
from fedge.dataplane.flows import FlowTable
from fedge.simulation.faults import REDIRECTING, SITES, Fault, Plan, Weather, plan_of, redirected
from fedge.simulation.world import World
from tests.properties.worlds import WORLDS, played, wrong_in


def _plans(first: int, count: int = WORLDS) -> Iterator[Plan]:
    """In every third world some players are on an access without steering: they are moved by REDIRECT."""
    for seed in range(first, first + count):
        yield redirected(plan_of(seed)) if seed % 3 == 0 else plan_of(seed)


def _pick(plan: Plan, *faults: Fault) -> tuple[Fault, ...]:
    return (*plan.faults[:3], *faults)


def test_invariant_1_at_most_one_writer_whose_frames_a_client_accepts() -> None:
    """Pressed by clients that lose their memory around the commit point, and by old frames that come late and twice."""
    worlds = []
    for plan in _plans(1_000_000):
        rng = Random(plan.seed)
        forgets = [
            Fault("forget client", moment, rng.randrange(1, 4))
            for moment in ("Frozen", "Answer", "AskFence", "Resume")
        ]
        unheard = Fault("cut access from sender", "Answer", rng.randrange(1, 4), for_ms=400)
        weather = replace(plan.weather, packet_late=0.1, packet_twice=0.1)
        worlds.append(replace(plan, faults=_pick(plan, rng.choice(forgets), unheard), weather=weather))
    assert wrong_in(worlds) == ""


def test_invariant_2_route_generations_only_rise() -> None:
    """Pressed by many moves, an access network that restarts, and messages that come twice."""
    worlds = []
    for plan in _plans(2_000_000):
        restarts = Fault("crash access", "ActivateRoute", 1 + plan.seed % 6)
        weather = Weather(said_twice=0.3, said_lost=0.02, in_order=False)
        worlds.append(replace(plan, faults=_pick(plan, restarts), weather=weather, handover_every_ms=400))
    assert wrong_in(worlds) == ""


def test_invariant_3_no_acknowledged_input_is_lost_or_applied_twice() -> None:
    """Pressed by instances that die in the middle of a write, and by lost packets. The surviving logs are replayed."""
    worlds, replayed = [], 0
    for plan in _plans(3_000_000):
        rng = Random(plan.seed)
        torn = [
            Fault(
                "tear instance of receiver",
                rng.choice(("Activate", "Freeze", "Store", "Resume", "TakeState", "Drop")),
                n,
            )
            for n in (1, 3)
        ]
        killed = Fault("crash", at_ms=rng.randrange(3000), who=f"{rng.choice(SITES)}/i")
        weather = replace(plan.weather, packet_lost=rng.choice((0.0, 0.1, 0.3)))
        worlds.append(replace(plan, faults=_pick(plan, *torn, killed), weather=weather))
    assert wrong_in(worlds) == ""
    for plan in worlds[:3]:
        replayed += played(plan).judge.counts["replayed"]
    assert replayed, "no history was replayed: the judge looked at nothing"


def test_invariant_4_the_source_serves_until_frozen_then_nobody_until_the_target_answered() -> None:
    """Pressed by answers that are lost or late, with the arbiter asked and its word lost too."""
    worlds = []
    for plan in _plans(4_000_000):
        rng = Random(plan.seed)
        count = rng.randrange(1, 4)
        late = Fault(
            rng.choice(("lose", "delay", "stall", "cut", "crash sender unsaid")), "Answer", count, for_ms=600
        )
        deaf = Fault("cut access from sender", "Answer", count, for_ms=rng.choice((280, 500, 1500)))
        also = Fault(
            rng.choice(("crash sender", "crash receiver", "lose")),
            rng.choice(("AskFence", "VoidEpoch", "Resume")),
        )
        weather = replace(plan.weather, fence_lost=rng.choice((0.0, 0.5)))
        worlds.append(replace(plan, faults=_pick(plan, late, deaf, also), weather=weather))
    assert wrong_in(worlds) == ""


def test_invariant_4_where_nothing_goes_wrong_a_move_is_hardly_felt() -> None:
    """The source serves until FROZEN: between the last tick of one site and the first of the next a client waits a few periods,

    the 40 ms of its radio's own silence included.
    """
    worlds = [played(Plan(seed, faults_ms=4000, wishes=False)) for seed in range(8)]
    assert all(world.judge.found == [] for world in worlds)
    moves = sum(story.facts.get("state") == "RELEASED" for world in worlds for story in world.centre.stories)
    silences_ms = [client.longest_silence / MS for world in worlds for client in world.clients]
    assert moves >= 8
    assert max(silences_ms) < 120


def test_invariant_5_every_move_ends() -> None:
    """Pressed by anything at all; and once the faults are over, everybody plays again."""
    assert wrong_in(_plans(5_000_000, 2 * WORLDS)) == ""


def test_invariant_6_replaying_the_journal_gives_the_same_state_and_effects() -> None:
    """Pressed by a control plane that dies in the middle of moves, before and after its commits."""
    worlds = []
    for plan in _plans(6_000_000):
        rng = Random(plan.seed)
        moments = (
            "TargetWarmed",
            "BeginCopy",
            "MoveFrozen",
            "MoveActivated",
            "RouteActivated",
            "UplinkSeen",
            "SiteHello",
        )
        dies = [
            Fault("crash centre", moment, rng.randrange(1, 5), for_ms=100)
            for moment in rng.sample(moments, 3)
        ]
        worlds.append(replace(plan, faults=_pick(plan, *dies)))
    assert wrong_in(worlds) == ""


def test_invariant_7_a_site_cut_off_serves_on_and_starts_nothing() -> None:
    """Pressed by sites that are dead or cut off for so long that they are given up, and then come back."""
    worlds = []
    for plan in _plans(7_000_000, max(8, WORLDS // 2)):
        rng = Random(plan.seed)
        action = rng.choice(("crash", "cut from centre", "cut off"))
        away = Fault(action, at_ms=rng.randrange(2500), who=rng.choice(SITES), for_ms=13_500)
        worlds.append(replace(plan, faults=_pick(plan, away), faults_ms=17_000))
    assert wrong_in(worlds) == ""


def test_all_invariants_hold_where_clients_are_led_by_redirect() -> None:
    """Pressed by REDIRECTs that are lost on their way, and by clients that are silent or restart in the middle of it."""
    worlds = []
    for plan in _plans(8_000_000):
        rng = Random(plan.seed)
        pressing = [
            Fault("lose", "RedirectClient", rng.randrange(1, 6)),
            Fault(
                "silence client",
                rng.choice(REDIRECTING),
                rng.randrange(1, 6),
                for_ms=rng.choice((400, 2500, 5000)),
            ),
            Fault("forget client", rng.choice(REDIRECTING), rng.randrange(1, 6)),
        ]
        weather = replace(plan.weather, redirect_lost=rng.choice((0.0, 0.5, 0.9)))
        worlds.append(replace(redirected(plan), faults=_pick(plan, *pressing), weather=weather))
    assert wrong_in(worlds) == ""


def test_a_move_by_redirect_is_hardly_felt_either_where_nothing_goes_wrong() -> None:
    """All players are on LTE: each move is led by REDIRECT, make before break."""
    worlds = [played(Plan(seed, faults_ms=4000, wishes=False, unsteered=(0, 1))) for seed in range(8)]
    assert all(world.judge.found == [] for world in worlds)
    told = [story.facts for world in worlds for story in world.centre.stories]
    steered = [facts for facts in told if facts.get("state") == "STEERED"]
    assert len(steered) >= 8
    assert all(facts["steering"] == "client" for facts in steered)
    assert sum(world.net.said["RedirectClient"] for world in worlds) >= len(steered)
    assert max(client.longest_silence / MS for world in worlds for client in world.clients) < 120


def test_the_judge_sees_a_client_that_is_led_astray() -> None:
    """What the other tests rest on: a client that sends somewhere else than to the site that serves it is found."""
    world = World(Plan(3, faults_ms=500, wishes=False, unsteered=(0, 1)), FlowTable)
    world.run()
    client = world.clients[0]
    assert client.session is not None
    there = client.session.way.destinations(world.now)
    client.session.way.present = ("127.0.9.9", 7777)
    assert len(there) == 1
    assert any("sends to" in finding for finding in world.judge._unsettled())


def test_without_fencing_the_judge_complains() -> None:
    """The same worlds, but sources resume on a time-out alone and clients believe every frame: invariants 1 and 3 must fall."""
    found = [finding for seed in range(60) for finding in played(plan_of(seed, fencing=False)).judge.found]
    assert any(finding.startswith("1:") for finding in found)
    assert any(finding.startswith("3:") for finding in found)
    assert any(finding.startswith("4:") for finding in found)


def test_a_seed_is_a_world() -> None:
    """The same plan gives the same world, message by message: what fails once can be looked at."""
    one, other = played(plan_of(11)), played(plan_of(11))
    assert (one.now, one.net.said, one.judge.counts) == (other.now, other.net.said, other.judge.counts)
