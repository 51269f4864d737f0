"""``/metrics``: the control plane's figures in Prometheus' text form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fedge.api.admin.operator_state import Look
from fedge.api.admin.operator_state import metrics as operator_metrics
from fedge.core.control import ControlPlane
from fedge.core.control.facts import outside_objective
from fedge.core.federation import health


class PlaneCollector(Collector):
    """Reads the plane at each scrape; keeps nothing."""

    def __init__(
        self,
        plane: ControlPlane,
        now: Callable[[], int],
        operator: Look,
        steering: Callable[[], dict[str, int]],
    ) -> None:
        self._plane, self._now, self._operator, self._steering = plane, now, operator, steering

    def collect(self) -> Iterator[Metric]:
        plane = self._plane
        states: dict[str, int] = {}
        for move in plane.state.moves.values():
            states[move.state] = states.get(move.state, 0) + 1
        moves = GaugeMetricFamily("fedge_moves", "Moves that are remembered, by state.", labels=["state"])
        for state, count in states.items():
            moves.add_metric([state], count)
        yield moves
        sessions = GaugeMetricFamily(
            "fedge_sessions", "Sessions, by site and state.", labels=["site", "state"]
        )
        held: dict[tuple[str, str], int] = {}
        for session in plane.state.sessions.values():
            held[session.site, session.state] = held.get((session.site, session.state), 0) + 1
        for (site, state), count in held.items():
            sessions.add_metric([site, state], count)
        yield sessions
        outside = GaugeMetricFamily(
            "fedge_sessions_outside_objective",
            "Sessions whose expected round trip is more than their QoSPolicy wants, the queue of a full cell included.",
        )
        now = self._now()
        outside.add_metric(
            [], sum(outside_objective(plane, one, now) is True for one in plane.state.sessions.values())
        )
        yield outside
        lost = CounterMetricFamily("fedge_sessions_lost", "Sessions whose state was lost with their site.")
        lost.add_metric([], plane.state.lost_sessions)
        yield lost
        yield from self._quality()
        yield from self._sinks()
        visits = GaugeMetricFamily("fedge_visits", "Visits of applications without the SDK.", labels=["site"])
        for site, count in Counter(visit.site for visit in plane.state.visits.values()).items():
            visits.add_metric([site], count)
        yield visits
        yield from self._steered()
        yield from self._sites()
        yield from operator_metrics(self._operator())

    def _sinks(self) -> Iterator[Metric]:
        box = self._plane.state.outbox
        waiting = GaugeMetricFamily("fedge_sink_events_waiting", "Events that no sink has taken yet.")
        waiting.add_metric([], box.waiting)
        yield waiting
        ended = CounterMetricFamily("fedge_sink_events", "Events for sinks, by outcome.", labels=["outcome"])
        for outcome, count in box.ended.items():
            ended.add_metric([outcome], count)
        yield ended

    def _quality(self) -> Iterator[Metric]:
        kept = self._plane.state.quality
        live = GaugeMetricFamily(
            "fedge_quality_sessions",
            "Quality sessions, by profile, status and who asked.",
            labels=["profile", "status", "by"],
        )
        held: dict[tuple[str, str, str], int] = {}
        for one in kept.sessions.values():
            key = one.profile, one.status, "policy" if one.session is not None else "client"
            held[key] = held.get(key, 0) + 1
        for labels, count in held.items():
            live.add_metric(list(labels), count)
        yield live
        unkept = GaugeMetricFamily(
            "fedge_quality_unfulfilled", "Of those, whose rate the network cannot keep now."
        )
        unkept.add_metric([], len(self._plane.unfulfilled))
        yield unkept
        ended = CounterMetricFamily(
            "fedge_quality_ended", "Quality sessions that ended, by CAMARA's statusInfo.", labels=["info"]
        )
        for info, count in kept.ended.items():
            ended.add_metric([info], count)
        yield ended

    def _steered(self) -> Iterator[Metric]:
        said = CounterMetricFamily(
            "fedge_steering", "What the core network said about paths, and was told.", labels=["what"]
        )
        paths = GaugeMetricFamily("fedge_steering_paths", "Sessions' paths, by state.", labels=["state"])
        for what, count in self._steering().items():
            if what.startswith("path "):
                paths.add_metric([what.removeprefix("path ")], count)
            else:
                said.add_metric([what], count)
        yield said
        yield paths

    def _sites(self) -> Iterator[Metric]:
        load = GaugeMetricFamily(
            "fedge_site_load_ratio", "Share of a tick period spent ticking.", labels=["site"]
        )
        up = GaugeMetricFamily(
            "fedge_site_state", "1 for the state that a site is in.", labels=["site", "state"]
        )
        packets = CounterMetricFamily(
            "fedge_gateway_packets", "Packets not simply passed on.", labels=["site", "why"]
        )
        for name, view in self._plane.sites.items():
            load.add_metric([name], view.load)
            for why, count in view.gateway.items():
                packets.add_metric([name, why], count)
            site = self._plane.state.sites.get(name)
            if site is not None:
                up.add_metric([name, health(site, view, self._now())], 1)
        yield load
        yield up
        yield packets


class Metrics:
    """The registry of one control plane; ``commit`` times the journal's group commits, in seconds."""

    def __init__(
        self,
        plane: ControlPlane,
        now: Callable[[], int],
        operator: Look = lambda: None,
        steering: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(PlaneCollector(plane, now, operator, steering))
        self.commit = Histogram(
            "fedge_journal_commit_seconds",
            "One group commit of the journal.",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
            registry=self._registry,
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)
