"""Worlds drawn by hypothesis: it looks for the smallest plan of faults that breaks an invariant, and prints it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedge.simulation.faults import ACTIONS, COMMIT_POINT, MOMENTS, Fault, Plan, Weather
from tests.properties.worlds import WORLDS, wrong_in

FAULTS = st.builds(
    Fault,
    action=st.sampled_from(ACTIONS),
    moment=st.sampled_from(MOMENTS) | st.sampled_from(COMMIT_POINT),
    count=st.integers(1, 4),
    for_ms=st.sampled_from((50, 300, 600, 2500)),
)
WEATHER = st.builds(
    Weather,
    said_lost=st.sampled_from((0.0, 0.05)),
    said_twice=st.sampled_from((0.0, 0.1)),
    in_order=st.booleans(),
    packet_lost=st.sampled_from((0.0, 0.2)),
    packet_late=st.sampled_from((0.0, 0.05)),
    fence_lost=st.sampled_from((0.0, 0.7)),
)
PLANS = st.builds(
    Plan,
    seed=st.integers(0, 50),
    clients=st.integers(1, 3),
    faults_ms=st.just(3000),
    faults=st.lists(FAULTS, min_size=1, max_size=5).map(tuple),
    weather=WEATHER,
    deadline_ms=st.sampled_from((400, 1000)),
    wishes=st.booleans(),
)


@settings(
    max_examples=2 * WORLDS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(PLANS)
def test_invariants_1_to_7_in_every_planned_world(plan: Plan) -> None:
    assert wrong_in([plan]) == ""
