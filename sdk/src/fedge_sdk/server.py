"""``serve(game)``: a game's whole main program.

One thread, one ``select``: packets from the site's gateway, the agent's requests, ticks when they are due. The agent may die and
come back; sessions play on meanwhile and the instance dials again. What it is told comes from the environment: FEDGE_AGENT,
FEDGE_TOKEN, FEDGE_INSTANCE, FEDGE_APP, FEDGE_BIND, FEDGE_GATEWAY, FEDGE_SITE_DIR, FEDGE_CAPACITY, FEDGE_STATE_BYTES; where a
supervisor wants its children to end with it, FEDGE_LIFELINE (a pipe that closes); between machines, FEDGE_CLOCK=wall.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from fedge_sdk.game import TICK_NS, Game
from fedge_sdk.instance import Instance
from fedge_sdk.lines import AgentLine, Clock, PacketSocket
from fedge_sdk.store import SiteStore

REPORT_NS = 500_000_000
CROWD = 8
LOOK_NS = 5_000_000
"""With so many sessions packets are not waited for one by one: ticks are frequent, and each looks for what has come. Waking up
costs more than a packet does. The kernel's time stamps say when each came."""


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _looked_up(at: tuple[str, int]) -> tuple[str, int]:
    return socket.gethostbyname(at[0]), at[1]


def serve(game: Game) -> None:
    """Run ``game`` as an instance of a Fedge site until SIGTERM. Exits with 2 where the environment is not a site's."""
    try:
        env = os.environ
        agent, gateway, bind = (
            _endpoint(env["FEDGE_AGENT"]),
            _endpoint(env["FEDGE_GATEWAY"]),
            _endpoint(env["FEDGE_BIND"]),
        )
        now: Clock = time.time_ns if env.get("FEDGE_CLOCK") == "wall" else time.monotonic_ns
        store = SiteStore(Path(env["FEDGE_SITE_DIR"]))
        capacity, size = int(env.get("FEDGE_CAPACITY", "64")), int(env.get("FEDGE_STATE_BYTES", str(1 << 20)))
        instance = Instance(game, env["FEDGE_APP"], env["FEDGE_INSTANCE"], capacity, size, store)
        token = env["FEDGE_TOKEN"]
    except (KeyError, ValueError) as error:
        print(
            f"this program runs as an instance of a Fedge site; its environment lacks {error}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    try:  # names are looked up once: later there is no time to wait for an answer
        agent, gateway = _looked_up(agent), _looked_up(gateway)
        packets = PacketSocket(bind, now)
    except OSError as error:
        where = f"FEDGE_AGENT {agent[0]}, FEDGE_GATEWAY {gateway[0]}, FEDGE_BIND {bind[0]}"
        print(f"{where}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    line = AgentLine(agent, token, instance.name)
    instance.recover(now())
    gc.collect()
    gc.freeze()
    _loop(instance, line, packets, gateway, env["FEDGE_BIND"], int(env.get("FEDGE_LIFELINE", "-1")), now)


def _loop(
    instance: Instance,
    line: AgentLine,
    packets: PacketSocket,
    gateway: tuple[str, int],
    bind: str,
    lifeline: int,
    clock: Clock,
) -> None:
    running = True

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    busy, since = 0, clock()
    while running:
        now = clock()
        if line.socket is None and line.dial(now):
            line.send(instance.hello(bind), b"")
        due = instance.next_due()
        crowded = len(instance.copies) >= CROWD
        longest = LOOK_NS if crowded else 50_000_000
        wait = (longest if due is None else min(longest, max(0, due - now))) / 1e9
        reading: list[Any] = [lifeline] if lifeline >= 0 else []
        reading += [] if crowded else [packets.socket]
        reading += [line.socket] if line.socket is not None else []
        writing: list[Any] = [line.socket] if line.wants_write() else []
        try:
            readable, writable, _ = select.select(reading, writing, [], wait)
        except InterruptedError:
            continue
        began = clock()
        if writable:
            line.flush()
        if lifeline in readable and not os.read(lifeline, 1):
            return
        replies = []
        if crowded or packets.socket in readable:
            for packet, arrived in packets.read():
                replies += instance.packet(packet, arrived)
        frames, more = instance.run_due(clock())
        if frames:
            packets.send(frames, gateway)
        replies += more
        if line.socket is not None and line.socket in readable:
            for message, body in line.receive():
                replies += instance.handle(message, body, clock())
        for header, body in replies:
            line.send(header, body)
        now = clock()
        busy += now - began
        if now - since >= REPORT_NS:
            load = round(busy / (now - since), 4)
            report = {
                "type": "InstanceReport",
                "instance": instance.name,
                "load": load,
                "sessions": len(instance.copies),
            }
            line.send(report, b"")
            busy, since = 0, now


__all__ = ["TICK_NS", "serve"]
