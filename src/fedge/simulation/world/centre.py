"""The control plane's program in the simulated world: inbox, journal, commit, effects, as ``runtime.loop`` runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fedge.core.control import (
    DECIDED,
    ControlPlane,
    ControlSettings,
    Effect,
    Propose,
    Reply,
    State,
    Story,
    ToAccess,
    ToSite,
)
from fedge.core.control.events.objects import AskedApply
from fedge.core.messages import Message
from fedge.core.model import MS
from fedge.runtime.loop import restored
from fedge.simulation.world.instance import STATE_BYTES
from fedge.simulation.world.network import key_of
from fedge.simulation.world.node import Node
from fedge.simulation.world.ports import Answered, Surroundings
from fedge.simulation.world.redirect import OWN, STABLE, Redirects
from fedge.wire import codec

WAKES = 50 * MS


class ListJournal:
    """The port ``Journal`` in memory. ``effects`` keeps what each entry led to the first time, for invariant 6."""

    def __init__(self) -> None:
        self.kept: bytes | None = None
        self.entries: list[tuple[int, bytes]] = []
        self.effects: list[list[bytes]] = []
        self.since_snapshot = 0

    def append(self, entries: Any) -> None:
        self.entries += entries

    def snapshot(self, state: bytes) -> None:
        self.kept, self.entries, self.effects = state, [], []

    def read(self) -> tuple[bytes | None, list[tuple[int, bytes]]]:
        return self.kept, self.entries


def told(effects: list[Effect]) -> list[bytes]:
    """The effects of a decided event that replay gives again: replies belong to one life, proposals are entries themselves."""
    return [
        type(effect).__name__.encode() + msgspec.msgpack.encode(effect)
        for effect in effects
        if not isinstance(effect, Reply | Propose)
    ]


class Centre(Node):
    def __init__(self, world: Surroundings) -> None:
        super().__init__(world, "centre")
        self.journal = ListJournal()
        own = OWN if world.plan.unsteered else {}
        self.settings = ControlSettings(default_service=STABLE, site_services=own)
        self.redirects: Redirects | None = None
        self.plane = ControlPlane(self.settings)
        self.stories: list[Story] = []
        self._inbox: list[Message | None] = []
        self._busy = False
        self._asked: dict[int, Answered] = {}
        self._requests = 0

    def started(self) -> None:
        self.plane = restored(self.journal, self.settings)
        self._inbox, self._busy, self._asked = [], False, {}
        if not self.plane.state.objects:
            self.post(AskedApply(0, manifests(self.world.plan.deadline_ms, self.world.plan.capacity)))
        self.after(WAKES, self._wake)
        self.redirects = Redirects(self, self.post) if self.world.plan.unsteered else None

    def _wake(self) -> None:
        self.post(None)
        self.after(WAKES, self._wake)

    def hear(self, source: str, data: bytes) -> None:
        self.post(codec.decode(data))

    def ask(self, make: Callable[[int], Message], answered: Answered) -> None:
        """A request of the API."""
        if self.alive:
            self._requests += 1
            self._asked[self._requests] = answered
            self.post(make(self._requests))

    def post(self, event: Message | None) -> None:
        self._inbox.append(event)
        if not self._busy:
            self._busy = True
            self.after(0, self._batch)

    def _batch(self) -> None:
        """Handle what has come, then commit: only then does anything go out. A crash meanwhile loses all, or the effects."""
        batch, self._inbox = self._inbox, []
        now = self.world.now
        entries: list[tuple[int, bytes]] = []
        first: list[list[bytes]] = []
        out: list[Effect] = []
        for event in batch:
            effects = self.plane.wake(now) if event is None else self._one(event, now, entries, first)
            while effects:
                effect = effects.pop(0)
                if isinstance(effect, Propose):
                    effects = self._one(effect.event, now, entries, first) + effects
                else:
                    out.append(effect)
        commit = self.world.rng.randrange(100_000, 3 * MS) if entries else 0
        durable_first = self.world.rng.random() < 0.5
        if durable_first:
            self._append(entries, first)
        self.after(commit, self._committed, [] if durable_first else entries, first, out)

    def _append(self, entries: list[tuple[int, bytes]], first: list[list[bytes]]) -> None:
        if entries:
            self.journal.append(entries)
            self.journal.effects += first

    def _committed(
        self, entries: list[tuple[int, bytes]], first: list[list[bytes]], out: list[Effect]
    ) -> None:
        self._append(entries, first)
        if not self._busy:
            return
        for effect in out:
            if self.alive:
                self._pass(effect)
        self._busy = False
        if self._inbox and self.alive:
            self._busy = True
            self.after(0, self._batch)

    def _one(
        self, event: Message, now: int, entries: list[tuple[int, bytes]], first: list[list[bytes]]
    ) -> list[Effect]:
        effects = self.plane.handle(event, now)
        if isinstance(event, DECIDED):
            entries.append((now, codec.encode(event)))
            first.append(told(effects))
        return effects

    def _pass(self, effect: Effect) -> None:
        match effect:
            case ToSite(site, message):
                self.net.say("centre", site, type(message).__name__, codec.encode(message), key_of(message))
            case ToAccess(message) if self.redirects is not None and self.redirects.takes(message):
                pass
            case ToAccess(message):
                self.net.say(
                    "centre", "access", type(message).__name__, codec.encode(message), key_of(message)
                )
            case Reply(request, status, body):
                answered = self._asked.pop(request, None)
                if answered is not None:
                    answered(status, body)
            case Story():
                self.stories.append(effect)
                self.world.told(effect.sentence)

    def replays(self) -> str:
        """Invariant 6: what differs between this life and a replay of its journal; empty if nothing does."""
        state = (
            msgspec.msgpack.decode(self.journal.kept, type=State)
            if self.journal.kept is not None
            else State()
        )
        again = ControlPlane(self.settings, state)
        for (at, event), before in zip(self.journal.entries, self.journal.effects, strict=True):
            after = told(again.handle(codec.decode(event), at))
            if after != before:
                return f"{codec.decode(event)} led to {before}, and in the replay to {after}"
        if (
            self.alive
            and not self._busy
            and msgspec.to_builtins(again.state) != msgspec.to_builtins(self.plane.state)
        ):
            return "the replayed state is not the present one"
        return ""

    def snapshot(self) -> None:
        """Compact the journal, as the program does every so many entries. Only between batches."""
        if self.alive and not self._busy:
            self.journal.snapshot(msgspec.msgpack.encode(self.plane.state))


def manifests(deadline_ms: int, capacity: int) -> tuple[dict[str, Any], ...]:
    """The game's objects, as ``fedge apply`` would send them."""
    container = {"name": "ledger", "image": "ledger:1", "command": ["ledger"]}
    template = {"metadata": {"labels": {"app": "ledger"}}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app": "ledger"}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ledger"},
        "spec": {"replicas": 1, "selector": selector, "template": template},
    }
    selectors = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "ledger"}]
    placement = {
        "clusterAffinity": {"clusterNames": []},
        "replicaScheduling": {"replicaSchedulingType": "Duplicated"},
    }
    propagation = {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "ledger"},
        "spec": {"resourceSelectors": selectors, "placement": placement},
    }
    state = {
        "kind": "session",
        "schema": "ledger/1",
        "bytes": STATE_BYTES,
        "maxSessionsPerInstance": capacity,
    }
    mobility = {
        "mode": "follow",
        "deadlineMs": deadline_ms,
        "hysteresisMs": 3,
        "maxConcurrentMovesPerSite": 4,
    }
    qos = {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "QoSPolicy",
        "metadata": {"name": "ledger"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "ledger"}, "state": state, "mobility": mobility},
    }
    return deployment, propagation, qos
