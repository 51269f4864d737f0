"""The shell around the core: nothing leaves before the journal has it, and a replay finds the same centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from fedge.core.control import ControlPlane, ControlSettings, Reply, Story, quality_flows
from fedge.core.control.events.moves import AskedHold
from fedge.core.control.events.objects import AskedApply
from fedge.core.messages import Message, RunInstances, SiteHello
from fedge.core.model import Address, SiteId
from fedge.runtime.loop import ControlLoop, restored

HARBOUR = SiteId("harbour")


class MemoryJournal:
    """The port ``Journal`` without a disk; ``broken`` makes the next append fail."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, bytes]] = []
        self.kept: bytes | None = None
        self.since_snapshot = 0
        self.broken = False
        self.on_append: Callable[[], None] = lambda: None

    def append(self, entries: Any) -> None:
        self.on_append()
        if self.broken:
            raise OSError("no space left on device")
        self.entries += entries
        self.since_snapshot += len(entries)

    def snapshot(self, state: bytes) -> None:
        self.kept, self.entries, self.since_snapshot = state, [], 0

    def read(self) -> tuple[bytes | None, list[tuple[int, bytes]]]:
        return self.kept, list(self.entries)


class Outside:
    """Everything that a centre can say, in order."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def send(self, *what: Any) -> bool:
        self.said.append(what[-1])
        return True


def centre(journal: MemoryJournal, outside: Outside) -> ControlLoop:
    plane = restored(journal, ControlSettings())
    return ControlLoop(plane, journal, outside, outside, outside.send, outside.send, outside.send)


async def run(loop: ControlLoop, *events: Message, until: Callable[[], bool]) -> None:
    for event in events:
        loop.post(event)
    running = asyncio.get_running_loop().create_task(loop.run())
    for _ in range(500):
        if until() or running.done():
            break
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    if not running.cancelled() and running.exception() is not None:
        raise running.exception()  # type: ignore[misc]


def hello() -> SiteHello:
    return SiteHello(HARBOUR, Address("127.9.10.1:6000"), Address("127.9.10.1:6002"), (), ())


def deployment() -> dict[str, Any]:
    container = {"name": "game", "image": "registry.example/game:1", "command": ["game"]}
    labels = {"matchLabels": {"app": "game"}}
    template = {"metadata": {"labels": {"app": "game"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": labels, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "game"}, "spec": spec}


def policy() -> dict[str, Any]:
    selector = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "game"}
    metadata = {"name": "game"}
    spec = {"resourceSelectors": [selector], "placement": {}}
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": metadata,
        "spec": spec,
    }


def test_nothing_is_said_before_it_is_on_record() -> None:
    journal, outside = MemoryJournal(), Outside()
    said_by_then: list[int] = []
    journal.on_append = lambda: said_by_then.append(len(outside.said))
    loop = centre(journal, outside)
    asyncio.run(run(loop, hello(), until=lambda: bool(outside.said)))
    assert said_by_then[0] == 0
    assert any(isinstance(one, Story) for one in outside.said)


def test_without_a_journal_there_are_no_decisions() -> None:
    journal, outside = MemoryJournal(), Outside()
    journal.broken = True
    with pytest.raises(OSError, match="no space left"):
        asyncio.run(run(centre(journal, outside), hello(), until=lambda: False))
    assert not outside.said


def test_a_look_that_raises_is_written_once_and_decisions_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a journaled item that cannot be looked at ends the program at every start."""
    journal, outside, looks = MemoryJournal(), Outside(), []

    def sweep(*_: Any) -> Any:
        looks.append(1)
        raise OverflowError("too large")

    monkeypatch.setattr(quality_flows, "sweep", sweep)
    with capture_logs() as said:
        asyncio.run(
            run(centre(journal, outside), hello(), until=lambda: len(looks) > 2 and bool(outside.said))
        )
    assert [(one["event"], one["what"]) for one in said] == [("cannot be looked at", "quality")]


def test_a_replay_finds_the_same_centre_and_says_nothing() -> None:
    journal, outside = MemoryJournal(), Outside()
    loop = centre(journal, outside)
    apply = AskedApply(1, (deployment(), policy()))
    ran = lambda: any(isinstance(one, RunInstances) for one in outside.said)  # noqa: E731
    asyncio.run(run(loop, hello(), apply, until=ran))
    assert [one.status for one in outside.said if isinstance(one, Reply)] == [200]
    again = restored(journal, ControlSettings())
    assert msgspec.json.encode(again.state) == msgspec.json.encode(loop.plane.state)
    assert again.applications.keys() == {"game"}
    assert not again.sites, "what was heard before the crash is not taken for news"


def test_a_snapshot_and_what_came_after_it_are_the_same_as_all_of_it() -> None:
    journal, outside = MemoryJournal(), Outside()
    loop = centre(journal, outside)
    asyncio.run(
        run(loop, hello(), AskedApply(1, (deployment(), policy())), until=lambda: len(outside.said) > 3)
    )
    whole = restored(journal, ControlSettings()).state
    journal.snapshot(msgspec.msgpack.encode(loop.plane.state))
    assert restored(journal, ControlSettings()).state == whole
    later = ControlLoop(
        restored(journal, ControlSettings()),
        journal,
        outside,
        outside,
        outside.send,
        outside.send,
        outside.send,
    )
    asyncio.run(run(later, AskedHold(2, True), until=lambda: later.plane.state.hold_moves))
    assert restored(journal, ControlSettings()).state.hold_moves


def test_figures_are_not_journaled() -> None:
    plane = ControlPlane(ControlSettings())
    journal, outside = MemoryJournal(), Outside()
    loop = ControlLoop(plane, journal, outside, outside, outside.send, outside.send, outside.send)
    asyncio.run(run(loop, AskedHold(1, False), until=lambda: bool(outside.said)))
    assert journal.entries == []
