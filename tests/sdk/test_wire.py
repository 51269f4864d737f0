"""What the SDK builds in one go is what its parts say, and no INPUT is read that says too much or too little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fedge_sdk import wire

WORD = some.integers(0, 2**32 - 1)
INPUTS = wire.encode_inputs(7, 1, 2, 3, 4, [b"step", b"", b"jump" * 16])


@given(
    some.integers(0, 2**64 - 1),
    WORD,
    WORD,
    some.tuples(WORD, WORD, WORD),
    some.integers(0, 2**40),
    some.binary(),
)
def test_a_sealed_frame_is_a_frame_in_its_envelope(
    key: int, tick: int, epoch: int, hops_us: tuple[int, int, int], wait_us: int, payload: bytes
) -> None:
    chain, fits = b"12345678", min(wait_us, 2**32 - 1)
    frame = wire.encode_frame(key, epoch, tick, 9, 1, chain, wait_us, payload)
    envelope = wire.Envelope(wire.DOWN, 0, key, 3, *hops_us, fits, 99)
    built = wire.sealed_frame(3, hops_us, 99, key, epoch, tick, 9, 1, chain, wait_us, payload)
    assert built == wire.seal(envelope, frame)


def test_a_frame_that_is_too_large_is_refused() -> None:
    with pytest.raises(wire.Malformed):
        wire.sealed_frame(
            1, (0, 0, 0), 0, 7, 1, 1, 0, 1, wire.CHAIN_START, 0, bytes(wire.MAX_FRAME_PAYLOAD + 1)
        )


@pytest.mark.parametrize("size", range(len(INPUTS)))
def test_an_input_that_ends_early_is_malformed(size: int) -> None:
    with pytest.raises(wire.Malformed):
        wire.decode_inputs(INPUTS[:size])


def test_an_input_that_is_too_long_is_malformed() -> None:
    longer = bytearray(INPUTS + bytes(200))
    longer[wire.INPUT_BYTES] = wire.MAX_INPUT + 1
    with pytest.raises(wire.Malformed):
        wire.decode_inputs(bytes(longer))


def test_an_input_is_read_at_its_place() -> None:
    assert wire.decode_inputs(b"before" + INPUTS, 6) == wire.decode_inputs(INPUTS)
    assert wire.decode_inputs(INPUTS) == wire.Inputs(7, 1, 2, 3, 4, (b"step", b"", b"jump" * 16))
