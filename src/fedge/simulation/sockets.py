"""What the kernel dropped because UDP sockets were full."""

from __future__ import annotations

import socket
from collections import Counter


def socket_drops(path: str = "/proc/net/udp") -> dict[str, int]:
    """Packets that the kernel dropped because a socket of ours was full, by ``ip:port`` of all UDP sockets; empty elsewhere."""
    try:
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()[1:]
    except OSError:
        return {}
    drops: Counter[str] = Counter()
    for line in lines:
        fields = line.split()
        ip, port = fields[1].split(":")
        drops[f"{socket.inet_ntoa(bytes.fromhex(ip)[::-1])}:{int(port, 16)}"] += int(fields[-1])
    return drops
