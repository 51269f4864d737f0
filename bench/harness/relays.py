"""What `bench.gateway` measures, each in a process of its own, and how much CPU it used."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.core.model import InstanceId, SessionKey
from fedge.core.transfer import SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.gateway import Gateway
from fedge.dataplane.tcp_relay import TcpRelay

Endpoint = tuple[str, int]
KEY = SessionKey(7)
UE, SERVICE = ("10.45.0.2", 40_000), ("127.0.0.1", 7777)
RULE = TrafficRule(
    "all", "FLOW", 128, (TrafficFilter(dst_address=(SERVICE[0],)),), "FORWARD_DECAPSULATED", "ACTIVE"
)
HAPROXY = """global
  nbthread 1
  maxconn 4096
  tune.pipesize 1048576
defaults
  mode tcp
  option splice-request
  option splice-response
  option tcp-smart-accept
  option tcp-smart-connect
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen relay
  bind {host}:{port}
  server one {to_host}:{to_port}
"""
_fork = multiprocessing.get_context("fork")


def udp() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    roomy(opened)
    opened.bind(("127.0.0.1", 0))
    return opened


_SO_RCVBUFFORCE = 33
"""socket(7); Python does not name it."""


def roomy(one: socket.socket) -> None:
    """The load's own sockets must not be what loses packets; only root may go beyond the system's limit."""
    one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE if os.geteuid() == 0 else socket.SO_RCVBUF, 16 << 20)


def free(kind: socket.SocketKind = socket.SOCK_DGRAM) -> Endpoint:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        host, port = one.getsockname()
        return host, port


def cpu_ns(pid: int) -> int:
    """What all threads of a process have run, from the scheduler's own account."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def started(work: Callable[[], None]) -> BaseProcess:
    process = _fork.Process(target=work, daemon=True)
    process.start()
    return process


def bare_loop(listen: Endpoint, to: Endpoint) -> BaseProcess:
    """The least that Python can do for a packet."""

    def work() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            one.bind(listen)
            while True:
                packet, _ = one.recvfrom(2048)
                one.sendto(packet, to)

    return started(work)


def gateway(n6: Endpoint, inside: Endpoint, upf: Endpoint, instance: Endpoint) -> BaseProcess:
    """The gateway in user space with one session."""

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            loop = asyncio.new_event_loop()
            made = Gateway(
                n6,
                inside,
                free(),
                upf,
                lambda site, packet: None,
                lambda key, generation: None,
                lambda *arrived: None,
                Path(folder) / "log",
            )
            made.instance_up("one", "game", instance)
            made.use_rules("game", (RULE,))
            made.apply(SetFlow(KEY, Flow.LOCAL, 1, 1, InstanceId("one")))
            made.start(loop)
            loop.run_forever()

    return started(work)


def tcp_relay(listen: Endpoint, to: Endpoint) -> BaseProcess:
    def work() -> None:
        loop = asyncio.new_event_loop()
        TcpRelay(listen, to).start(loop)
        loop.run_forever()

    return started(work)


class Haproxy:
    """One thread, splicing, with pipes as large as the relay's."""

    def __init__(self, listen: Endpoint, to: Endpoint) -> None:
        text = HAPROXY.format(host=listen[0], port=listen[1], to_host=to[0], to_port=to[1])
        descriptor, self._file = tempfile.mkstemp(suffix=".cfg")
        os.write(descriptor, text.encode())
        os.close(descriptor)
        self._process = subprocess.Popen(["haproxy", "-f", self._file, "-db", "-q"])
        self.pid = self._process.pid

    def terminate(self) -> None:
        self._process.terminate()
        self._process.wait()
        os.unlink(self._file)


def ready(address: Endpoint, kind: socket.SocketKind, patience_s: float = 5.0) -> None:
    """Wait until somebody has bound the address. Raises ``TimeoutError``."""
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        with socket.socket(socket.AF_INET, kind) as one:
            try:
                one.bind(address)
            except OSError:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens at {address}")
