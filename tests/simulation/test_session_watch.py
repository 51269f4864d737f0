"""The figures of a round trip without envelopes: when inputs first reached a user plane function, and what the frame says.

And what of a session's stream is told while it plays: how long it stood still around a move, and what it took back.
"""

from __future__ import annotations

from fedge.simulation.session_watch import (
    AFTER_NS,
    MOST_ARRIVALS,
    Arrival,
    Change,
    Frame,
    SessionWatch,
    frame_of,
    hops_us,
)
from fedge_sdk import wire

KEY = 0xBEEF
MS = 1_000_000
TICK_NS = 1_000_000_000 // 60


def inputs(first: int, count: int, session: int = KEY, life: int = 1, fenced: int = 0) -> bytes:
    return wire.encode_inputs(session, life, 1, fenced, first, [b"left"] * count)


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
    assert seen.frame_arrived(frame(4, 1, 2, session=9), 5) is None
    assert seen.acknowledged(frame(1, 1, 9)) is None


def test_a_client_without_memory_begins_anew() -> None:
    seen = watch(inputs(1, 9), inputs(3, 1, life=2), inputs(1, 20, life=1))
    assert seen.acknowledged(frame(1, 1, 3)) == Arrival(3, 2_000, 20, 2_000_000)


def test_another_session_begins_anew() -> None:
    seen = watch(inputs(1, 9))
    played(seen, (5, 100, 9))
    seen.input_arrived(inputs(1, 1, session=7), 1, 1, 1)
    played(seen, (1, 1, 0), session=7)
    assert seen.acknowledged(frame(1, 2, 1, session=7)) == Arrival(1, 1, 1, 1)
    assert (seen.acknowledged_inputs, seen.lost_inputs) == (10, 0), (
        "of both; a session of its own owes nothing"
    )


def played(seen: SessionWatch, *frames: tuple[int, int, int], session: int = KEY) -> None:
    """Frames of (epoch, tick, stable_seq), one a tick."""
    for number, figures in enumerate(frames):
        one = frame(*figures, session=session)
        seen.frame_arrived(one, number * TICK_NS)
        seen.acknowledged(one)


def ticks(seen: SessionWatch, epoch: int, first: int, times_ms: list[float]) -> list[Change]:
    """New ticks of a writer at these instants; what was told meanwhile."""
    told = [seen.frame_arrived(frame(epoch, first + n, 1), int(at * MS)) for n, at in enumerate(times_ms)]
    return [change for change in told if change is not None]


def test_a_move_is_told_after_a_second_with_the_longest_silence_around_it() -> None:
    seen = watch(inputs(1, 4))
    assert ticks(seen, 1, 1, [100, 117, 133]) == []
    assert ticks(seen, 2, 4, [154, 170, 200, 215]) == [], "the change took 21 ms, a later tick 30 ms"
    assert ticks(seen, 1, 5, [217]) == [], "a straggler of the old one is nothing"
    assert ticks(seen, 2, 8, [230 + 16 * n for n in range(70)]) == [Change(2, 30 * MS)], "and once only"


def test_silence_long_before_a_move_is_not_its_own_and_that_just_before_is() -> None:
    seen = watch(inputs(1, 4))
    steady = [600 + 17 * n for n in range(20)]
    assert ticks(seen, 1, 1, [0, 500, *steady]) == []
    end = steady[-1]
    told = ticks(seen, 2, 23, [end + 18, *(end + 18 + 17 * n for n in range(1, 70))])
    assert told == [Change(2, 18 * MS)]
    end += 18 + 17 * 69
    assert ticks(seen, 2, 93, [end + 40, end + 57]) == []
    assert ticks(seen, 3, 95, [end + 57 + 17 * n for n in range(1, 70)]) == [Change(3, 40 * MS)]


def test_silence_beyond_the_second_counts_up_to_its_end() -> None:
    seen = watch(inputs(1, 4))
    ticks(seen, 1, 1, [0, 17])
    ticks(seen, 2, 3, [34])
    assert seen.frame_arrived(frame(2, 4, 1), 34 * MS + 5 * AFTER_NS) == Change(2, AFTER_NS)


def test_a_second_move_within_the_second_ends_the_look_at_the_first() -> None:
    seen = watch(inputs(1, 4))
    ticks(seen, 1, 1, [0, 17])
    ticks(seen, 2, 3, [42, 59])
    assert ticks(seen, 3, 5, [75]) == [Change(2, 25 * MS)]


def test_an_acknowledged_input_that_a_newer_frame_takes_back_is_lost_and_counted_once() -> None:
    seen = watch(inputs(1, 9))
    played(seen, (1, 1, 4), (1, 2, 6), (1, 3, 5), (1, 4, 5), (1, 5, 9))
    assert seen.lost_inputs == 1
    played(seen, (2, 6, 7), (2, 7, 7), (2, 8, 9))
    assert seen.lost_inputs == 3
    assert seen.acknowledged_inputs == 9


def test_frames_that_overtake_each_other_lose_nothing() -> None:
    seen = watch(inputs(1, 9))
    played(seen, (1, 2, 5), (1, 1, 4), (2, 4, 7), (1, 3, 6), (2, 3, 6), (2, 5, 8))
    assert (seen.lost_inputs, seen.acknowledged_inputs) == (0, 8)


def test_what_an_epoch_acknowledged_that_its_client_refuses_was_acknowledged_to_nobody() -> None:
    seen = watch(inputs(1, 9))
    played(seen, (1, 1, 3), (2, 2, 8))
    seen.input_arrived(inputs(4, 6, fenced=2), 0, 0, 0)
    played(seen, (3, 2, 3), (2, 3, 8), (3, 3, 8))
    assert (seen.lost_inputs, seen.acknowledged_inputs) == (0, 8)
    played(seen, (4, 4, 5))
    assert seen.lost_inputs == 3, "but what the epoch after it acknowledged counts"


def test_what_was_acknowledged_before_a_refused_epoch_is_still_owed() -> None:
    seen = watch(inputs(1, 9, fenced=2))
    played(seen, (1, 1, 3), (2, 2, 8), (3, 2, 1))
    assert seen.lost_inputs == 2


def test_a_client_without_memory_goes_on_with_the_numbers_it_is_told() -> None:
    seen = watch(inputs(1, 9))
    played(seen, (1, 1, 9))
    seen.input_arrived(inputs(10, 2, life=2), 0, 0, 0)
    played(seen, (1, 2, 9), (1, 3, 11))
    assert (seen.lost_inputs, seen.acknowledged_inputs) == (0, 11)


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
