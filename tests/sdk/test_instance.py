"""An instance in conversation with its agent: first the record, then the word, whatever kills it. Invariants 3 and 4."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.simulation.world.instance import Ledger
from fedge.simulation.world.store import Crashed, Disk, Fuse, MemoryStore
from fedge_sdk import TICK_NS, wire
from fedge_sdk.instance import Instance

KEY, SIZE = 7, 8192
ORDER = {
    "move": "m-1", "session": "ue-1", "key": KEY, "ue": "ue-1", "app": "ledger", "schema": "ledger/1", "source": "s1",
    "target": "s2", "epoch": 2, "generation": 2, "deadline": 10**9, "cause": "handover",
}  # fmt: skip


class Machine:
    """A disk, and one life of an instance after another on it."""

    def __init__(self) -> None:
        self.disk, self.fuse, self.now = Disk(), Fuse(), 0
        self.start()

    def start(self) -> None:
        self.fuse.left = -1
        self.instance = Instance(
            Ledger("ledger/1"), "ledger", "i1", 4, SIZE, MemoryStore(self.disk, self.fuse)
        )
        self.instance.recover(self.now)

    def ask(self, kind: str, body: bytes = b"", **fields: Any) -> list[tuple[dict[str, Any], bytes]]:
        return self.instance.handle({"type": kind, "key": KEY, **fields}, body, self.now)

    def open(self) -> None:
        self.ask("Open", session="ue-1", ue="ue-1", epoch=1, generation=1, state_bytes=SIZE)

    def say(self, first_seq: int, *inputs: bytes, accepted: int = 1, fenced: int = 0) -> list[dict[str, Any]]:
        datagram = wire.encode_inputs(KEY, 1, accepted, fenced, first_seq, inputs)
        envelope = wire.Envelope(wire.UP, 0, KEY, 1, 0, 0, 0, 0, self.now)
        return [head for head, _ in self.instance.packet(wire.seal(envelope, datagram), self.now)]

    def tick(self, ticks: int = 1) -> tuple[list[wire.Frame], list[tuple[dict[str, Any], bytes]]]:
        frames, replies = [], []
        for _ in range(ticks):
            self.now += TICK_NS
            packets, more = self.instance.run_due(self.now)
            frames += [
                wire.decode_frame(p, wire.ENVELOPE_BYTES)
                for p in packets
                if p[wire.ENVELOPE_BYTES] == wire.FRAME
            ]
            replies += more
        return frames, replies

    @property
    def copy(self) -> Any:
        return self.instance.copies[KEY]


def handed_over() -> tuple[Machine, dict[str, Any], bytes]:
    """A source that has stopped, and its last words."""
    source = Machine()
    source.open()
    source.say(1, b"ab", b"cd")
    source.tick(3)
    source.ask("TakeState", move="m-1", round=0)
    source.ask("Freeze", order=ORDER)
    frozen = source.tick(1)[1]
    assert [head["type"] for head, _ in frozen] == ["Frozen"]
    return source, frozen[0][0]["final"], frozen[0][1]


def activated(final: dict[str, Any], source: Machine) -> Machine:
    """A target that has collected the rounds and answered."""
    target = Machine()
    target.now = source.now
    target.ask("Store", whole(source), order=ORDER, round=0, state_bytes=SIZE)
    return target


def whole(source: Machine) -> bytes:
    memory = source.copy.memory
    memory.mark_all()
    pages: bytes = memory.take_pages()
    return pages


def test_inputs_apply_once_in_order_and_are_acknowledged_by_frames() -> None:
    machine = Machine()
    machine.open()
    machine.say(1, b"ab", b"cd")
    machine.say(1, b"ab", b"cd", b"ef")  # said again, with one more
    machine.say(9, b"zz")  # a hole before it: not yet
    frames, _ = machine.tick(2)
    assert [frame.stable_seq for frame in frames][-1] == 3
    assert frames[-1].chain == machine.copy.chain


@pytest.mark.parametrize("writes", range(6))
def test_what_a_frame_acknowledged_survives_a_crash_at_any_write(writes: int) -> None:
    """Killed between any two writes, or in the middle of one: the log has every input that a frame acknowledged."""
    machine = Machine()
    machine.open()
    acked, chain = 0, wire.CHAIN_START
    machine.fuse.left = writes
    for seq in range(1, 9):
        try:
            machine.say(seq, bytes((seq, seq)))
            for frame in machine.tick()[0]:
                acked, chain = frame.stable_seq, frame.chain
        except Crashed:
            break
    state = machine.copy.memory.digest() if machine.fuse.left >= 0 else None
    machine.start()
    assert machine.copy.stable_seq >= acked
    if machine.copy.stable_seq == acked:
        assert machine.copy.chain == chain
    assert state is None or machine.copy.memory.digest() == state


def test_a_source_that_handed_over_stays_stopped_through_a_crash_and_says_the_same() -> None:
    source, final, _ = handed_over()
    source.start()
    assert source.tick(5)[0] == [], "nobody writes"
    replies = source.ask("Freeze", order=ORDER)
    again, body = replies[0][0]["final"], replies[0][1]
    assert (again["tick"], again["chain"], again["digest"]) == (
        final["tick"],
        final["chain"],
        final["digest"],
    )
    assert (again["form"], len(body)) == ("image", SIZE), "which pages the target has is forgotten: all of it"


def test_the_target_goes_on_where_the_source_stopped() -> None:
    source, final, _ = handed_over()
    target = activated(final, source)
    source_again = source.ask("Freeze", order=ORDER)[0]
    final = {**source_again[0]["final"], "rounds": 1}
    answer = target.ask("Activate", source_again[1], final=final)[0][0]
    assert (answer["answer"]["verdict"], answer["serving"]) == ("ACTIVATED", True)
    frames, _ = target.tick(2)
    assert frames[0].tick == final["tick"] + 1
    assert frames[0].epoch == 2
    assert frames[0].stable_seq == final["stable_seq"]


def test_whoever_answers_first_answers_for_all() -> None:
    """The deadline refuses on record; the final delta that comes later gets that answer, also from the next life."""
    source, final, body = handed_over()
    target = activated(final, source)
    assert target.ask("Decline", order=ORDER, reason="late")[0][0]["answer"]["verdict"] == "REFUSED"
    assert target.ask("Activate", body, final=final)[0][0]["answer"]["verdict"] == "REFUSED"
    target.start()
    assert target.ask("Activate", body, final=final)[0][0]["answer"]["verdict"] == "REFUSED"
    assert not target.instance.copies


def test_a_copy_that_was_answered_for_and_then_dropped_is_not_said_to_serve() -> None:
    """Seed 157: the answer on record was told to the centre as news, long after its copy had gone."""
    source, final, _ = handed_over()
    target = activated(final, source)
    final = {**final, "form": "image", "rounds": 1}
    image = bytes(source.copy.memory.view())
    assert target.ask("Activate", image, final=final)[0][0]["serving"]
    target.ask("Drop", epoch=2, why="void")
    again = target.ask("Decline", order=ORDER, reason="late")[0][0]
    assert (again["answer"]["verdict"], again["serving"]) == ("ACTIVATED", False)


def test_a_digest_that_differs_is_refused() -> None:
    source, final, _ = handed_over()
    target = activated(final, source)
    answer = target.ask("Activate", b"\x01" * SIZE, final={**final, "form": "image"})[0][0]["answer"]
    assert answer["verdict"] == "REFUSED"
    assert "digest" in answer["reason"]


@pytest.mark.parametrize("writes", range(8))
def test_a_target_killed_at_any_write_of_its_answer_gives_one_answer(writes: int) -> None:
    source, final, _ = handed_over()
    target = activated(final, source)
    image = bytes(source.copy.memory.view())
    final = {**final, "form": "image", "rounds": 1}
    target.fuse.left = writes
    try:
        first = target.ask("Activate", image, final=final)[0][0]["answer"]["verdict"]
    except Crashed:
        first = None
    target.start()
    then = target.ask("Activate", image, final=final)[0][0]
    assert first in (None, then["answer"]["verdict"])
    assert then["serving"] == (then["answer"]["verdict"] == "ACTIVATED"), "who answered ACTIVATED serves"


def test_a_cancelled_move_takes_what_an_earlier_one_left_but_never_a_writer() -> None:
    """Seeds 446 and 973: a place stayed taken by the rounds of a move that nobody remembered."""
    source, final, _ = handed_over()
    target = activated(final, source)
    assert target.copy.state == "restoring"
    target.ask("Drop", epoch=4, why="cancelled")
    assert not target.instance.copies
    source.ask("Drop", epoch=4, why="cancelled")
    assert source.copy.state == "handed_over"


def test_a_promise_silences_the_target_until_it_goes_on_above_it() -> None:
    source, final, _ = handed_over()
    target = activated(final, source)
    target.ask("Activate", bytes(source.copy.memory.view()), final={**final, "form": "image", "rounds": 1})
    assert [head["type"] for head in target.say(3, fenced=2)] == ["Voided"]
    assert target.tick(3)[0] == []
    assert target.ask("GoOn", epoch=2, as_epoch=4)[0][0]["type"] == "Resumed"
    assert target.ask("GoOn", epoch=2, as_epoch=4)[0][0]["epoch"] == 4, "said twice, done once"
    target.start()
    frames, _ = target.tick(2)
    assert {frame.epoch for frame in frames} == {4}, "and it is remembered"


def test_the_source_asks_the_client_and_goes_on_with_its_word() -> None:
    source, final, _ = handed_over()
    source.ask("AskFence", epoch=2)
    source.now += TICK_NS
    packets, _ = source.instance.run_due(source.now)
    assert wire.decode_fence(packets[0], wire.ENVELOPE_BYTES) == (KEY, 2)
    assert source.say(3, accepted=1, fenced=2)[0]["verdict"] == "FENCED"
    assert source.say(3, accepted=2)[0]["verdict"] == "TOO_LATE"
    source.ask("Resume", epoch=3, generation=1)
    frames, _ = source.tick(2)
    assert (frames[0].epoch, frames[0].tick) == (3, final["tick"] + 1)
