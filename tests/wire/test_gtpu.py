"""GTP-U: golden bytes worked out by hand from the specification, round trips, and hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from fedge.wire import gtpu

TEIDS = some.integers(1, 2**32 - 1)
QFIS = some.integers(0, 63)
DOWN = some.tuples(QFIS, some.just(False), some.booleans(), some.none() | some.integers(0, 7))
UP = some.tuples(QFIS, some.just(True), some.just(False), some.none())
CONTAINERS = (UP | DOWN).map(gtpu.Container._make)


def golden(text: str) -> bytes:
    return bytes.fromhex(text)


# TS 29.281 figure 5.1-1: flags (version 1, PT, E, S, PN), type, length after byte 8, tunnel end id; then sequence number, N-PDU
# number, next extension header. TS 38.415 5.5.2: PDU type in the high half of byte 1; PPP, RQI and QFI in byte 2.
GOLDEN = {
    "uplink G-PDU": (
        gtpu.Gpdus(0x01020304, gtpu.Container(9, uplink=True)).packet(b"ip"),
        golden("34 ff 000a 01020304 0000 00 85  01 10 09 00  6970"),
        gtpu.Gpdu(0x01020304, b"ip", gtpu.Container(9, uplink=True)),
    ),
    "downlink G-PDU": (
        gtpu.Gpdus(7, gtpu.Container(63, rqi=True)).packet(b""),
        golden("34 ff 0008 00000007 0000 00 85  01 00 7f 00"),
        gtpu.Gpdu(7, b"", gtpu.Container(63, rqi=True)),
    ),
    "downlink G-PDU with a paging policy": (
        gtpu.Gpdus(7, gtpu.Container(1, ppi=5)).packet(b"x"),
        golden("34 ff 000d 00000007 0000 00 85  02 00 81 a0 000000 00  78"),
        gtpu.Gpdu(7, b"x", gtpu.Container(1, ppi=5)),
    ),
    "Echo Request": (
        gtpu.encode_echo_request(0x1234),
        golden("32 01 0004 00000000 1234 00 00"),
        gtpu.EchoRequest(0x1234),
    ),
    "Echo Response": (
        gtpu.encode_echo_response(0x1234),
        golden("32 02 0006 00000000 1234 00 00  0e 00"),
        gtpu.EchoResponse(0x1234),
    ),
    "Error Indication": (
        gtpu.encode_error_indication(0xDEADBEEF, "127.9.10.2"),
        golden("32 1a 0010 00000000 0000 00 00  10 deadbeef  85 0004 7f090a02"),
        gtpu.ErrorIndication(0xDEADBEEF, "127.9.10.2"),
    ),
    "End Marker": (
        gtpu.encode_end_marker(0x0A0B0C0D),
        golden("30 fe 0000 0a0b0c0d"),
        gtpu.EndMarker(0x0A0B0C0D),
    ),
    "Supported Extension Headers Notification": (
        gtpu.encode_supported_extensions(),
        golden("32 1f 0007 00000000 0000 00 00  8d 01 85"),
        gtpu.SupportedExtensions((0x85,)),
    ),
}


@pytest.mark.parametrize(("built", "by_hand", "message"), GOLDEN.values(), ids=GOLDEN)
def test_bytes_are_those_of_the_specification(built: bytes, by_hand: bytes, message: gtpu.Message) -> None:
    assert built == by_hand
    assert gtpu.read(by_hand) == message


@given(TEIDS, CONTAINERS, some.binary(max_size=1500))
def test_what_is_built_is_read(teid: int, container: gtpu.Container, payload: bytes) -> None:
    packet = gtpu.Gpdus(teid, container).packet(payload)
    assert gtpu.read(packet) == gtpu.Gpdu(teid, payload, container)
    plain = not container.rqi and container.ppi is None
    assert gtpu.usual(packet) == ((teid, payload) if plain else None)


@given(some.integers(0, 65_535), TEIDS, some.ip_addresses())
def test_path_messages_are_read(sequence: int, teid: int, peer: object) -> None:
    assert gtpu.read(gtpu.encode_echo_request(sequence)) == gtpu.EchoRequest(sequence)
    assert gtpu.read(gtpu.encode_echo_response(sequence)) == gtpu.EchoResponse(sequence)
    indication = gtpu.ErrorIndication(teid, str(peer))
    assert gtpu.read(gtpu.encode_error_indication(teid, str(peer))) == indication


READ = {
    "no optional field": ("30 ff 0002 00000001 6970", gtpu.Gpdu(1, b"ip")),
    "a sequence number": ("32 ff 0006 00000001 0007 00 00 6970", gtpu.Gpdu(1, b"ip", None, 7)),
    "a sequence number that does not count": ("31 ff 0006 00000001 0007 09 00 6970", gtpu.Gpdu(1, b"ip")),
    "the spare bit": ("38 ff 0002 00000001 6970", gtpu.Gpdu(1, b"ip")),
    "an extension header that may be skipped": (
        "34 ff 000e 00000001 0000 00 40  01 0868 85  01 10 05 00  6970",
        gtpu.Gpdu(1, b"ip", gtpu.Container(5, uplink=True)),
    ),
    "one that must be understood": ("34 ff 000a 00000001 0000 00 84  01 0000 00  6970", gtpu.NotUnderstood(0x84)),
    "one such behind the container": (
        "34 ff 000c 00000001 0000 00 85  01 10 05 c0  01 0001 00",
        gtpu.NotUnderstood(0xC0),
    ),
    "a container with a sending time": (
        "34 ff 0010 00000001 0000 00 85  03 08 05 0102030405060708 00",
        gtpu.Gpdu(1, b"", gtpu.Container(5)),
    ),
    "an End Marker with a private extension": ("30 fe 0006 00000009 ff 0003 280101", gtpu.EndMarker(9)),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), READ.values(), ids=READ)
def test_what_others_may_send_is_read(text: str, message: gtpu.Message) -> None:
    assert gtpu.read(golden(text)) == message


BAD = {
    "nothing": "",
    "half a header": "30 ff 0000",
    "version 2": "50 ff 0002 00000001 6970",
    "GTP' (PT 0)": "20 ff 0002 00000001 6970",
    "a length that is too long": "30 ff 0003 00000001 6970",
    "a length that is too short": "30 ff 0001 00000001 6970",
    "an end inside the optional fields": "32 ff 0002 00000001 0007",
    "an extension header of length 0": "34 ff 0008 00000001 0000 00 85  00 10 05 00",
    "an extension header that is cut off": "34 ff 0008 00000001 0000 00 85  02 10 05 00",
    "an extension header that is not there": "34 ff 0004 00000001 0000 00 85",
    "PDU session information of type 2": "34 ff 0008 00000001 0000 00 85  01 20 05 00",
    "a paging policy that is not there": "34 ff 0008 00000001 0000 00 85  01 00 85 00",
    "an unknown message type": "30 07 0000 00000001",
    "an Echo Request without a sequence number": "30 01 0000 00000000",
    "an Echo Response without Recovery": "32 02 0004 00000000 1234 00 00",
    "an Error Indication without its tunnel": "32 1a 000b 00000000 0000 00 00  85 0004 7f090a02",
    "an Error Indication with an odd address": "32 1a 000f 00000000 0000 00 00  10 deadbeef  85 0003 7f090a",
    "a notification without its list": "32 1f 0004 00000000 0000 00 00",
    "an information element of unknown size": "32 02 0006 00000000 1234 00 00  0d 00",
    "an information element that is cut off": "32 1a 000d 00000000 0000 00 00  10 deadbeef  85 0004 7f",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_malformed_bytes_are_refused(text: str) -> None:
    with pytest.raises(gtpu.BadGtpu):
        gtpu.read(golden(text))


@given(
    some.binary(max_size=80)
    | some.binary(max_size=40).map(lambda rest: b"\x34\xff\x00" + bytes([len(rest)]) + rest)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        gtpu.read(data)
    except gtpu.BadGtpu:
        return
    assert data[0] >> 4 == 3


@given(
    some.sampled_from([0x30, 0x34, 0x36, 0x3C]),
    some.sampled_from([0x00, 0x10, 0x11, 0x20]),
    some.integers(0, 255),
    some.sampled_from([0x00, 0x40, 0x85]),
    some.integers(-1, 1),
    some.binary(max_size=12),
)
@example(0x34, 0x00, 0x80, 0x00, 0, b"")  # says that a paging policy follows, and none does
def test_what_is_usual_is_read_the_same_by_both(
    flags: int, kind: int, qfi: int, following: int, wrong: int, payload: bytes
) -> None:
    length = (8 + len(payload) + wrong).to_bytes(2, "big")
    data = (
        bytes([flags, 0xFF])
        + length
        + golden("00000007 0000 00 85 01")
        + bytes([kind, qfi, following])
        + payload
    )
    found = gtpu.usual(data)
    if found is not None:
        message = gtpu.read(data)
        assert isinstance(message, gtpu.Gpdu)
        assert found == (message.teid, message.payload)


@given(some.sampled_from([built for built, _, _ in GOLDEN.values()]), some.data())
def test_one_changed_byte_is_read_or_refused(packet: bytes, draw: some.DataObject) -> None:
    changed = bytearray(packet)
    changed[draw.draw(some.integers(0, len(packet) - 1))] = draw.draw(some.integers(0, 255))
    for data in (bytes(changed), bytes(changed[: draw.draw(some.integers(0, len(changed)))])):
        try:
            gtpu.read(data)
        except gtpu.BadGtpu:
            continue


@pytest.mark.parametrize(
    ("teid", "container"),
    [
        (0, gtpu.Container(1)),
        (2**32, gtpu.Container(1)),
        (1, gtpu.Container(64)),
        (1, gtpu.Container(1, ppi=8)),
        (1, gtpu.Container(1, uplink=True, ppi=1)),
        (1, gtpu.Container(1, uplink=True, rqi=True)),
    ],
)
def test_a_tunnel_out_of_range_is_not_built(teid: int, container: gtpu.Container) -> None:
    with pytest.raises(gtpu.BadGtpu):
        gtpu.Gpdus(teid, container)


def test_a_payload_that_does_not_fit_is_refused() -> None:
    with pytest.raises(gtpu.BadGtpu):
        gtpu.Gpdus(1, gtpu.Container(1)).packet(bytes(65_530))
