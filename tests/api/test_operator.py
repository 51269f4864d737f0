"""How Fedge stands with the 5G operator, over the admin API, in the picture and as metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.testclient import TestClient

from fedge.api.admin import admin_app
from fedge.api.admin.operator_state import READY, ApiState, OperatorState, metrics
from fedge.api.admin.view import view
from tests.api.centre import TOKEN, PlainCentre

AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
STATE = OperatorState(
    (
        ApiState("location", READY, "closed", 1, 1, 0, {"held": 1}),
        ApiState("radio", "the operator does not answer", "open", 3, 2, 2, {"held": 2, "doubtful": 1}),
    ),
    "invoker-7",
    certificate_until_s=2e9,
    notifications={"taken": 12, "too late": 1},
    heard_ms_ago=250,
)


def with_operator(state: OperatorState | None) -> tuple[PlainCentre, TestClient]:
    centre = PlainCentre()
    centre.facts.operator = lambda: state
    return centre, TestClient(admin_app(centre))


def test_each_api_is_a_row_and_the_whole_beside_it() -> None:
    _, client = with_operator(STATE)
    told = client.get("/api/v1/operator", headers=AUTHORISED).json()
    assert [row["operator"] for row in told["items"]] == ["location", "radio"]
    assert (told["gateway"]["invoker"], told["gateway"]["notifications"]) == (
        "invoker-7",
        {"taken": 12, "too late": 1},
    )
    radio = client.get("/api/v1/operator/radio", headers=AUTHORISED).json()
    assert (radio["state"], radio["circuit"], radio["held"]) == ("the operator does not answer", "open", 2)
    assert client.get("/api/v1/operator/weather", headers=AUTHORISED).status_code == 404


def test_without_an_operator_there_is_nothing_to_tell() -> None:
    centre, client = with_operator(None)
    assert client.get("/api/v1/operator", headers=AUTHORISED).json() == {"items": [], "gateway": None}
    assert client.get("/api/v1/operator/radio", headers=AUTHORISED).status_code == 404
    assert view(centre.plane, centre.facts, centre.now())["operator"] is None


def test_the_picture_has_a_word_for_each_api_and_no_figures() -> None:
    centre, _ = with_operator(STATE)
    told = view(centre.plane, centre.facts, centre.now())["operator"]
    assert told == {"location": "ready", "radio": "the operator does not answer"}


class _State(Collector):
    def __init__(self, state: OperatorState | None) -> None:
        self._state = state

    def collect(self) -> list[Metric]:
        return list(metrics(self._state))


def lines(state: OperatorState | None) -> set[str]:
    registry = CollectorRegistry()
    registry.register(_State(state))
    return {line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")}


def test_metrics_have_all_of_it() -> None:
    assert lines(None) == set()
    assert lines(STATE) >= {
        'fedge_operator_api_up{api="location"} 1.0',
        'fedge_operator_api_up{api="radio"} 0.0',
        'fedge_operator_circuit_open{api="radio"} 1.0',
        'fedge_operator_subscriptions{api="radio",state="doubtful"} 1.0',
        'fedge_operator_notifications_total{what="too late"} 1.0',
        "fedge_operator_heard_age_seconds 0.25",
        "fedge_operator_certificate_expiry_seconds 2e+09",
    }
