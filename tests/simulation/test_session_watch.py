"""The figures of a round trip without envelopes: when inputs first reached a user plane function, and what the frame says."""

from __future__ import annotations

from fedge.simulation.session_watch import MOST_ARRIVALS, Arrival, Frame, SessionWatch, frame_of, hops_us
from fedge_sdk import wire

KEY = 0xBEEF


def inputs(first: int, count: int, session: int = KEY, life: int = 1) -> bytes:
    return wire.encode_inputs(session, life, 1, 0, first, [b"left"] * count)


def frame(epoch: int, tick: int, stable_seq: int, session: int = KEY, wait_us: int = 5_000) -> Frame:
    datagram = wire.encode_frame(session, epoch, tick, stable_seq, 1, wire.CHAIN_START, wait_us, b"picture")
    found = frame_of(datagram)
    assert found is not None
    return found


def watch(*datagrams: bytes) -> SessionWatch:
    made = SessionWatch()
    for number, datagram in enumerate(datagrams, 1):
        made.input_arrived(datagram, number * 1_000, number * 10, number * 1_000_000)
    return made


def test_a_frame_is_read_as_the_sdk_wrote_it() -> None:
    assert frame(3, 41, 7) == Frame(KEY, 3, 41, 7, 5_000)
    assert frame_of(wire.encode_fence(KEY, 2)) is None
    assert frame_of(b"\x21short") is None


def test_an_input_counts_from_the_first_datagram_that_carried_it_there() -> None:
    seen = watch(inputs(1, 2), inputs(1, 3), inputs(1, 4))
    assert seen.acknowledged(frame(1, 1, 3)) == Arrival(3, 2_000, 20, 2_000_000)
    assert seen.acknowledged(frame(1, 2, 3)) is None, "only the first frame that acknowledges"
    assert seen.acknowledged(frame(1, 3, 4)) == Arrival(4, 3_000, 30, 3_000_000)


def test_what_was_lost_on_the_radio_came_with_the_next_datagram() -> None:
    seen = watch(inputs(1, 1), inputs(1, 5))
    assert seen.acknowledged(frame(1, 1, 2)) == Arrival(5, 2_000, 20, 2_000_000)
    assert seen.acknowledged(frame(1, 2, 5)) == Arrival(5, 2_000, 20, 2_000_000)


def test_another_sessions_frames_and_inputs_that_nobody_saw_give_no_figure() -> None:
    seen = watch(inputs(1, 2))
    assert seen.acknowledged(frame(1, 1, 2, session=9)) is None
    assert seen.writer_gap_ns(frame(4, 1, 2, session=9), 5) is None
    assert seen.acknowledged(frame(1, 1, 9)) is None


def test_a_client_without_memory_begins_anew() -> None:
    seen = watch(inputs(1, 9), inputs(3, 1, life=2), inputs(1, 20, life=1))
    assert seen.acknowledged(frame(1, 1, 3)) == Arrival(3, 2_000, 20, 2_000_000)


def test_another_session_begins_anew() -> None:
    seen = watch(inputs(1, 9))
    assert seen.writer_gap_ns(frame(5, 100, 9), 7) is None
    seen.input_arrived(inputs(1, 1, session=7), 1, 1, 1)
    assert seen.writer_gap_ns(frame(1, 1, 0, session=7), 8) is None, "the first writer of a session"
    assert seen.acknowledged(frame(1, 2, 1, session=7)) == Arrival(1, 1, 1, 1)


def test_a_new_writer_is_told_once_with_the_silence_before_it() -> None:
    seen = watch(inputs(1, 4))
    assert seen.writer_gap_ns(frame(1, 10, 1), 1_000) is None
    assert seen.writer_gap_ns(frame(1, 10, 1), 3_000) is None, "the same tick again is no news"
    assert seen.writer_gap_ns(frame(2, 11, 1), 4_000) == 3_000
    assert seen.writer_gap_ns(frame(2, 12, 1), 5_000) is None
    assert seen.writer_gap_ns(frame(1, 11, 1), 5_500) is None, "a straggler of the old one"
    assert seen.writer_gap_ns(frame(3, 13, 1), 6_000) == 1_000


def test_what_waits_for_an_acknowledgement_is_bounded() -> None:
    seen = watch(*(inputs(number, 1) for number in range(1, 3 * MOST_ARRIVALS)))
    kept = 3 * MOST_ARRIVALS - 1 - MOST_ARRIVALS
    assert seen.acknowledged(frame(1, 1, 1)) == Arrival(
        kept + 1, (kept + 1) * 1_000, (kept + 1) * 10, (kept + 1) * 1_000_000
    )


def test_hops_add_up_to_the_round_trip() -> None:
    arrival = Arrival(4, 3_000, 500, 10_000_000)
    assert hops_us(arrival, 5_000, 2_000, 600, 16_500_000) == (5_000, 1_100, 1_500, 5_000)
    assert hops_us(arrival, 50_000, 2_000, 600, 16_500_000) == (5_000, 1_100, 0, 6_500), (
        "never more than there was"
    )


def test_nonsense_of_a_ue_is_not_looked_at() -> None:
    seen = watch(b"", b"\x11", b"\x51" + bytes(40))
    assert seen.acknowledged(frame(1, 1, 1, session=0)) is None
