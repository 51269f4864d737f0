"""Invariant 6, close by: a journal replayed, from its start or from a snapshot, gives the state that wrote it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fedge.core.control import DECIDED, ControlPlane, Propose, State
from fedge.core.messages import Message
from fedge.simulation.faults import plan_of
from fedge.wire import codec
from tests.properties.worlds import played


@pytest.mark.parametrize("seed", range(3))
def test_a_journal_gives_its_state_from_any_snapshot(seed: int) -> None:
    """Decided events alone: none of the figures, reports and questions between them."""
    centre = played(plan_of(seed)).centre
    snapshot, entries = centre.journal.read()
    start = msgspec.msgpack.decode(snapshot, type=State) if snapshot is not None else State()
    plane = ControlPlane(centre.settings, start)
    for at, event in entries[: len(entries) // 2]:
        plane.handle(codec.decode(event), at)
    plane = ControlPlane(
        centre.settings, msgspec.msgpack.decode(msgspec.msgpack.encode(plane.state), type=State)
    )
    for at, event in entries[len(entries) // 2 :]:
        plane.handle(codec.decode(event), at)
    assert msgspec.to_builtins(plane.state) == msgspec.to_builtins(centre.plane.state)


def test_a_proposal_is_always_an_event_that_is_journaled() -> None:
    """What is decided from volatile figures must be on record, or replay could not know it."""
    proposed: set[type[Message]] = set()
    handle, wake = ControlPlane.handle, ControlPlane.wake
    for seed in range(4):
        centre = played(replace(plan_of(seed), wishes=False)).centre  # nobody compacts the journal
        plane = ControlPlane(centre.settings)
        for at, data in centre.journal.read()[1]:
            for effects in (handle(plane, codec.decode(data), at), wake(plane, at)):
                proposed |= {type(effect.event) for effect in effects if isinstance(effect, Propose)}
    assert proposed
    assert all(issubclass(kind, DECIDED) for kind in proposed)
