"""What holds of every placement: sums, room, determinism, and growth that never takes."""

from __future__ import annotations

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fedge.core.applications import Application, Latency, Template, app_id
from fedge.core.model import SiteId
from fedge.core.placement import Policy
from fedge.core.placement.serve import MARGIN
from fedge.core.placement.stock_policy import ClusterAffinity, StaticWeight
from tests.core.placement.policies import Site, place_at, policy_of

NAMES = "abcdef"


OBJECTIVES = st.one_of(st.none(), st.builds(Latency, objective_ms=st.sampled_from([10.0, 25.0])))
DEMANDS = st.fixed_dictionaries({"town": st.integers(0, 9), "port": st.integers(1, 9)})


def application(replicas: int, latency: Latency | None = None) -> Application:
    return Application(
        app=app_id("default", "arena"),
        namespace="default",
        name="arena",
        replicas=replicas,
        template=Template(cpu_millis=100),
        latency=latency,
    )


@st.composite
def federations(draw: st.DrawFn, empty: bool = False) -> list[Site]:
    return [
        Site(
            site=SiteId(name),
            state=draw(st.sampled_from(["ready", "ready", "ready", "draining", "lost"])),
            free_cpu_millis=draw(st.one_of(st.none(), st.integers(0, 800))),
            replicas=0 if empty else draw(st.integers(0, 5)),
            rtt_ms={"town": draw(st.integers(1, 40)), "port": draw(st.integers(1, 40))},
        )
        for name in NAMES[: draw(st.integers(0, 6))]
    ]


@st.composite
def policies(draw: st.DrawFn, spread: bool = True) -> Policy:
    least = draw(st.integers(1, 3))
    most = draw(st.one_of(st.none(), st.integers(least, 6)))
    division = draw(st.sampled_from(["duplicated", "aggregated", "static", "dynamic"]))
    listed = draw(st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9))) if division == "static" else {}
    weights = tuple(
        StaticWeight(target_cluster=ClusterAffinity(cluster_names=(name,)), weight=weight)
        for name, weight in sorted(listed.items())
    )
    if not spread:
        return policy_of(division, weights=weights)
    return policy_of(division, min_sites=least, max_sites=most, weights=weights)


def applied(sites: list[Site], chosen: dict[SiteId, int]) -> list[Site]:
    """The sites once they run what was chosen."""

    def after(site: Site) -> Site:
        more = chosen.get(site.site, 0) - site.replicas
        free = site.free_cpu_millis
        left = None if free is None else free - 100 * more
        return msgspec.structs.replace(site, replicas=site.replicas + more, free_cpu_millis=left)

    return [after(site) for site in sites]


@given(federations(), policies(), st.integers(0, 20), OBJECTIVES)
@settings(max_examples=200, deadline=None)
def test_every_replica_is_placed_within_the_room_or_counted(
    sites: list[Site], policy: Policy, total: int, latency: Latency | None
) -> None:
    answer = place_at(application(total, latency), policy, sites)
    room = {
        site.site: total if site.free_cpu_millis is None else site.replicas + site.free_cpu_millis // 100
        for site in sites
    }
    if policy.division in (
        "aggregated",
        "dynamic",
    ):  # copies and static weights do not ask for room, as in Karmada
        assert all(has <= room[name] for name, has in answer.chosen.items())
    assert all(0 < has <= total for has in answer.chosen.values())
    copies = max(1, len(answer.chosen)) if policy.division == "duplicated" else 1
    assert max(0, total * copies - sum(answer.chosen.values())) == answer.unplaced
    assert {site.site for site in sites} == answer.chosen.keys() | answer.refused.keys()
    assert not answer.chosen.keys() & answer.refused.keys()
    assert all(site.state == "ready" for site in sites if site.site in answer.chosen)
    assert answer.because


@given(federations(), policies(), st.integers(0, 20), OBJECTIVES, st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_answer_does_not_depend_on_the_order_of_the_sites(
    sites: list[Site], policy: Policy, total: int, latency: Latency | None, random: st.DrawFn
) -> None:
    shuffled = sites.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    arena = application(total, latency)
    assert place_at(arena, policy, shuffled) == place_at(arena, policy, sites)


@given(federations(), policies(), st.integers(0, 20), OBJECTIVES)
@settings(max_examples=120, deadline=None)
def test_a_placement_that_is_in_force_is_left_alone(
    sites: list[Site], policy: Policy, total: int, latency: Latency | None
) -> None:
    arena = application(total, latency)
    chosen = place_at(arena, policy, sites).chosen
    again = place_at(arena, policy, applied(sites, chosen)).chosen
    assert place_at(arena, policy, applied(sites, again)).chosen == again


@given(federations(empty=True), policies(), st.integers(1, 20), DEMANDS, DEMANDS)
@settings(max_examples=120, deadline=None)
def test_where_players_move_a_placement_moves_only_for_a_gain_that_is_worth_it(
    sites: list[Site], policy: Policy, total: int, before: dict[str, float], now: dict[str, float]
) -> None:
    arena = application(total, Latency(objective_ms=20))
    first = place_at(arena, policy, sites, before)
    there = applied(sites, first.chosen)
    stays = place_at(arena, policy, there, now, may_move=False)
    moves = place_at(arena, policy, there, now)
    if moves.chosen != stays.chosen:
        assert stays.within is not None
        assert moves.within is not None
        assert stays.within < 0.95
        assert moves.within >= stays.within + MARGIN
    if first.chosen and not first.unplaced:
        assert stays.chosen == first.chosen


@given(federations(empty=True), policies(), st.integers(1, 20), DEMANDS)
@settings(max_examples=100, deadline=None)
def test_noise_in_the_demand_moves_nothing(
    sites: list[Site], policy: Policy, total: int, demand: dict[str, float]
) -> None:
    arena = application(total, Latency(objective_ms=20))
    chosen = place_at(arena, policy, sites, demand).chosen
    there = applied(sites, chosen)
    settled_ = place_at(arena, policy, there, demand).chosen
    assume(settled_ == chosen)
    noisy = {name: amount * (1.02 if name == "town" else 1.0) for name, amount in demand.items()}
    assert place_at(arena, policy, there, noisy).chosen == chosen


@given(
    federations(empty=True),
    policies(spread=False),
    st.lists(st.integers(0, 6), min_size=2, max_size=6),
    OBJECTIVES,
)
@settings(max_examples=200, deadline=None)
def test_growth_never_takes_a_replica_from_a_site(
    sites: list[Site], policy: Policy, steps: list[int], latency: Latency | None
) -> None:
    total, before = 0, {}
    for step in steps:
        total += step
        chosen = place_at(application(total, latency), policy, sites, may_move=False).chosen
        assert all(chosen.get(name, 0) >= has for name, has in before.items())
        sites, before = applied(sites, chosen), chosen
