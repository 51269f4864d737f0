"""IPv4 packets with UDP: round trips, a checksum that anybody accepts, and hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fedge.wire import ip

ENDS = some.tuples(some.ip_addresses(v=4).map(str), some.integers(0, 65_535))


@given(ENDS, ENDS, some.binary(max_size=1400))
def test_what_is_built_is_read(source: ip.Endpoint, destination: ip.Endpoint, payload: bytes) -> None:
    packet = ip.Udp4(source, destination).packet(payload)
    assert ip.read(packet) == ip.Datagram(source, destination, payload)
    assert ip.read(packet + b"padding of the link") == ip.Datagram(source, destination, payload)


def test_the_checksum_is_that_of_a_known_packet() -> None:
    """Worked out by hand after RFC 1071 for 127.9.200.1:40000 → 127.9.1.1:7777 with 4 bytes."""
    packet = ip.Udp4(("127.9.200.1", 40_000), ("127.9.1.1", 7_777)).packet(b"ping")
    words = [int.from_bytes(packet[at : at + 2], "big") for at in range(0, 20, 2)]
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
    assert len(packet) == 32


@given(some.binary(max_size=200))
def test_hostile_bytes_are_refused_or_read(data: bytes) -> None:
    try:
        ip.read(data)
    except ip.BadPacket:
        return
    assert data[0] >> 4 == 4


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 0x65), (0, 0x44), (9, 6), (6, 0x20), (3, 1), (10, 0xFF), (25, 3)],
    ids=["version", "header length", "protocol", "fragment", "total length", "checksum", "udp length"],
)
def test_a_packet_with_one_wrong_field_is_refused(at: int, value: int) -> None:
    packet = bytearray(ip.Udp4(("10.0.0.1", 1), ("10.0.0.2", 2)).packet(b"input"))
    packet[at] = value
    with pytest.raises(ip.BadPacket):
        ip.read(bytes(packet))


def test_a_packet_with_options_is_read() -> None:
    plain = ip.Udp4(("10.0.0.1", 1), ("10.0.0.2", 2)).packet(b"input")
    head = bytearray(b"\x46" + plain[1:20] + b"\x01\x01\x01\x00")
    head[2:4], head[10:12] = (len(plain) + 4).to_bytes(2, "big"), b"\0\0"
    total = sum(int.from_bytes(head[at : at + 2], "big") for at in range(0, 24, 2))
    head[10:12] = (0xFFFF - ((total & 0xFFFF) + (total >> 16))).to_bytes(2, "big")
    packet = bytes(head) + plain[20:]
    assert ip.read(packet) == ip.read(plain)
    assert ip.ends(packet) == ip.ends(plain) == b"\x0a\0\0\x01\x0a\0\0\x02\0\x01\0\x02"


@given(ENDS, ENDS, some.integers(0, 65_507))
def test_checksums_are_exactly_those_of_rfc_1071(
    source: ip.Endpoint, destination: ip.Endpoint, size: int
) -> None:
    packet = ip.Udp4(source, destination).packet(bytes(size))
    total = sum(int.from_bytes(packet[at : at + 2], "big") for at in range(0, 20, 2) if at != 10)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert int.from_bytes(packet[10:12], "big") == total ^ 0xFFFF


def test_a_flows_packets_are_the_same_whatever_it_carried_before() -> None:
    flow = ip.Udp4(("10.45.0.2", 40_000), ("127.9.1.1", 7777))
    for size in (*range(3 * ip.KNOWN_SIZES), *range(3 * ip.KNOWN_SIZES)):
        fresh = ip.Udp4(("10.45.0.2", 40_000), ("127.9.1.1", 7777))
        assert flow.packet(bytes(size)) == fresh.packet(bytes(size))
