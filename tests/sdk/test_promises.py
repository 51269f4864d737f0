"""What a client promised to refuse, and what becomes of it; and an instance that is asked about another epoch than its copy's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fedge_sdk import ClientSession, Memory, wire
from fedge_sdk.instance import Instance
from fedge_sdk.store import SiteStore

KEY = 7


class Still:
    """A game in which nothing happens."""

    schema = "still/1"

    def open(self, memory: Memory, session: str) -> None:
        memory.write(0, b"\x01")

    def tick(self, memory: Memory, tick: int, inputs: Sequence[bytes]) -> bytes:
        return b""


def frame(epoch: int, tick: int) -> bytes:
    return wire.encode_frame(KEY, epoch, tick, 0, 1, wire.CHAIN_START, 0, b"")


def test_a_promise_ends_when_discovery_decides_otherwise() -> None:
    """Seed: the source was released although its client had refused the target; then nobody's frames were believed any more."""
    client = ClientSession(KEY, 1)
    assert client.receive(frame(1, 1)).accepted
    client.receive(wire.encode_fence(KEY, 2))
    assert client.receive(frame(2, 2)).refused_epoch
    client.raise_floor(2)
    assert client.receive(frame(2, 3)).accepted


def test_a_promise_holds_while_the_source_is_the_writer() -> None:
    client = ClientSession(KEY, 1)
    client.receive(wire.encode_fence(KEY, 2))
    client.raise_floor(1)
    assert client.receive(frame(2, 3)).refused_epoch


def test_declining_an_old_hand_over_leaves_a_newer_copy_alone(tmp_path: Path) -> None:
    instance = Instance(Still(), "still", "still-1", 4, 4096, SiteStore(tmp_path))

    def order(epoch: int) -> dict[str, Any]:
        named = {
            "move": f"m-{epoch}",
            "session": "s",
            "key": KEY,
            "ue": "u",
            "app": "still",
            "schema": "still/1",
        }
        return named | {
            "source": "a",
            "target": "b",
            "epoch": epoch,
            "generation": epoch,
            "deadline": sys.maxsize,
        }

    store = {"type": "Store", "key": KEY, "order": order(4), "round": 0, "state_bytes": 4096}
    assert instance.handle(store, b"", 0)
    decline = {"type": "Decline", "key": KEY, "order": order(2), "reason": "late"}
    (answered, _), *_ = instance.handle(decline, b"", 0)
    assert answered["answer"]["verdict"] == "REFUSED"
    assert instance.copies[KEY].epoch == 4
