"""A client's rules of belief, and a player's manners when it attaches, leaves and comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fedge.core.model import SECOND
from fedge.simulation.player import FAREWELL_NS, SILENCE_NS, Player, intent, pause_of
from fedge.wire import records
from fedge_sdk import wire
from fedge_sdk.attach import Attachment, NotYet, Refused, attach, attach_once
from fedge_sdk.client import ClientSession

KEY = 0xABCDEF
SERVICE = ("127.0.0.1", 9)


def chain_of(inputs: list[bytes]) -> bytes:
    chain = wire.CHAIN_START
    for seq, data in enumerate(inputs, start=1):
        chain = wire.extend_chain(chain, seq, data)
    return chain


def frame(epoch: int, tick: int, stable: int = 0, chain: bytes = wire.CHAIN_START) -> bytes:
    return wire.encode_frame(KEY, epoch, tick, stable, 1, chain, 0, b"seen")


def test_a_stale_epoch_is_refused() -> None:
    client = ClientSession(KEY, 2)
    assert client.receive(frame(1, 5)).stale_epoch
    assert client.receive(frame(3, 6)).accepted
    assert client.receive(frame(2, 7)).stale_epoch


def test_a_promise_is_kept_and_repeated() -> None:
    client = ClientSession(KEY, 1)
    client.receive(frame(1, 5))
    client.receive(wire.encode_fence(KEY, 2))
    assert wire.decode_inputs(client.datagram()).fenced_epoch == 2
    assert client.receive(frame(2, 6)).refused_epoch
    assert client.receive(frame(3, 6)).accepted


def test_no_promise_about_what_is_accepted_already() -> None:
    client = ClientSession(KEY, 1)
    client.receive(frame(2, 5))
    client.receive(wire.encode_fence(KEY, 2))
    said = wire.decode_inputs(client.datagram())
    assert (said.accepted_epoch, said.fenced_epoch) == (2, 0)


def test_a_wrong_chain_is_noticed() -> None:
    client = ClientSession(KEY, 1)
    inputs = [b"aa", b"bb", b"cc"]
    for data in inputs:
        client.push(data)
    assert not client.receive(frame(1, 1, 2, chain_of(inputs[:2]))).chain_mismatch
    assert client.receive(frame(1, 2, 3, b"12345678")).chain_mismatch


def test_a_frame_that_acknowledges_what_was_never_sent_is_noticed() -> None:
    client = ClientSession(KEY, 1)
    client.push(b"aa")
    assert client.receive(frame(1, 1, 9)).chain_mismatch


def test_what_a_new_writer_takes_back_is_noticed() -> None:
    client = ClientSession(KEY, 1)
    client.push(b"aa")
    client.receive(frame(1, 1, 1, chain_of([b"aa"])))
    verdict = client.receive(frame(2, 1, 0))
    assert verdict.accepted
    assert verdict.stable_went_back
    assert verdict.tick_twice


def test_without_fencing_everything_is_believed() -> None:
    client = ClientSession(KEY, 5, believe_all=True)
    client.receive(wire.encode_fence(KEY, 6))
    assert client.receive(frame(6, 1)).accepted
    assert client.receive(frame(1, 2)).accepted


# --- the player -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trace() -> records.Trace:
    return records.Trace()


@pytest.fixture
def player(trace: records.Trace) -> Iterator[Player]:
    made = Player(0, "127.0.0.1", 7, False, trace)
    yield made
    made.socket.close()


def given(fresh: bool, floor: int = 1, key: int = KEY) -> Attachment:
    return Attachment("s", key, ("127.0.0.1", 9), floor, fresh, "harbour")


def kinds(trace: records.Trace) -> list[tuple[int, int, int]]:
    return [(record.kind, record.a, record.b) for record in records.read_records(trace.take())]


def test_inputs_are_drawn_from_seed_player_and_number() -> None:
    drawn = [intent(7, 3, seq) for seq in range(1, 200)]
    assert drawn == [intent(7, 3, seq) for seq in range(1, 200)]
    assert {len(data) for data in drawn} == set(range(2, 9))
    assert drawn != [intent(7, 4, seq) for seq in range(1, 200)]


def test_a_fresh_player_begins_with_input_one(player: Player, trace: records.Trace) -> None:
    player.take(given(fresh=True, floor=4), 0)
    player.play(1, may_press=True)
    player.play(2, may_press=True)
    assert kinds(trace) == [(records.ATTACHED, 4, 1), (records.SENT, 1, 0), (records.SENT, 2, 0)]


def test_nothing_new_is_pressed_when_the_end_is_near(player: Player, trace: records.Trace) -> None:
    player.take(given(fresh=True), 0)
    player.play(1, may_press=False)
    assert player.sent == 0


def test_a_player_without_memory_waits_for_the_first_frame(player: Player, trace: records.Trace) -> None:
    player.take(given(fresh=False, floor=3), 0)
    player.play(1, may_press=True)
    assert kinds(trace) == [(records.ATTACHED, 3, 0)]
    player.hear(frame(3, 50, 40, b"12345678"), SERVICE, 2)
    player.play(3, may_press=True)
    assert kinds(trace)[-1] == (records.SENT, 41, 0)


def test_who_only_heard_nothing_keeps_its_memory(player: Player) -> None:
    player.take(given(fresh=True), 0)
    player.play(1, may_press=True)
    assert not player.is_silent(SILENCE_NS)
    assert player.is_silent(SILENCE_NS + 1)
    before = player.session
    player.take(given(fresh=False, floor=5), SILENCE_NS)
    assert player.session is before
    assert before is not None
    assert before.accepted_epoch == 5
    assert len(before.unacknowledged()) == 1
    assert not player.is_silent(SILENCE_NS + SECOND)


def test_what_nobody_acknowledged_is_said_again_in_a_session_begun_anew(player: Player) -> None:
    player.take(given(fresh=True), 0)
    for now in (1, 2):
        player.play(now, may_press=True)
    session = player.session
    assert session is not None
    remembered = session.unacknowledged()
    player.take(given(fresh=True, floor=9, key=KEY + 1), 3)
    player.play(4, may_press=False)
    assert player.session is not None
    assert player.session.unacknowledged() == remembered


def test_a_player_goes_when_its_inputs_are_acknowledged_or_its_patience_ends(
    player: Player, trace: records.Trace
) -> None:
    player.take(given(fresh=True), 0)
    player.play(1, may_press=True)
    player.leaving_since = 10
    player.play(11, may_press=True)
    assert player.sent == 1
    assert not player.may_go(11)
    assert player.may_go(11 + FAREWELL_NS)
    player.hear(frame(1, 1, 1, chain_of([intent(7, 0, 1)])), SERVICE, 12)
    assert player.may_go(13)
    player.go(14)
    assert player.session is None
    assert kinds(trace)[-1][0] == records.LEFT


def test_about_one_player_in_eight_pauses() -> None:
    for seed in range(20):
        assert sum(pause_of(seed, ue) is not None for ue in range(24)) == 3


# --- attaching --------------------------------------------------------------------------------------------------------------

ANSWER = {
    "session": "s",
    "key": "00000000000000ff",
    "service": "127.9.1.1:7777",
    "epoch_floor": 4,
    "site": "a",
    "fresh": False,
}


@pytest.fixture
def discovery() -> Iterator[tuple[str, list[tuple[int, dict[str, object]]], list[dict[str, object]]]]:
    """A server that gives the answers it was told, in order: (address, answers, what was asked)."""
    answers: list[tuple[int, dict[str, object]]] = []
    asked: list[dict[str, object]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(
                json.loads(self.rfile.read(int(self.headers["Content-Length"]))) | {"path": self.path}
            )
            asked[-1]["token"] = self.headers["Authorization"]
            status, body = answers.pop(0)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Retry-After", "0.05")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers, asked
    server.shutdown()
    server.server_close()


def test_attaching_waits_while_a_move_is_undecided(discovery) -> None:  # type: ignore[no-untyped-def]
    api, answers, asked = discovery
    answers += [(503, {"code": "MOVE_UNDECIDED", "message": "wait"}), (200, ANSWER)]
    found = attach(api, "arena", "player-1", token="secret")
    assert found == Attachment("s", 0xFF, ("127.9.1.1", 7777), 4, False, "a")
    assert asked[0] == {
        "application": "arena", "device": "player-1", "path": "/api/v1/attach", "token": "Bearer secret",
    }  # fmt: skip


def test_one_question_tells_when_to_ask_again(discovery) -> None:  # type: ignore[no-untyped-def]
    api, answers, _ = discovery
    answers.append((503, {"code": "NO_SITE", "message": "none feasible"}))
    with pytest.raises(NotYet) as caught:
        attach_once(api, "arena", "player-1")
    assert (caught.value.code, caught.value.retry_after_s) == ("NO_SITE", 0.05)


def test_a_refusal_is_final(discovery) -> None:  # type: ignore[no-untyped-def]
    api, answers, _ = discovery
    answers += [(404, {"code": "NOT_FOUND", "message": "no such application"}), (200, {"session": "s"})]
    for _ in range(2):  # also an answer that does not follow the contract
        with pytest.raises(Refused):
            attach(api, "arena", "player-1")


def test_nobody_there_is_not_yet() -> None:
    with pytest.raises(NotYet):
        attach("http://127.0.0.1:1", "arena", "player-1", patience_s=0.0)
