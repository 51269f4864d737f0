"""How Fedge stands with the 5G operator: whether each API can be used, what is held there, what is heard; and as metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

READY = "ready"


class ApiState(Struct, frozen=True):
    """One API. ``state``: ready, or why it is of no use now. ``circuit``: closed, open or half-open.

    ``wanted``, ``held``: subscriptions; ``subscriptions``: how many of them are in which state; ``websockets``: that are open.
    """

    operator: str
    state: str
    circuit: str
    wanted: int
    held: int
    websockets: int
    subscriptions: dict[str, int] = {}


class OperatorState(Struct, frozen=True):
    """``invoker``: Fedge's name at CAPIF, empty without it; ``capif``: ready, or what is amiss.

    ``certificate_until_s``: Unix time. ``notifications``: what became of them; ``heard_ms_ago``: how long ago the last one came.
    """

    apis: tuple[ApiState, ...]
    invoker: str = ""
    capif: str = READY
    certificate_until_s: float = 0.0
    notifications: dict[str, int] = {}
    heard_ms_ago: int | None = None


Look = Callable[[], OperatorState | None]
"""None: there is no operator."""


def brief(state: OperatorState | None) -> dict[str, str] | None:
    """For the picture, which every tenant sees: each API in a word."""
    return {api.operator: api.state for api in state.apis} if state is not None else None


def metrics(state: OperatorState | None) -> Iterator[Metric]:
    if state is None:
        return
    up = GaugeMetricFamily("fedge_operator_api_up", "1: the operator's API can be used.", labels=["api"])
    circuit = GaugeMetricFamily(
        "fedge_operator_circuit_open", "1: it does not answer, and is left alone.", labels=["api"]
    )
    held = GaugeMetricFamily(
        "fedge_operator_subscriptions", "Subscriptions that are wanted.", labels=["api", "state"]
    )
    for api in state.apis:
        up.add_metric([api.operator], api.state == READY)
        circuit.add_metric([api.operator], api.circuit != "closed")
        for each, count in api.subscriptions.items():
            held.add_metric([api.operator, each], count)
    notifications = CounterMetricFamily(
        "fedge_operator_notifications",
        "What became of the operator's facts and notifications.",
        labels=["what"],
    )
    for what, count in state.notifications.items():
        notifications.add_metric([what], count)
    yield from (up, circuit, held, notifications)
    if state.heard_ms_ago is not None:
        heard = GaugeMetricFamily("fedge_operator_heard_age_seconds", "Since the last notification.")
        heard.add_metric([], state.heard_ms_ago / 1000)
        yield heard
    if state.certificate_until_s:
        until = GaugeMetricFamily(
            "fedge_operator_certificate_expiry_seconds", "When the invoker's certificate ends, Unix time."
        )
        until.add_metric([], state.certificate_until_s)
        yield until
