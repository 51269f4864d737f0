"""A site's edge data gateway in user space: three UDP sockets around N6 and the flow table.

``n6``: towards the site's user plane function, IP packets. ``between``: towards the other gateways, packets in envelopes, over
the emulated backhaul (``backhaul.py``). ``inside``: towards the instances. What comes from anybody else is dropped and counted.
"""

from __future__ import annotations

import json
import time
from asyncio import AbstractEventLoop
from collections import Counter
from collections.abc import Callable, Container, Sequence
from pathlib import Path

from fedge.core.messages import TrafficRule
from fedge.core.transfer import ClearFlow, SetFlow
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.backhaul import Backhaul
from fedge.dataplane.driver import PlainApplications, choice
from fedge.dataplane.flows import PEER, Delivery, FlowTable
from fedge.dataplane.n6 import N6
from fedge.dataplane.nftables import Nftables
from fedge.dataplane.plain_udp import UserspaceForwarding
from fedge.dataplane.tcp_service import TcpApplications
from fedge.ports import Endpoint
from fedge.runtime.udp_end import UdpEnd
from fedge_sdk import wire

MAX_DATAGRAM = 2048
"""Longer ones are cut off by the socket, and then no whole packet."""


class Gateway:
    """``upf``: the user plane function's end of N6. ``heard(key, generation)`` is called when the UE is first heard directly at a
    generation; ``arrived(key, generation, is the writer here, address sent to)`` when an expected client is. ``to_peer`` sends
    late. ``n6_interface``: see `driver.choice`; ``chosen`` says which driver it is, and why.
    ``tcp_host``: where clients connect, by default the inside address. ``door_host``: where other gateways find doors; empty:
    nowhere.
    """

    def __init__(
        self,
        n6: Endpoint,
        inside: Endpoint,
        between: Endpoint,
        upf: Endpoint,
        to_peer: Callable[[str, bytes], None],
        heard: Callable[[int, int], None],
        arrived: Callable[[int, int, bool, Endpoint], None],
        journal: Path,
        n6_interface: str = "",
        tcp_host: str = "",
        door_host: str = "",
    ) -> None:
        self.table = FlowTable()
        self.n6 = N6(self.table)
        self.instances: dict[str, Endpoint] = {}
        self._homes: set[Endpoint] = set()
        self.peers: set[Endpoint] | None = set()
        self.wires: dict[str, Backhaul] = {}
        """The emulated ones to peers, by their addresses: what comes through a door here takes its time."""
        self._n6 = UdpEnd(n6, MAX_DATAGRAM, self._from_n6, self._flush, self._not_sent)
        self._inside = UdpEnd(inside, MAX_DATAGRAM, self._from_inside, self._flush, self._not_sent)
        self._between = UdpEnd(between, MAX_DATAGRAM, self._from_peer, self._flush, self._not_sent)
        self._n6.meet(upf)
        self._upf, self._host, self._door_host = upf, inside[0], door_host
        self._tcp_host = tcp_host or inside[0]
        self.chosen = choice(n6_interface)
        self._to_peer, self._heard, self._arrived = to_peer, heard, arrived
        self._journal = journal.open("a", buffering=1)

    @property
    def counts(self) -> Counter[str]:
        """What was dropped, held and forwarded, by reason."""
        return self.table.counts

    def start(self, loop: AbstractEventLoop) -> None:
        """Opens what carries plain UDP too. Raises ``NftRefused`` where that is nftables, and refuses."""
        door, admits = self._door_host, self._is_peer
        if self.chosen[0] == Nftables.name:  # UEs' own addresses come to its doors
            self.plain = PlainApplications(Nftables(), door)
        else:
            carrier = UserspaceForwarding(loop, self._host, self._say, self.counts, self.wires.get)
            self.plain = PlainApplications(carrier, door, admits)
            carrier.arrived = self.plain.welcome
            self.n6.carry = lambda *datagram: None if carrier.uplink(*datagram) else self.plain.welcome()
        self.tcp = TcpApplications(
            loop, self._tcp_host, self._host, door, admits, self.counts, self.wires.get
        )
        for one in (self._n6, self._inside, self._between):
            one.open(loop)

    def close(self) -> None:
        for one in (self._n6, self._inside, self._between):
            one.close()
        self.plain.driver.close()
        self.tcp.close()
        self._journal.close()

    # --- orders ------------------------------------------------------------------------------------------------------------

    def instance_up(self, name: str, app: str, address: Endpoint) -> None:
        """An instance that speaks the SDK's contract: its application has sessions."""
        self.n6.apps[name] = app
        self._settle(self.instances | {name: address})

    def instances_left(self, names: Container[str]) -> None:
        """All others have gone, not to come back at their addresses: what they still send is ``foreign``."""
        left = {name: address for name, address in self.instances.items() if name in names}
        if len(left) < len(self.instances):
            self._settle(left)

    def _settle(self, instances: dict[str, Endpoint]) -> None:
        homes = set(instances.values())
        for gone in self._homes - homes:
            self._inside.leave(gone)
        for home in instances.values():
            self._inside.meet(home, in_bursts=True)  # frames of one tick
        self.instances, self._homes = instances, homes

    def serve_plain(
        self,
        app: str,
        rules: tuple[TrafficRule, ...],
        instances: Sequence[Endpoint],
        away: Away = HERE,
    ) -> frozenset[tuple[str, Endpoint]]:
        """An application without the SDK: what its rules let pass goes to its instances as it is, or to other sites' doors.
        Neither is there: nothing does.

        Answers who was refused an address now, because another such application has it.
        """
        before = self.plain.refused
        self.plain.serve(app, rules, instances, away)
        refused = self.plain.refused - before
        if refused:
            self.counts["plain_address_taken"] += len(refused)
        self.n6.use_plain(self.plain.services)
        self.tcp.serve(app, rules, instances, away)
        return refused

    def _is_peer(self, host: str) -> bool:
        return self.peers is None or any(host == peer[0] for peer in self.peers)

    def welcome(self) -> None:
        """Where the kernel forwards: lead the UEs that it has heard since."""
        if self.chosen[0] == Nftables.name and self.plain.services:
            self.plain.welcome()

    def end_idle(self, now_s: float) -> None:
        """Plain UDP flows that have carried nothing for long."""
        ended = self.plain.end_idle(now_s) if self.plain.flows else 0
        if ended:
            self.counts["plain_idle"] += ended

    def use_rules(self, app: str, rules: tuple[TrafficRule, ...]) -> None:
        self.n6.use_rules(app, rules)

    def apply(self, effect: SetFlow | ClearFlow) -> None:
        if isinstance(effect, SetFlow):
            deliveries = self.table.set(effect)
            entry = self.table.entries.get(effect.key)
            if (
                entry and entry.generation == effect.generation and entry.epoch == effect.epoch
            ):  # it took effect
                line = {
                    "key": f"{effect.key:016x}",
                    "mode": entry.flow,
                    "generation": entry.generation,
                    "epoch": entry.epoch,
                }
                self._journal.write(json.dumps({"t_ns": time.monotonic_ns(), **line}) + "\n")
            self._deliver(deliveries)
            self._flush()
        else:
            self.n6.cleared(effect)

    def redirect(self, key: int, number: int, service: Endpoint) -> None:
        """Tell a session's client, if it is known where that is, that ``service`` leads to its session (REDIRECT)."""
        packet = self.n6.towards(key, wire.encode_redirect(key, number, service))
        if packet is not None:
            self.counts["redirects"] += 1
            self._say(packet)

    def send_between(self, packet: bytes, to: Endpoint) -> None:
        """A forwarded packet to another gateway: none has a twin, so it leaves at once."""
        self._between.send(packet, to)

    # --- packets -----------------------------------------------------------------------------------------------------------

    def _from_n6(self, packet: bytes, source: Endpoint) -> None:
        if source != self._upf:
            self.counts["foreign"] += 1
            return
        deliveries, key, generation = self.n6.uplink(packet, time.monotonic_ns())
        if deliveries:
            self._deliver(deliveries)
        if generation:
            self._heard(key, generation)
        if self.table.arrived:
            self._tell_arrivals()

    def _tell_arrivals(self) -> None:
        arrived, self.table.arrived = self.table.arrived, []
        for key, generation, writer in arrived:
            known = self.n6.whereabouts(key)
            if known is not None:
                self._arrived(key, generation, writer, known[1])

    def _from_peer(self, packet: bytes, source: Endpoint) -> None:
        if self.peers is None or source in self.peers:
            self._deliver(self.table.uplink(packet))
        else:
            self.counts["foreign"] += 1

    def _from_inside(self, sealed: bytes, source: Endpoint) -> None:
        if source not in self._homes:
            self.counts["foreign"] += 1
            return
        packet = self.n6.downlink(sealed)
        if packet is not None:
            self._n6.send(packet, self._upf)

    def _say(self, packet: bytes) -> None:
        """A packet by itself to the user plane function."""
        self._n6.send(packet, self._upf)
        self._n6.flush()

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for kind, name, packet in deliveries:
            if kind == PEER:
                self._to_peer(name, packet)
                continue
            address = self.instances.get(name)
            if address is not None:
                self._inside.send(packet, address)

    def _flush(self) -> None:
        self._n6.flush()
        self._inside.flush()

    def _not_sent(self, error: OSError) -> None:
        """Nobody there, or no buffer: a network loses packets without a word."""
        self.counts["not_sent"] += 1
