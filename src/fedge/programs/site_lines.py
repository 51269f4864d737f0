"""A site's lines: to other sites, and from the instances that run here. What goes over them is ``site_shell``'s to say."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable

import structlog

from fedge.adapters.embedded.link import Dialled, dial, end_when_silent
from fedge.core.messages import Message, StateRound
from fedge.core.model import InstanceId, SiteId
from fedge.dataplane.backhaul import Backhaul
from fedge.ports import Endpoint
from fedge.programs.site_config import Neighbour
from fedge.wire import codec

log = structlog.get_logger("agent")


class Peer:
    """Two lines to another site, so that prompt messages never queue behind bulk state, and forwarded packets.

    With an emulated backhaul each takes its time on the wire; on a real network they go straight away.
    """

    def __init__(
        self, neighbour: Neighbour, dialled: tuple[Dialled, Dialled], backhaul: Backhaul | None
    ) -> None:
        self.between = neighbour.between
        self.backhaul = backhaul
        prompt, bulk = dialled
        self._prompt, self._bulk = _sender(prompt, backhaul), _sender(bulk, backhaul)

    @classmethod
    def dialled(cls, neighbour: Neighbour, token: str, site: SiteId, backhaul: Backhaul | None) -> Peer:
        """From ``site``. Nothing is said back over these lines: the peer dials its own."""
        prompt, bulk = (
            dial(neighbour.peer, token, role=role, name=site, greet=lambda: None, receive=lambda m: None)
            for role in ("peer", "bulk")
        )
        return cls(neighbour, (prompt, bulk), backhaul)

    def send(self, message: Message) -> None:
        (self._bulk if isinstance(message, StateRound) else self._prompt)(message)

    def forward(self, packet: bytes, send: Callable[[bytes, Endpoint], None]) -> None:
        if self.backhaul is None:
            send(packet, self.between)
        elif not self.backhaul.cut:
            loop = asyncio.get_running_loop()
            loop.call_later(self.backhaul.delay_s(), send, packet, self.between)


def _sender(dialled: Dialled, backhaul: Backhaul | None) -> Callable[[Message], object]:
    if backhaul is None:
        return dialled.send
    wire = backhaul.line(lambda data: dialled.send(codec.decode(data)))
    return lambda message: wire.send(codec.encode(message))


class InstanceLines:
    """The newest control connection of each instance. ``token``: what one has to show; ``hear``: what it says then."""

    def __init__(self, token: str, hear: Callable[[Message], None]) -> None:
        self._token, self.hear = token, hear
        self._lines: dict[InstanceId, InstanceLine] = {}

    async def listen(self, bind: Endpoint) -> None:
        await asyncio.get_running_loop().create_server(lambda: InstanceLine(self), *bind)

    def admits(self, token: object) -> bool:
        """Is this what an instance of this site has to say?"""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())

    def joined(self, name: InstanceId, line: InstanceLine) -> None:
        self._lines[name] = line

    def left(self, name: InstanceId, line: InstanceLine) -> None:
        if self._lines.get(name) is line:
            del self._lines[name]

    def send(self, name: InstanceId, message: Message) -> None:
        line = self._lines.get(name)
        if line is not None and line.transport is not None:
            line.transport.write(codec.encode_for_instance(message))


class InstanceLine(asyncio.Protocol):
    """One instance's control connection (the SDK's framing). The first message must be a Join with its token."""

    def __init__(self, lines: InstanceLines) -> None:
        self._lines = lines
        self._buffer = bytearray()
        self.name: InstanceId | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        end_when_silent(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for header, body in codec.take_from_instance(self._buffer):
                if self.name is None:
                    if header.get("type") != "Join" or not self._lines.admits(header.get("token")):
                        raise codec.BadFrame("an instance without the token of instances")
                    self.name = InstanceId(str(header.get("instance")))
                    self._lines.joined(self.name, self)
                else:
                    self._lines.hear(codec.from_instance(header, body))
        except codec.BadFrame as error:
            log.warning("closed an instance's line", instance=self.name, error=str(error))
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.name is not None:
            self._lines.left(self.name, self)
