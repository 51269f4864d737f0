"""The serving site for one UE, as tables: terms, order, hysteresis, refusals, and what old figures count for."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge.core.applications import Application, Latency, Mobility, State, Template
from fedge.core.discovery import Decision, SiteFacts, UeFacts, decide, explanation
from fedge.core.discovery.load import TICK_MS, discounted_load, load_term_ms, weight_of_age
from fedge.core.model import AppId, CellId, SessionId, SiteId, UeId

ARENA = Application(
    app=AppId("arena"),
    namespace="default",
    name="arena",
    replicas=1,
    template=Template(),
    state=State(kind="session", schema="arena/1"),
    mobility=Mobility(mode="follow", hysteresis_ms=3),
)


WITHIN_30 = msgspec.structs.replace(ARENA, latency=Latency(objective_ms=30))


def ue(age_ms: float = 0, radio_ms: float = 10, **path_rtt_ms: float) -> UeFacts:
    paths = {SiteId(name): rtt_ms for name, rtt_ms in path_rtt_ms.items()}
    return UeFacts(UeId("player-7"), CellId("nr-3"), "nr", radio_ms, paths, age_ms)


def site(name: str, **facts: Any) -> SiteFacts:
    usual: dict[str, Any] = {"ready_instances": 1, "sessions": 3, "capacity": 10, "schema": "arena/1"}
    return SiteFacts(site=SiteId(name), **{**usual, **facts})


def decided(
    who: UeFacts, *sites: SiteFacts, serving: str | None = None, application: Application = ARENA
) -> Decision:
    return decide(who, application, sites, SiteId(serving) if serving else None)


def test_the_expected_round_trip_is_the_sum_of_its_terms() -> None:
    answer = decided(ue(radio_ms=12, a=5), site("a", load=0.5), serving="a")
    (only,) = answer.sites
    assert (only.radio_ms, only.backhaul_ms, only.load_ms) == (12, 5, pytest.approx(TICK_MS / 2))
    assert only.expected_rtt_ms == pytest.approx(17 + TICK_MS / 2)


def test_load_can_outweigh_distance() -> None:
    answer = decided(ue(a=1, b=6), site("a", load=0.6), site("b", load=0.1))
    assert [each.site for each in answer.sites] == ["b", "a"]


@pytest.mark.parametrize(
    ("better_by_ms", "decision"),
    [(-5, "stay"), (0, "stay"), (2.9, "stay"), (3.0, "stay"), (3.1, "move"), (20, "move")],
)
def test_hysteresis(better_by_ms: float, decision: str) -> None:
    answer = decided(ue(a=30, b=30 - better_by_ms), site("a"), site("b"), serving="a")
    assert answer.decision == decision
    assert answer.gain_ms == pytest.approx(max(0.0, better_by_ms))


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"state": "joining"}, "state"),
        ({"state": "suspect"}, "state"),
        ({"state": "lost"}, "state"),
        ({"state": "draining"}, "state"),
        ({"barred": "the policy excludes it by name"}, "affinity"),
        ({"ready_instances": 0}, "instance"),
        ({"schema": "arena/2"}, "schema"),
        ({"sessions": 10}, "capacity"),
        ({"name": "c"}, "path"),
    ],
)
def test_each_refusal_names_its_rule_and_is_no_candidate(facts: dict[str, Any], rule: str) -> None:
    better = site(**{"name": "b", **facts})
    answer = decided(ue(a=30, b=1), site("a"), better, serving="a")
    refused = answer.sites[-1]
    assert (answer.decision, answer.best) == ("stay", "a")
    assert (refused.feasible, refused.rank, refused.refused_by) == (False, 0, rule)
    assert refused.reason


@pytest.mark.parametrize(
    "facts", [{"state": "draining"}, {"state": "lost"}, {"barred": "policy"}, {"schema": "arena/2"}]
)
def test_a_serving_site_that_must_let_go_is_left_for_a_worse_one(facts: dict[str, Any]) -> None:
    answer = decided(ue(a=1, b=30), site("a", **facts), site("b"), serving="a")
    assert (answer.decision, answer.best) == ("move", "b")
    assert "a must let go" in answer.because
    assert answer.gain_ms == pytest.approx(-29)


@pytest.mark.parametrize("facts", [{"state": "suspect"}, {"sessions": 10}, {"ready_instances": 0}])
def test_what_keeps_newcomers_out_does_not_drive_a_session_away(facts: dict[str, Any]) -> None:
    assert decided(ue(a=5, b=6), site("a", **facts), site("b"), serving="a").decision == "stay"


def test_sessions_that_stay_move_only_when_they_must() -> None:
    staying = msgspec.structs.replace(ARENA, mobility=Mobility(mode="stay"))
    assert decided(ue(a=90, b=1), site("a"), site("b"), serving="a", application=staying).decision == "stay"
    draining = site("a", state="draining")
    assert decided(ue(a=90, b=1), draining, site("b"), serving="a", application=staying).decision == "move"


def test_without_a_serving_site_the_best_is_opened() -> None:
    answer = decided(ue(a=9, b=4), site("a"), site("b"))
    assert (answer.decision, answer.best, answer.serving) == ("move", "b", None)


def test_nowhere() -> None:
    answer = decided(ue(a=9, b=4), site("a", state="lost"), site("b", sessions=10))
    assert (answer.decision, answer.best) == ("none", None)
    assert answer.because == "no site can serve: 1 refused by capacity, 1 refused by state"
    assert decided(ue()).because == "no site has joined"


def test_ties_go_to_the_serving_site() -> None:
    assert decided(ue(a=5, b=5), site("a"), site("b"), serving="b").best == "b"
    assert decided(ue(a=5, b=5), site("b"), site("a")).best == "a"


def test_an_old_sighting_makes_a_move_less_likely_and_says_so() -> None:
    fresh = decided(ue(a=30, b=26), site("a"), site("b"), serving="a")
    stale = decided(ue(age_ms=4000, a=30, b=26), site("a"), site("b"), serving="a")
    assert (fresh.decision, stale.decision) == ("move", "stay")
    assert stale.gain_ms == pytest.approx(2)
    assert "last seen 4.0 s ago" in stale.because


def test_an_old_load_figure_drifts_to_the_usual_one() -> None:
    silent = site("b", load=0.0, load_age_ms=4000)
    assert weight_of_age(4000) == pytest.approx(0.5)
    assert discounted_load(silent, usual=0.4) == pytest.approx(0.2)
    answer = decided(ue(a=5, b=5), site("a", load=0.4), silent, serving="a")
    assert answer.sites[0].load_ms == pytest.approx(load_term_ms(0.2))
    assert "the load of b is 4.0 s old and counts for 50%" in answer.because


def test_the_load_term() -> None:
    assert load_term_ms(0) == 0
    assert load_term_ms(-1) == 0
    assert load_term_ms(2) == load_term_ms(0.95) == pytest.approx(TICK_MS * 9.5)


def test_the_explanation_is_the_contracts_json() -> None:
    answer = decided(ue(a=5), site("a"), site("c", sessions=10), serving="a")
    told = explanation(answer, SessionId("player-7"), at_ms=12.5)
    assert set(told) >= {"session", "at_ms", "serving", "decision", "because", "hysteresis_ms", "sites"}
    assert told["sites"] == [
        {
            "site": "a",
            "rank": 1,
            "feasible": True,
            "expected_rtt_ms": 15.0,
            "terms_ms": {"radio": 10, "cell_queue": 0.0, "backhaul": 5, "load": 0.0},
            "within_objective": True,
            "crowded": False,
            "refused_by": "",
            "reason": "",
        },
        {
            "site": "c",
            "rank": None,
            "feasible": False,
            "expected_rtt_ms": None,
            "terms_ms": {"radio": 10, "cell_queue": 0.0, "backhaul": None, "load": 0.0},
            "within_objective": None,
            "crowded": False,
            "refused_by": "capacity",
            "reason": "all 10 places are taken",
        },
    ]


def test_within_the_objective_a_site_that_is_not_crowded_comes_before_a_nearer_one() -> None:
    sites = site("a", sessions=8), site("b", sessions=7)
    answer = decided(ue(a=5, b=15), *sites, application=WITHIN_30)
    assert [(each.site, each.stands) for each in answer.sites] == [
        ("b", (False, False)),
        ("a", (False, True)),
    ]
    assert decided(ue(a=5, b=15), *sites).best == "a"  # without an objective the nearer one


def test_within_the_objective_comes_first_however_crowded() -> None:
    answer = decided(ue(a=5, b=21), site("a", sessions=9), site("b"), application=WITHIN_30)
    assert answer.best == "a"


def test_who_is_outside_anyway_is_served_as_fast_as_can_be() -> None:
    answer = decided(ue(a=30, b=60), site("a", sessions=9), site("b"), application=WITHIN_30)
    assert answer.best == "a"


@pytest.mark.parametrize(
    ("a_ms", "b_ms", "decision"),
    [(21, 19, "stay"), (22, 19, "stay"), (23, 19.5, "move"), (19, 15, "move"), (25, 21.5, "move")],
)
def test_the_bound_of_the_objective_makes_nobody_wander(a_ms: float, b_ms: float, decision: str) -> None:
    """radio 10 ms, hysteresis 3 ms, objective 30 ms: a is left only where b is faster by more than the hysteresis"""
    answer = decided(ue(a=a_ms, b=b_ms), site("a"), site("b"), serving="a", application=WITHIN_30)
    assert answer.decision == decision


def test_a_crowd_drives_nobody_out_and_lets_nobody_in_who_is_well_elsewhere() -> None:
    crowded, calm = site("a", sessions=9), site("b")
    stays = decided(ue(a=5, b=8), crowded, calm, serving="a", application=WITHIN_30)
    assert (stays.decision, stays.best) == ("stay", "b")
    assert stays.because == "a serves at 15.0 ms; b is less crowded, but not faster: 18.0 ms"
    well = decided(ue(a=1, b=8), crowded, calm, serving="b", application=WITHIN_30)
    assert (well.decision, well.best) == ("stay", "b")
    rescued = decided(ue(a=1, b=28), crowded, calm, serving="b", application=WITHIN_30)
    assert (rescued.decision, rescued.best) == ("move", "a")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[UeFacts, list[SiteFacts], SiteId | None]:
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True))
    sites = [
        SiteFacts(
            site=SiteId(name),
            state=draw(st.sampled_from(["ready", "ready", "draining", "suspect", "lost"])),
            ready_instances=draw(st.integers(0, 2)),
            sessions=draw(st.integers(0, 3)),
            capacity=3,
            load=draw(st.floats(0, 1)),
            load_age_ms=draw(st.floats(0, 10_000)),
        )
        for name in names
    ]
    paths = {SiteId(name): draw(st.floats(0, 50)) for name in "abcde"}
    who = UeFacts(
        UeId("player-1"), CellId("c"), "nr", draw(st.floats(1, 60)), paths, draw(st.floats(0, 9000))
    )
    serving = draw(st.one_of(st.none(), st.sampled_from([SiteId(name) for name in "abcdef"])))
    return who, sites, serving


@given(worlds(), st.sampled_from([ARENA, WITHIN_30]), st.randoms())
def test_any_decision_is_a_total_order_with_reasons(
    world: tuple[UeFacts, list[SiteFacts], SiteId | None], arena: Application, random: Any
) -> None:
    who, sites, serving = world
    answer = decide(who, arena, sites, serving)
    feasible = [each for each in answer.sites if each.feasible]
    assert {each.site for each in answer.sites} == {each.site for each in sites}
    assert [each.rank for each in feasible] == list(range(1, len(feasible) + 1))
    standings = [(each.stands, each.expected_rtt_ms or 0) for each in feasible]
    assert standings == sorted(standings)
    if arena.latency is None:
        assert not any(any(each.stands) for each in feasible)
    else:
        assert all(each.stands.outside == ((each.expected_rtt_ms or 0) > 30) for each in feasible)
    assert all(each.feasible != bool(each.refused_by) for each in answer.sites)
    assert (answer.decision == "none") == (not feasible)
    assert answer.because
    if answer.decision == "move":
        assert answer.best != serving
    if answer.decision == "move" and serving in {each.site for each in feasible}:
        assert answer.gain_ms > ARENA.mobility.hysteresis_ms
        stood = {each.site: each.stands for each in feasible}
        assert answer.best is not None
        assert serving is not None
        assert stood[answer.best] <= stood[serving]
    random.shuffle(sites)
    assert decide(who, arena, sites, serving) == msgspec.structs.replace(answer)


def test_a_hundred_decisions_over_125_sites_take_well_under_a_second() -> None:
    sites = [site(f"s{number}", load=number / 200) for number in range(125)]
    who = ue(**{f"s{number}": number % 17 for number in range(125)})
    start = time.process_time()
    for _ in range(100):
        decided(who, *sites, serving="s3")
    assert time.process_time() - start < 0.5


# --- a full cell -------------------------------------------------------------------------------------------------------------


def in_queue(who: UeFacts, queue_ms: float) -> UeFacts:
    return msgspec.structs.replace(who, queue_ms=queue_ms)


def test_the_queue_of_a_full_cell_is_in_every_sites_round_trip() -> None:
    answer = decided(in_queue(ue(a=5, b=7), 280), site("a"), site("b"), site("c"), serving="a")
    assert {each.site: each.expected_rtt_ms for each in answer.sites} == {"a": 295, "b": 297, "c": None}
    terms = [each["terms_ms"] for each in explanation(answer, SessionId("s"), 0.0)["sites"]]
    assert [(each["radio"], each["cell_queue"]) for each in terms] == [(10, 280)] * 3
    assert "280 ms of it are the queue of its cell" in answer.because


def test_it_is_held_against_the_objective_and_said_what_would_help() -> None:
    full = decided(in_queue(ue(a=5), 280), site("a"), serving="a", application=WITHIN_30)
    (told,) = explanation(full, SessionId("s"), 0.0)["sites"]
    assert told["within_objective"] is False
    assert (
        "without it the objective would be met, and a quality of service (QoD) goes before that queue"
        in full.because
    )
    free = decided(ue(a=5), site("a"), serving="a", application=WITHIN_30)
    assert explanation(free, SessionId("s"), 0.0)["sites"][0]["within_objective"] is True
    far = decided(in_queue(ue(a=50), 280), site("a"), serving="a", application=WITHIN_30)
    assert "a quality of service" not in far.because, "that would not be enough"


def test_a_queue_of_a_few_milliseconds_is_not_worth_a_word() -> None:
    answer = decided(in_queue(ue(a=5), 4), site("a"), serving="a")
    assert "queue" not in answer.because
    assert answer.sites[0].expected_rtt_ms == 19


facts = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["ready", "ready", "draining"]),
        "sessions": st.integers(0, 10),
        "load": st.floats(0, 1),
    }
)


@given(
    st.lists(st.tuples(st.floats(0, 80), facts), min_size=1, max_size=5),
    st.floats(0, 500),
    st.sampled_from([None, 0, 3]),
    st.sampled_from([ARENA, WITHIN_30]),
)
def test_a_full_cell_alone_decides_nothing(
    around: list[tuple[float, dict[str, Any]]], queue_ms: float, serving: int | None, application: Application
) -> None:
    """It is the same cell, whichever site serves: neither a move nor the site of a new session is another for it."""
    sites = [site(f"s{n}", **each) for n, (_, each) in enumerate(around)]
    who = ue(**{f"s{n}": path_ms for n, (path_ms, _) in enumerate(around)})
    at = f"s{serving}" if serving is not None else None
    free = decided(who, *sites, serving=at, application=application)
    full = decided(in_queue(who, queue_ms), *sites, serving=at, application=application)
    assert (full.decision, full.best) == (free.decision, free.best)
    assert full.gain_ms == pytest.approx(free.gain_ms, abs=1e-6)
    assert [each.site for each in full.sites] == [each.site for each in free.sites]
