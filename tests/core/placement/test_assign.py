"""The online solver: complete where that is possible, feasible always, repeatable, and near the best of all assignments."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.core.placement.assign import assign
from fedge.core.placement.objective import Problem, cost_of


def problem(rtt_ms: list[list[float]], room: list[int], opening: list[int], standby: int = 0) -> Problem:
    return Problem(
        rtt_ms=np.array(rtt_ms, np.float64).reshape(-1, len(room)),
        objective_ms=20.0,
        places_per_instance=2,
        most_instances=np.array(room, np.int64),
        opening=np.array(opening, np.int64),
        standby_sites=standby,
    )


@st.composite
def problems(draw: st.DrawFn, most_players: int = 4, most_sites: int = 3) -> Problem:
    sites = draw(st.integers(1, most_sites))
    players = draw(st.integers(0, most_players))
    rtt = st.sampled_from([5.0, 15.0, 30.0, float("inf")])
    return problem(
        draw(st.lists(st.lists(rtt, min_size=sites, max_size=sites), min_size=players, max_size=players)),
        draw(st.lists(st.integers(0, 3), min_size=sites, max_size=sites)),
        draw(st.lists(st.integers(0, 4), min_size=sites, max_size=sites)),
        draw(st.integers(0, 2)),
    )


def best_of_all(given_problem: Problem) -> int:
    players, sites = given_problem.rtt_ms.shape
    costs = []
    for each in product(range(-1, sites), repeat=players):
        try:
            costs.append(cost_of(given_problem, np.array(each, np.int64)).weighted)
        except ValueError:
            continue
    return min(costs)


@settings(deadline=None, max_examples=60)
@given(problems())
def test_every_player_has_a_place_where_any_assignment_gives_all_one(given_problem: Problem) -> None:
    answer = assign(given_problem)
    complete = any(
        _feasible(given_problem, each)
        for each in product(range(given_problem.rtt_ms.shape[1]), repeat=len(given_problem.rtt_ms))
    )
    assert (answer.cost.unserved == 0) == complete
    assert answer.cost == cost_of(given_problem, np.array(answer.sites, np.int64))


def _feasible(given_problem: Problem, assignment: tuple[int, ...]) -> bool:
    try:
        cost_of(given_problem, np.array(assignment, np.int64))
    except ValueError:
        return False
    return True


@settings(deadline=None, max_examples=60)
@given(problems(), st.integers(0, 3))
def test_more_steps_are_never_worse_and_the_same_seed_gives_the_same(
    given_problem: Problem, seed: int
) -> None:
    few, more, again = (assign(given_problem, Random(seed), steps) for steps in (1, 50, 50))
    assert more == again
    assert more.cost.weighted <= few.cost.weighted


def test_small_problems_are_solved_to_the_best_but_for_a_few() -> None:
    rng = np.random.default_rng(1)
    missed = 0
    for number in range(20):
        rtt = rng.choice([5.0, 15.0, 30.0, 60.0], (5, 3)).tolist()
        each = problem(rtt, rng.integers(1, 4, 3).tolist(), rng.integers(0, 5, 3).tolist(), number % 2)
        if each.places.sum() < 5:
            continue
        missed += assign(each, Random(number)).cost.weighted > best_of_all(each)
    assert missed <= 1


def test_a_full_site_makes_room_by_a_chain() -> None:
    # the third player has only site 0; one of the others moves to site 1 for it
    answer = assign(problem([[5, 5], [5, 5], [5, np.inf]], [1, 1], [0, 0]))
    assert answer.cost.unserved == answer.cost.outside == 0
    assert answer.sites[2] == 0


def test_two_half_empty_sites_become_one() -> None:
    answer = assign(problem([[5, 5, 30], [5, 5, 30]], [2, 2, 2], [3, 1, 0]))
    assert answer.sites == (1, 1)


def test_it_stops_when_it_is_told_to() -> None:
    asked = []

    def no() -> bool:
        asked.append(1)
        return False

    answer = assign(problem([[5, 5]] * 4, [2, 2], [1, 1]), go_on=no)
    assert (answer.steps, len(asked), answer.cost.unserved) == (0, 1, 0)


def test_players_nobody_may_serve_have_no_site() -> None:
    answer = assign(problem([[np.inf], [5]], [1], [0]))
    assert answer.sites == (-1, 0)
    assert assign(problem([], [1], [0])).sites == ()
