"""Plain UDP in the kernel: nftables rewrites addresses by maps, statelessly, so that an update of a map moves a live flow.

For N6 that is routed to an interface of this machine, and for applications without the SDK's sessions. Rewriting is before
connection tracking (hook prerouting, priority raw, notrack): NAT would pin a flow to the target of its first packet. One
transaction changes both directions, so that there is one instance that the UE hears. One gateway a network namespace.

`ruleset` and `change` are the texts; `Nftables` hands them to ``nft`` (root, or CAP_NET_ADMIN in its network namespace).
Source: nft(8), "payload statement", "map statement"; the kernel mends IP and UDP checksums.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Sequence

from fedge.ports import Endpoint, PlainFlow

TABLE = "fedge"
UNKNOWN_SECONDS = 10
"""A socket without a flow is remembered so long; its packets are dropped meanwhile."""


class NftRefused(RuntimeError):
    """``nft`` did not take a transaction; nothing of it was changed."""


def ruleset(services: Iterable[Endpoint]) -> str:
    """The table anew, with no flow in it, for these stable addresses.

    One look-up finds what a packet is rewritten to, whichever way it goes: ``flows``, by both its ends. Only what is in no flow
    is looked at further: what is for a service or from an instance is dropped, and the UE remembered in ``unknown``.
    """
    end, both = "ipv4_addr . inet_service", "ipv4_addr . inet_service . ipv4_addr . inet_service"
    known = sorted(services)
    elements = f"elements = {{ {', '.join(_text(one) for one in known)} }}; " if known else ""
    chains = "".join(_chain("as", one, "sport", "saddr") for one in known)
    return f"""table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  set services {{ type {end}; {elements}}}
  set instances {{ type {end}; }}
  set unknown {{ type {both}; flags dynamic,timeout; timeout {UNKNOWN_SECONDS}s; size 65536; }}
  map flows {{ type {both} : verdict; counter; }}
{chains}  chain n6 {{
    type filter hook prerouting priority raw; policy accept;
    ip saddr . udp sport . ip daddr . udp dport vmap @flows
    ip daddr . udp dport @services update @unknown {{ ip saddr . udp sport . ip daddr . udp dport }} drop
    ip saddr . udp sport @instances drop
  }}
}}
"""


def change(before: Iterable[PlainFlow], after: Iterable[PlainFlow], fresh: Iterable[Endpoint] = ()) -> str:
    """One transaction: the flows ``before`` end and those ``after`` begin; none is led both ways at any instant.

    ``fresh``: instances that no flow was led to yet.
    """
    lines = [f"table ip {TABLE} {{\n{_chain('to', one, 'dport', 'daddr')}}}" for one in fresh]
    lines += [f"add element ip {TABLE} instances {{ {_text(one)} }}" for one in fresh]
    for flow in before:
        up, down = _keys(flow)
        lines.append(f"delete element ip {TABLE} flows {{ {up}, {down} }}")
    for flow in after:
        up, down = _keys(flow)
        goes, answers = f"goto to_{_name(flow.instance)}", f"goto as_{_name(flow.service)}"
        lines.append(f"add element ip {TABLE} flows {{ {up} : {goes}, {down} : {answers} }}")
    return "\n".join(lines) + "\n"


def _chain(kind: str, end: Endpoint, port: str, address: str) -> str:
    """Writes one end into a packet."""
    return f"  chain {kind}_{_name(end)} {{ notrack udp {port} set {end[1]} ip {address} set {end[0]} accept; }}\n"


def _keys(flow: PlainFlow) -> tuple[str, str]:
    ue, service, instance = _text(flow.ue), _text(flow.service), _text(flow.instance)
    return f"{ue} . {service}", f"{instance} . {ue}"


def _text(end: Endpoint) -> str:
    return f"{end[0]} . {end[1]}"


def _name(end: Endpoint) -> str:
    return f"{end[0].replace('.', '_')}_{end[1]}"


def unusable() -> str:
    """Why nftables cannot be used here; empty if it can."""
    if shutil.which("nft") is None:
        return "there is no nft"
    if os.geteuid() != 0:
        return "nft needs root"
    listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False)
    return "" if listed.returncode == 0 else f"nft does not work here: {listed.stderr.strip()}"


class Nftables:
    """The driver (`ports.Forwarding`). ``nft``: the command, for a network namespace with what enters it in front."""

    name = "nftables"

    def __init__(self, nft: Sequence[str] = ("nft",)) -> None:
        self._nft = tuple(nft)
        self._flows: dict[tuple[Endpoint, Endpoint], PlainFlow] = {}
        self._instances: set[Endpoint] = set()
        self._services: frozenset[Endpoint] = frozenset()
        self._doors: dict[Endpoint, socket.socket] = {}
        self._run(ruleset(()))

    def serve(self, services: Iterable[Endpoint]) -> None:
        """See `ports.Forwarding`. The table is made anew; packets of the instant between are not rewritten and find nobody."""
        wanted = frozenset(services)
        if wanted == self._services:
            return
        self._run(ruleset(wanted))
        led = [flow for flow in self._flows.values() if flow.service in wanted]
        self._services, self._flows, self._instances = wanted, {}, set()
        self.lead(led)

    def lead(self, flows: Iterable[PlainFlow]) -> list[tuple[Endpoint, Endpoint]]:
        """See `ports.Forwarding`; none is let go. Raises `NftRefused`."""
        wanted = {(flow.ue, flow.service): flow for flow in flows}
        after = [flow for key, flow in wanted.items() if self._flows.get(key) != flow]
        before = [
            self._flows[flow.ue, flow.service] for flow in after if (flow.ue, flow.service) in self._flows
        ]
        fresh = sorted({flow.instance for flow in after} - self._instances)
        if after:
            self._run(change(before, after, fresh))
            self._flows |= wanted
            self._instances |= set(fresh)
        return []

    def forget(self, ue: Endpoint, service: Endpoint) -> None:
        flow = self._flows.get((ue, service))
        if flow is not None:
            self._run(change([flow], []))
            del self._flows[ue, service]

    def unknown(self) -> list[tuple[Endpoint, Endpoint]]:
        """See `ports.Forwarding`; each is named for some seconds."""
        listed = self._run("", "--json", "list", "set", "ip", TABLE, "unknown")
        found = next(one["set"] for one in json.loads(listed)["nftables"] if "set" in one)
        ends = [one["elem"]["val"]["concat"] for one in found.get("elem", ())]
        pairs = [((ue, ue_port), (service, port)) for ue, ue_port, service, port in ends]
        return [pair for pair in pairs if pair not in self._flows]

    def carried(self) -> dict[tuple[Endpoint, Endpoint], int]:
        """See `ports.Forwarding`: packets up, as the kernel counts them since the flow was led last."""
        listed = self._run("", "--json", "list", "map", "ip", TABLE, "flows")
        found = next(one["map"] for one in json.loads(listed)["nftables"] if "map" in one)
        counted: dict[tuple[Endpoint, Endpoint], int] = {}
        for one, _ in found.get("elem", ()):
            ue, ue_port, service, port = one["elem"]["val"]["concat"]
            pair = ((ue, ue_port), (service, port))
            if pair in self._flows:
                counted[pair] = one["elem"]["counter"]["packets"]
        return counted

    def open_door(self, host: str) -> Endpoint:
        """See `ports.Forwarding`. The socket takes the port and hears nothing: packets are rewritten before they come to it.

        The source is the UE's own address here too: the network has to route answers to it back through the first gateway. They
        bear the door's address, which is this machine's own, and the kernel forwards that with ``accept_local`` alone.
        """
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((host, 0))
        door: Endpoint = opened.getsockname()
        self._doors[door] = opened
        return door

    def close_door(self, door: Endpoint) -> None:
        self._doors.pop(door).close()

    def close(self) -> None:
        """No packet is rewritten any more."""
        for door in tuple(self._doors):
            self.close_door(door)
        self._run(f"delete table ip {TABLE}\n")

    def _run(self, text: str, *arguments: str) -> str:
        """Runs what is asked for in arguments, or the transaction ``text``."""
        command = [*self._nft, *(arguments or ("-f", "-"))]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NftRefused(done.stderr.strip().partition("\n")[0])
        return done.stdout
