"""All base stations' end of N3 (simulated): the paths of every flow, GTP-U out to user plane functions and in from them.

Pure; ``packet_path`` has the sockets and the delays. Session management installs, switches and removes paths (N2, as a direct
call: ``core/messages/user_plane``; NGAP is not emulated). A flow is one UE's traffic with one application. Downlink packets of
every installed path reach the UE, so a move may begin at the new site before the old one falls silent; uplink packets take the
path that was switched to last. The number of a switch only rises: a repeated one is answered the same, a lower one changes
nothing. Nothing survives a restart.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping

from fedge.core.messages import Message
from fedge.core.messages.user_plane import InstallPath, PathSwitched, RemovePath, SwitchPath
from fedge.core.model import Address, SiteId, UeId
from fedge.simulation.n3 import Endpoint, N3End, endpoint
from fedge.wire import gtpu, ip

MOST_PATHS = 8
"""Of one flow: a path that session management forgot to remove gives way."""

KNOWN_HEADERS = 4096
_HEADERS = 16 + ip.HEADERS
"""Of a packet without options in a G-PDU with the smallest container: all that is looked at."""


class Flow:
    """One UE's (by index) traffic with one application. ``chosen``: where its uplink goes."""

    __slots__ = ("address", "chosen", "down", "number", "paths", "service", "switched", "ue")

    def __init__(self, ue: int, address: str, service: Address) -> None:
        self.ue, self.address = ue, address
        self.service = endpoint(service)
        # as the first ten bytes of ``ip.ends`` have it on the way down
        host, port = self.service
        self.down = ip.address_bytes(host) + ip.address_bytes(address) + struct.pack("!H", port)
        self.paths: dict[int, Path] = {}
        self.chosen: Path | None = None
        self.number = 0
        self.switched: PathSwitched | None = None


class Path:
    """A flow's way through the user plane function of one site (by index)."""

    __slots__ = ("far", "flow", "n3", "name", "site", "teid_down", "up")

    def __init__(self, flow: Flow, order: InstallPath, site: int) -> None:
        if not 0 < order.teid_down <= 0xFFFFFFFF:
            raise gtpu.BadGtpu(f"{order.teid_down} is no tunnel end id")
        self.flow, self.name, self.site = flow, order.site, site
        self.n3, self.teid_down = endpoint(order.n3), order.teid_down
        self.far = self.n3[0]
        self.up = gtpu.Gpdus(order.teid_up, gtpu.Container(order.qfi, uplink=True))


Opened = tuple[Path | None, bytes, Endpoint]
"""By which path, a datagram, for which end of the UE; without a path: what is to be sent back on N3, and to whom."""


class Gnb(N3End[Path, Opened]):
    """``host``: their address on N3. ``ues``: index of each UE; ``addresses``: its IPv4 address. ``sites``: their indices."""

    def __init__(
        self,
        host: str,
        ues: Mapping[UeId, int],
        addresses: Mapping[int, str],
        sites: Mapping[SiteId, int],
        counts: Counter[str],
    ) -> None:
        super().__init__(host, counts)
        self._ues, self._addresses, self._sites = ues, addresses, sites
        self._flows: dict[tuple[int, Endpoint], Flow] = {}
        self._known: dict[bytes, tuple[int, str, Path, Endpoint]] = {}
        """The size of a packet with these headers, whence it comes, its path, and the end of the UE that it is for."""

    # --- N2, as a direct call -------------------------------------------------------------------------------------------------

    def handle(self, message: Message, now: int) -> Message | None:
        """The answer to an order of session management; None where there is nothing to answer."""
        try:
            match message:
                case InstallPath():
                    self._install(message)
                case SwitchPath():
                    return self._switch(message, now)
                case RemovePath():
                    self._remove(message)
        except (ValueError, struct.error):
            self.counts["order_out_of_range"] += 1
        return None

    def _install(self, order: InstallPath) -> None:
        ue, site = self._ues.get(order.ue), self._sites.get(order.site)
        if ue is None or site is None:
            raise ValueError("of another run")
        flow = self._flows.get((ue, endpoint(order.service))) or Flow(ue, self._addresses[ue], order.service)
        path = Path(flow, order, site)
        self._known.clear()
        before = self._tunnels.get(path.teid_down)
        if before is not None and before.flow is not flow:
            self._forget(before)
        self._flows[ue, flow.service] = flow
        self._tunnels[path.teid_down] = flow.paths[path.teid_down] = path
        if flow.chosen is not None and flow.chosen is before:
            flow.chosen = path
        if len(flow.paths) > MOST_PATHS:
            self._forget(next(old for old in flow.paths.values() if old is not flow.chosen))

    def _switch(self, order: SwitchPath, now: int) -> Message | None:
        flow = self._flow(order.ue, order.service)
        if flow is None:
            return None
        if order.number > flow.number:
            of_site = [path for path in flow.paths.values() if path.name == order.site]
            if not of_site:
                return None  # it was never installed; session management begins again
            flow.chosen, flow.number = of_site[-1], order.number
            flow.switched = PathSwitched(order.ue, order.service, order.site, order.number, now)
        return flow.switched

    def _remove(self, order: RemovePath) -> None:
        flow = self._flow(order.ue, order.service)
        if flow is not None:
            for path in [path for path in flow.paths.values() if path.name == order.site]:
                self._forget(path)

    def _forget(self, path: Path) -> None:
        self._known.clear()
        flow = path.flow
        del self._tunnels[path.teid_down], flow.paths[path.teid_down]
        if flow.chosen is path:
            flow.chosen = None
        if not flow.paths:
            del self._flows[flow.ue, flow.service]

    def _flow(self, ue: UeId, service: Address) -> Flow | None:
        return self._flows.get((self._ues.get(ue, -1), endpoint(service)))

    # --- packets --------------------------------------------------------------------------------------------------------------

    def uplink(self, ue: int, service: Endpoint) -> Path | None:
        """Where the packets of UE ``ue`` to this application go now."""
        flow = self.flow(ue, service)
        return None if flow is None else flow.chosen

    def flow(self, ue: int, service: Endpoint) -> Flow | None:
        """This traffic, as long as it has a path; a flow whose last path was removed never gets another."""
        return self._flows.get((ue, service))

    def from_n3(self, packet: bytes, source: Endpoint) -> Opened | None:
        """What follows from a datagram of a user plane function, or of anybody. Headers that have passed pass again unread."""
        known = self._known.get(packet[:_HEADERS])
        if known is not None and known[0] == len(packet) and known[1] == source[0]:
            return known[2], packet[_HEADERS:], known[3]
        opened = super().from_n3(packet, source)
        if opened is not None and opened[0] is not None and len(packet) - len(opened[1]) == _HEADERS:
            if len(self._known) >= KNOWN_HEADERS:
                self._known.clear()
            self._known[packet[:_HEADERS]] = len(packet), source[0], opened[0], opened[2]
        return opened

    def _inside(self, path: Path, packet: bytes, ends: bytes) -> Opened | None:
        if ends[:10] != path.flow.down:
            return self._dropped("n3_of_another_flow")
        port = ends[10] << 8 | ends[11]
        return path, ip.payload(packet), (path.flow.address, port)

    def _back(self, packet: bytes, to: Endpoint) -> Opened:
        return None, packet, to

    def _signalled(self, message: gtpu.Message, source: Endpoint) -> Opened | None:
        if isinstance(message, gtpu.EndMarker):
            return self._dropped("end_markers" if message.teid in self._tunnels else "n3_unexpected")
        return super()._signalled(message, source)
