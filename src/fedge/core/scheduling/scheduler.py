"""The scheduler's core: what it knows, its queue, and one decision at a time. ``handle(event, now) -> effects``.

A binding is looked at when it changed, or when a cluster changed in a way that may matter to it; it is written only where the
answer differs from what it says already, so a restart moves nothing. Decisions are `core/placement`'s; the contract with Karmada
is that of its own scheduler (pkg/scheduler/scheduler.go: doScheduleBinding). A write that fails is tried again, later each time.
"""

from __future__ import annotations

import heapq

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.applications.objects import LabelSelector
from fedge.core.model import SECOND, Nanoseconds
from fedge.core.placement import Cluster, Fleet
from fedge.core.scheduling.binding import Binding, BindingKey
from fedge.core.scheduling.decision import decide, released
from fedge.core.scheduling.events import (
    BindingGone,
    BindingSeen,
    ClusterGone,
    ClusterSeen,
    Event,
    FiguresSeen,
    PolicyGone,
    PolicySeen,
    TenantGone,
    TenantSeen,
    Write,
    Written,
)
from fedge.core.scheduling.qos import Qualities

BACKOFF = (SECOND // 5, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND)


class SchedulerSettings(Struct, frozen=True):
    """``in_flight``: writes at once. ``leave_within_s``: how long a copy with live sessions may stay.

    ``counted``: somebody counts sessions (``FiguresSeen``); until that is heard every copy may have some.
    """

    name: str = "fedge-scheduler"
    in_flight: int = 16
    leave_within_s: int = 120
    counted: bool = False


class Scheduler:
    def __init__(self, settings: SchedulerSettings | None = None) -> None:
        self.settings = settings or SchedulerSettings()
        self.clusters: dict[str, Cluster] = {}
        self._fleet: Fleet | None = None
        self.bindings: dict[BindingKey, Binding] = {}
        self.allowed: dict[str, LabelSelector] = {}
        self.sessions: dict[str, dict[tuple[str, str], int]] | None = None if self.settings.counted else {}
        self.qualities = Qualities()
        self._anew: set[BindingKey] = set()
        """Bindings with a QoS for whom players, clusters or the policy changed since they were decided."""
        self.writing: set[BindingKey] = set()
        self.decided = 0
        self.more = False
        self._queue: list[tuple[int, Nanoseconds, BindingKey]] = []
        self._queued: set[BindingKey] = set()
        self._failures: dict[BindingKey, int] = {}
        self._not_before: dict[BindingKey, Nanoseconds] = {}

    @property
    def waiting(self) -> int:
        """Bindings that are still to be looked at."""
        return len(self._queued)

    def handle(self, event: Event, now: Nanoseconds) -> None:
        """Take an event in; ``next_writes`` says what follows from it."""
        match event:
            case BindingSeen(binding):
                self._binding_seen(binding, now)
            case BindingGone(key):
                self.bindings.pop(key, None)
                self._failures.pop(key, None)
                self._not_before.pop(key, None)
                self._anew.discard(key)
            case ClusterSeen(cluster):
                before = self.clusters.get(cluster.name)
                if before == cluster:
                    return
                self.clusters[cluster.name], self._fleet = cluster, None
                changed = before is None or _standing(before) != _standing(cluster)
                self._look_at_all(now, only_unplaced=not changed)
            case ClusterGone(name):
                if self.clusters.pop(name, None) is not None:
                    self._fleet = None
                    self._look_at_all(now)
            case TenantSeen(namespace, allowed):
                self._tenant(namespace, allowed, now)
            case TenantGone(namespace):
                self._tenant(namespace, None, now)
            case PolicySeen(key):
                if self.qualities.seen(event):
                    self._qos_changed(key, event.target, now)
            case PolicyGone(key):
                if (policy := self.qualities.gone(key)) is not None:
                    self._qos_changed(key, policy.target, now)
            case FiguresSeen():
                self._figures_seen(event, now)
            case Written():
                self._written(event, now)

    def _tenant(self, namespace: str, allowed: LabelSelector | None, now: Nanoseconds) -> None:
        if self.allowed.get(namespace) == allowed:
            return
        if allowed is None:
            del self.allowed[namespace]
        else:
            self.allowed[namespace] = allowed
        for key, binding in self.bindings.items():
            if binding.ours and key.namespace == namespace:
                self._look_at(key, binding, now)

    def _figures_seen(self, event: FiguresSeen, now: Nanoseconds) -> None:
        self.sessions = event.sessions
        moved = event.picture != self.qualities.picture
        calmed = bool(self.qualities.overloaded - event.overloaded)
        self.qualities.picture, self.qualities.overloaded = event.picture, event.overloaded
        for key, binding in self.bindings.items():
            if any(task.suppressed for task in binding.evicting):
                self._look_at(key, binding, now)
            if binding.ours and (moved or (calmed and binding.scheduled == "False")):
                self._look_again(key, binding, now)

    def _qos_changed(self, policy: BindingKey, target: str, now: Nanoseconds) -> None:
        for key, binding in self.bindings.items():
            if binding.ours and binding.application == (policy.namespace, target):
                self._anew.add(key)
                self._look_at(key, binding, now)

    def _look_again(self, key: BindingKey, binding: Binding, now: Nanoseconds) -> None:
        """A binding with a QoS is held against what changed; the others have nothing to do with it."""
        if self.qualities.of(binding) is not None:
            self._anew.add(key)
            self._look_at(key, binding, now)

    def _binding_seen(self, binding: Binding, now: Nanoseconds) -> None:
        before = self.bindings.get(binding.key)
        if before is not None and before.version == binding.version:
            return
        self.bindings[binding.key] = binding
        if binding.ours and _unsettled(binding):
            self._look_at(binding.key, binding, now)

    def _written(self, event: Written, now: Nanoseconds) -> None:
        self.writing.discard(event.key)
        binding = self.bindings.get(event.key)
        if event.outcome == "gone":
            self.bindings.pop(event.key, None)
        elif event.outcome == "done":
            self._failures.pop(event.key, None)
            self._not_before.pop(event.key, None)
        elif binding is not None:
            failures = self._failures.get(event.key, 0)
            self._failures[event.key] = failures + 1
            self._not_before[event.key] = now + BACKOFF[min(failures, len(BACKOFF) - 1)]
            self._look_at(event.key, binding, now)
            self._look_again(event.key, binding, now)

    def _look_at_all(self, now: Nanoseconds, only_unplaced: bool = False) -> None:
        """Those that have no place yet also where a cluster has only more room than before."""
        for key, binding in self.bindings.items():
            if binding.ours and (not only_unplaced or binding.scheduled == "False"):
                self._look_at(key, binding, now)
                self._look_again(key, binding, now)

    def _look_at(self, key: BindingKey, binding: Binding, now: Nanoseconds) -> None:
        if key not in self._queued:
            self._queued.add(key)
            heapq.heappush(self._queue, (-binding.priority, now, key))

    def next_writes(self, now: Nanoseconds, wall_s: float) -> list[Write]:
        """Decide what the queue's head asks for, as far as writes may be under way. ``wall_s``: Unix time.

        At most ``in_flight`` decisions a call, written or not: a long queue must not keep the lease from being renewed.
        Then ``more`` says that there are others to be looked at right away.
        """
        writes: list[Write] = []
        before = self.decided
        put_off: list[tuple[int, Nanoseconds, BindingKey]] = []
        in_flight = self.settings.in_flight
        while self._queue and len(self.writing) < in_flight and self.decided - before < in_flight:
            entry = heapq.heappop(self._queue)
            key = entry[2]
            binding = self.bindings.get(key)
            if binding is None or not binding.ours:
                self._queued.discard(key)
            elif key in self.writing or self._not_before.get(key, 0) > now:
                put_off.append(entry)
            else:
                self._queued.discard(key)
                write = self._decide(binding, wall_s)
                if write is not None:
                    self.writing.add(key)
                    writes.append(write)
        self.more = bool(self._queue) and self.decided - before >= in_flight
        for entry in put_off:
            heapq.heappush(self._queue, entry)
        return writes

    def _decide(self, binding: Binding, wall_s: float) -> Write | None:
        self.decided += 1
        if binding.question is not None and binding.key.namespace in self.allowed:
            question = replace(binding.question, allowed=self.allowed[binding.key.namespace])
            binding = replace(binding, question=question)
        live = None
        if self.sessions is not None:
            live = {cluster: held.get(binding.application, 0) for cluster, held in self.sessions.items()}
        anew = binding.key in self._anew
        self._anew.discard(binding.key)
        asked = self.qualities.asked(binding, self.clusters, anew)
        write = decide(asked, self.fleet, live, self.settings.leave_within_s, wall_s, anew)
        return released(asked, write, live, wall_s)

    @property
    def fleet(self) -> Fleet:
        """All clusters as arrays; made anew when one changed."""
        if self._fleet is None:
            self._fleet = Fleet(self.clusters.values())
        return self._fleet


def _standing(cluster: Cluster) -> Cluster:
    """What of a cluster may change a decision that was made: not how much room it has at the moment."""
    return replace(cluster, free=None, grades=())


def _unsettled(binding: Binding) -> bool:
    return (
        binding.observed != binding.generation
        or not binding.applied
        or not binding.scheduled
        or binding.reschedule
        or any(task.suppressed for task in binding.evicting)
    )
