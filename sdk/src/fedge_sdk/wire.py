"""The packets of a session: what travels between a client, the platform and a game instance, byte by byte.

This module is the contract for other languages too (see ``docs/sdk-contract.md``). All numbers are big-endian.

Two layers. A *datagram* is what the client's socket sends and receives: an ``INPUT`` upwards, a ``FRAME``, a ``FENCE`` or a
``REDIRECT`` downwards. Inside the platform each datagram travels in an *envelope*, which says whose packet it is (session), where
it was sent (route generation, hop) and how long each segment took so far. The edge data gateway puts the envelope on and takes it
off; a ``REDIRECT`` is its own word.

No I/O here. Sizes: a datagram is at most ``MAX_DATAGRAM`` = 1,200 bytes; an envelope adds ``ENVELOPE_BYTES``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from ipaddress import IPv4Address
from typing import NamedTuple

MAX_DATAGRAM = 1200
MAX_INPUT = 64

INPUT, FRAME, FENCE, REDIRECT = 0x11, 0x21, 0x22, 0x23
UP, DOWN = 0x51, 0x52

# kind, session key, client's life, accepted epoch, fenced epoch, first input number, count
_INPUT = struct.Struct("!BQIIIIB")
# kind, session key, epoch, tick, stable_seq, life, chain, microseconds that input stable_seq waited for its tick
_FRAME = struct.Struct("!BQIIII8sI")
# kind, session key, the epoch that the client is asked to refuse
_FENCE = struct.Struct("!BQI")
# kind, session key, number, IPv4 address, port
_REDIRECT = struct.Struct("!BQI4sH")
# kind, hop, session key, generation, radio, backhaul, gateway, server (microseconds so far), stamp (ns)
_ENVELOPE = struct.Struct("!BBQIIIIIQ")
_SEALED_FRAME = struct.Struct(_ENVELOPE.format + _FRAME.format.removeprefix("!"))
_MOST_U32 = 0xFFFFFFFF

INPUT_BYTES, FRAME_BYTES, FENCE_BYTES, ENVELOPE_BYTES = _INPUT.size, _FRAME.size, _FENCE.size, _ENVELOPE.size
REDIRECT_BYTES = _REDIRECT.size
MAX_FRAME_PAYLOAD = MAX_DATAGRAM - FRAME_BYTES
MOST_INPUTS = 255
_SURE_TO_FIT = (MAX_DATAGRAM - INPUT_BYTES) // (1 + MAX_INPUT)
_LENGTHS = [bytes((length,)) for length in range(MAX_INPUT + 1)]
CHAIN_BYTES = 8
CHAIN_START = bytes(CHAIN_BYTES)


class Malformed(ValueError):
    """A packet that does not follow the contract: it is counted and dropped, never guessed at."""


class Inputs(NamedTuple):
    """An INPUT datagram: inputs ``first_seq``, ``first_seq + 1``, … and what the client has promised so far.

    ``life`` counts how often a client without memory was given this session; packets of an earlier life count for nothing.
    """

    session: int
    life: int
    accepted_epoch: int
    fenced_epoch: int
    first_seq: int
    inputs: tuple[bytes, ...]


class Frame(NamedTuple):
    """A FRAME datagram: tick ``tick`` of epoch ``epoch``; inputs up to ``stable_seq`` are applied and logged.

    ``life`` is the latest life of the client that the writer has heard: no input of an earlier one will be applied any more.
    """

    session: int
    epoch: int
    tick: int
    stable_seq: int
    life: int
    chain: bytes
    wait_us: int
    payload: bytes


class Redirect(NamedTuple):
    """A REDIRECT datagram: the session is (also) reached at ``service`` (IPv4 address, port). ``number`` only rises."""

    session: int
    number: int
    service: tuple[str, int]


class Envelope(NamedTuple):
    """What the platform knows of a packet. ``hop`` is 0 straight from the sender, 1 once forwarded by an old gateway.

    The four ``*_us`` add up the time spent in each segment; a gateway on N6 does not know those before it and leaves them 0. A
    downlink envelope starts with the figures of the uplink packet that carried input ``stable_seq``. ``stamp_ns`` is the
    monotonic time at which the last writer let the packet go: on one machine the next reader charges the difference to
    ``gateway_us``.
    """

    kind: int
    hop: int
    session: int
    generation: int
    radio_us: int
    backhaul_us: int
    gateway_us: int
    server_us: int
    stamp_ns: int


def extend_chain(chain: bytes, seq: int, data: bytes) -> bytes:
    """h' = H(h ‖ n ‖ input): 8 bytes that commit to every input so far and to their order."""
    return blake2b(chain + seq.to_bytes(4, "big") + data, digest_size=CHAIN_BYTES).digest()


def encode_inputs(
    session: int, life: int, accepted_epoch: int, fenced_epoch: int, first_seq: int, inputs: Sequence[bytes]
) -> bytes:
    """An INPUT datagram with as many of ``inputs`` as fit; each at most ``MAX_INPUT`` bytes."""
    try:
        pieces = [piece for data in inputs for piece in (_LENGTHS[len(data)], data)]
    except IndexError:
        raise Malformed(f"an input of {max(map(len, inputs))} bytes; at most {MAX_INPUT}") from None
    count = len(inputs)
    if count > _SURE_TO_FIT:
        count = _fitting(inputs)
        del pieces[2 * count :]
    head = _INPUT.pack(INPUT, session, life, accepted_epoch, fenced_epoch, first_seq, count)
    return head + b"".join(pieces)


def _fitting(inputs: Sequence[bytes]) -> int:
    """How many of them one datagram has room for."""
    size = INPUT_BYTES
    for count, data in enumerate(inputs):
        size += 1 + len(data)
        if size > MAX_DATAGRAM or count == MOST_INPUTS:
            return count
    return len(inputs)


def decode_inputs(datagram: bytes, at: int = 0) -> Inputs:
    """Read an INPUT datagram that starts ``at`` bytes into ``datagram``. Raises ``Malformed``."""
    try:
        kind, session, life, accepted, fenced, first, count = _INPUT.unpack_from(datagram, at)
    except struct.error as error:
        raise Malformed(f"short INPUT: {error}") from None
    if kind != INPUT:
        raise Malformed(f"kind {kind:#x} where INPUT was expected")
    at += INPUT_BYTES
    inputs = []
    try:
        for _ in range(count):
            size, begin = datagram[at], at + 1
            if size > MAX_INPUT:
                raise Malformed("INPUT with a wrong length")
            at = begin + size
            inputs.append(datagram[begin:at])
    except IndexError:
        raise Malformed("INPUT ends before its count") from None
    if at > len(datagram):
        raise Malformed("INPUT with a wrong length")
    return Inputs(session, life, accepted, fenced, first, tuple(inputs))


def encode_frame(
    session: int,
    epoch: int,
    tick: int,
    stable_seq: int,
    life: int,
    chain: bytes,
    wait_us: int,
    payload: bytes,
) -> bytes:
    """A FRAME datagram. Raises ``Malformed`` where the payload is over ``MAX_FRAME_PAYLOAD`` bytes."""
    _check_payload(payload)
    return (
        _FRAME.pack(FRAME, session, epoch, tick, stable_seq, life, chain, min(wait_us, _MOST_U32)) + payload
    )


def _check_payload(payload: bytes) -> None:
    if len(payload) > MAX_FRAME_PAYLOAD:
        raise Malformed(f"a frame payload of {len(payload)} bytes; at most {MAX_FRAME_PAYLOAD}")


def decode_frame(datagram: bytes, at: int = 0) -> Frame:
    """Read a FRAME datagram. Raises ``Malformed``."""
    try:
        kind, session, epoch, tick, stable, life, chain, wait_us = _FRAME.unpack_from(datagram, at)
    except struct.error as error:
        raise Malformed(f"short FRAME: {error}") from None
    if kind != FRAME:
        raise Malformed(f"kind {kind:#x} where FRAME was expected")
    return Frame(session, epoch, tick, stable, life, chain, wait_us, datagram[at + FRAME_BYTES :])


def encode_fence(session: int, epoch: int) -> bytes:
    """A FENCE datagram: "promise to refuse ``epoch``"; the answer is in every later INPUT's ``fenced_epoch``."""
    return _FENCE.pack(FENCE, session, epoch)


def decode_fence(datagram: bytes, at: int = 0) -> tuple[int, int]:
    """(session key, epoch to refuse). Raises ``Malformed``."""
    try:
        kind, session, epoch = _FENCE.unpack_from(datagram, at)
    except struct.error as error:
        raise Malformed(f"short FENCE: {error}") from None
    if kind != FENCE:
        raise Malformed(f"kind {kind:#x} where FENCE was expected")
    return session, epoch


def encode_redirect(session: int, number: int, service: tuple[str, int]) -> bytes:
    """A REDIRECT datagram: "``service`` is where your session is going". Raises ``Malformed`` for what is no such address."""
    host, port = service
    try:
        return _REDIRECT.pack(REDIRECT, session, number, IPv4Address(host).packed, port)
    except (ValueError, struct.error) as error:
        raise Malformed(f"{host}:{port} is no address to redirect to: {error}") from None


def decode_redirect(datagram: bytes, at: int = 0) -> Redirect:
    """Read a REDIRECT datagram. Raises ``Malformed``."""
    try:
        kind, session, number, host, port = _REDIRECT.unpack_from(datagram, at)
    except struct.error as error:
        raise Malformed(f"short REDIRECT: {error}") from None
    if kind != REDIRECT or port == 0:
        raise Malformed(f"kind {kind:#x}, port {port} where REDIRECT was expected")
    return Redirect(session, number, (".".join(map(str, host)), port))


def seal(envelope: Envelope, datagram: bytes) -> bytes:
    """The packet that travels inside the platform."""
    return _ENVELOPE.pack(*envelope) + datagram


def unseal(packet: bytes) -> Envelope:
    """The envelope of a packet; its datagram starts at ``ENVELOPE_BYTES``. Raises ``Malformed``."""
    try:
        envelope = Envelope._make(_ENVELOPE.unpack_from(packet, 0))
    except struct.error as error:
        raise Malformed(f"short envelope: {error}") from None
    if envelope.kind not in (UP, DOWN):
        raise Malformed(f"kind {envelope.kind:#x} where an envelope was expected")
    return envelope


def sealed_frame(
    generation: int,
    hops_us: tuple[int, int, int],
    stamp_ns: int,
    session: int,
    epoch: int,
    tick: int,
    stable_seq: int,
    life: int,
    chain: bytes,
    wait_us: int,
    payload: bytes,
) -> bytes:
    """A FRAME in its envelope, built at once: ``seal`` of ``encode_frame``, as an instance sends 60 a second of for each session.

    ``hops_us``: radio, backhaul and gateway of the uplink packet that carried input ``stable_seq``. Raises ``Malformed``.
    """
    _check_payload(payload)
    wait_us = min(wait_us, _MOST_U32)
    envelope = (DOWN, 0, session, generation, *hops_us, wait_us, stamp_ns)
    return (
        _SEALED_FRAME.pack(*envelope, FRAME, session, epoch, tick, stable_seq, life, chain, wait_us) + payload
    )


def accepted_epoch(packet: bytes) -> int:
    """The highest epoch that the client of the INPUT sealed in ``packet`` has accepted: for gateways. 0 if it is no INPUT."""
    at = ENVELOPE_BYTES
    if len(packet) < at + INPUT_BYTES or packet[at] != INPUT:
        return 0
    return int.from_bytes(packet[at + 13 : at + 17], "big")
