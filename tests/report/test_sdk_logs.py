"""The checker reads what the SDK really writes: two instances, a client, a move, a crash, and a hand-over that was fenced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fedge.report import make_report
from fedge.wire import records
from fedge_sdk import wire
from fedge_sdk.client import ClientSession
from fedge_sdk.instance import Instance
from fedge_sdk.store import SiteStore
from tests.report.build import STATE_BYTES, TICK_NS, Run, Tally, tally

KEY = 0xA1


class Play:
    """One player between instances of the real SDK; the test delivers every packet itself."""

    def __init__(self, folder: Path) -> None:
        self.run = Run(folder)
        self.run.attach()
        self.folder = folder
        self.client = ClientSession(KEY, 0)
        self.instances = {site: self.started(site) for site in ("north", "south")}

    def started(self, site: str) -> Instance:
        instance = Instance(
            Tally(), "tally", f"{site}-1", 8, STATE_BYTES, SiteStore(self.folder / "sites" / site)
        )
        instance.recover(self.run.now)
        return instance

    def tell(
        self, site: str, message: dict[str, Any], body: bytes = b""
    ) -> list[tuple[dict[str, Any], bytes]]:
        return self.instances[site].handle(message, body, self.run.now)

    def tick(self, *sites: str, inputs: int = 1) -> list[tuple[dict[str, Any], bytes]]:
        """Everybody's next tick; the client says its inputs to all ``sites`` and hears all of them."""
        run, said = self.run, []
        for _ in range(inputs):
            seq = self.client.push(bytes((self.client.next_seq % 251,)))
            run.fleet(records.SENT, 0, run.now, seq)
        for site in sites:
            packet = wire.seal(wire.Envelope(wire.UP, 0, KEY, 1, 0, 0, 0, 0, run.now), self.client.datagram())
            said += self.instances[site].packet(packet, run.now)
        run.now += TICK_NS
        for site in sites:
            packets, replies = self.instances[site].run_due(run.now)
            said += replies
            for sealed in packets:
                self._hear(sealed[wire.ENVELOPE_BYTES :])
        return said

    def _hear(self, datagram: bytes) -> None:
        verdict, now = self.client.receive(datagram), self.run.now
        frame = verdict.frame
        if frame is not None:
            self.run.access(records.DOWN, 0, now, frame.epoch, frame.tick, frame.stable_seq)
            flags = verdict.accepted * records.ACCEPTED | verdict.chain_mismatch * records.CHAIN_MISMATCH
            self.run.fleet(records.GOT, 0, now, frame.epoch, frame.tick, frame.stable_seq, flags=flags)

    def open(self) -> None:
        opening = {"type": "Open", "key": KEY, "session": "s", "ue": "player-1", "epoch": 1, "generation": 1}
        assert self.tell("north", opening | {"state_bytes": STATE_BYTES})[0][0]["type"] == "Opened"

    def copied(self) -> tuple[dict[str, Any], bytes]:
        """North freezes and hands over to south as epoch 2: its final message, not delivered yet."""
        order = {
            "move": "m1",
            "session": "s",
            "key": KEY,
            "ue": "player-1",
            "app": "tally",
            "schema": "tally/1",
        }
        order |= {
            "source": "north",
            "target": "south",
            "epoch": 2,
            "generation": 2,
            "deadline": 0,
            "cause": "handover",
        }
        for number in (0, 1):
            (taken, body), *_ = self.tell(
                "north", {"type": "TakeState", "key": KEY, "move": "m1", "round": number}
            )
            store = {
                "type": "Store",
                "key": KEY,
                "order": order,
                "round": number,
                "state_bytes": taken["state_bytes"],
            }
            assert self.tell("south", store, body)[0][0]["type"] == "Stored"
            self.tick("north")
        self.tell("north", {"type": "Freeze", "key": KEY, "order": order})
        frozen = self.tick("north")
        return next((message["final"], body) for message, body in frozen if message["type"] == "Frozen")


def test_a_move_and_a_crash(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.open()
    for _ in range(40):
        play.tick("north", inputs=2)
    final, body = play.copied()
    answer = play.tell("south", {"type": "Activate", "key": KEY, "final": final}, body)[0][0]["answer"]
    assert answer["verdict"] == "ACTIVATED"
    for _ in range(20):
        play.tick("south", inputs=2)
    play.instances["south"] = play.started("south")  # killed, and started again on its files
    for _ in range(20):
        play.tick("south", inputs=2)
    play.tell("north", {"type": "Drop", "key": KEY, "epoch": 1, "why": "released"})
    report = make_report(play.run.done(), tally)
    assert report["findings"] == []
    assert report["integrity"]["ok"]
    assert report["integrity"]["ticks_replayed"] >= 83
    assert report["inputs"]["sent"] == 163
    assert report["inputs"]["lost"] == 0


def test_a_hand_over_that_was_fenced(tmp_path: Path) -> None:
    """South activated, but nobody hears it; the client promises never to believe it, and north resumes."""
    play = Play(tmp_path)
    play.open()
    for _ in range(10):
        play.tick("north")
    final, body = play.copied()
    play.tell("south", {"type": "Activate", "key": KEY, "final": final}, body)
    play.tell("north", {"type": "AskFence", "key": KEY, "epoch": 2})
    verdicts = [
        message for _ in range(4) for message, _ in play.tick("north") if message["type"] == "FenceAnswered"
    ]
    assert verdicts[0]["verdict"] == "FENCED"
    play.tell("north", {"type": "Resume", "key": KEY, "epoch": 3})
    for _ in range(20):
        play.tick("north")
    report = make_report(play.run.done(), tally)
    assert report["findings"] == []
    assert report["inputs"]["lost"] == 0


def test_without_the_fence_two_writers_are_found(tmp_path: Path) -> None:
    """The same, but the client believes everyone and north resumes without asking: the checker must complain."""
    play = Play(tmp_path)
    play.client = ClientSession(KEY, 0, believe_all=True)
    play.open()
    for _ in range(10):
        play.tick("north")
    final, body = play.copied()
    play.tell("south", {"type": "Activate", "key": KEY, "final": final}, body)
    play.tell("north", {"type": "Resume", "key": KEY, "epoch": 3})
    for _ in range(20):
        play.tick("north", "south")
    report = make_report(play.run.done(), tally)
    assert report["two_writer_violations"] > 10
    assert not report["integrity"]["ok"]
