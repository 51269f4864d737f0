"""UDP sockets as the packet path wants them, and what the kernel dropped because they were full."""

from __future__ import annotations

import socket

RECEIVE_BUFFER_BYTES = 8 << 20


def bound_udp(address: tuple[str, int]) -> socket.socket:
    """A non-blocking UDP socket at ``address`` with as large a receive buffer as the kernel gives. Raises ``OSError``."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (getattr(socket, "SO_RCVBUFFORCE", 33), socket.SO_RCVBUF):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER_BYTES)
            break
        except OSError:  # only root may go beyond net.core.rmem_max
            continue
    sock.bind(address)
    return sock


def socket_drops(path: str = "/proc/net/udp") -> dict[str, int]:
    """Packets that the kernel dropped because a socket of ours was full, by ``ip:port`` of all UDP sockets; empty elsewhere."""
    try:
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()[1:]
    except OSError:
        return {}
    drops = {}
    for line in lines:
        fields = line.split()
        ip, port = fields[1].split(":")
        drops[f"{socket.inet_ntoa(bytes.fromhex(ip)[::-1])}:{int(port, 16)}"] = int(fields[-1])
    return drops
