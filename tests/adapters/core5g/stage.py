"""A run's stage for all that Fedge has to do with a 5G operator: the simulated core network as its real program, on loopback.

The control plane is the test: it says route and quality messages to ``Operated`` and keeps what it hears. User plane functions
and access network answer at once; ``ran`` has the site to which each UE's uplink was switched, ``qos`` the QoS flows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.control import ControlPlane, ControlSettings
from fedge.core.messages import (
    CellChanged,
    HandoverPredicted,
    InstallQos,
    InstallRoute,
    InstallTunnel,
    Message,
    PathSwitched,
    QosInstalled,
    QosRefused,
    RadioMeasured,
    RanHello,
    RemoveQos,
    RoutesTold,
    Subscriber,
    SwitchPath,
    TunnelInstalled,
    UeMeasured,
    UpfHello,
)
from fedge.core.messages.user_plane import CellLoad
from fedge.core.model import Address, AppId, CellId, SessionId, SessionKey, SiteId, UeId
from fedge.programs.control_config import embedded_control
from fedge.programs.operated import Operated
from fedge.programs.steered import Steered
from fedge.runtime.run import Config, Run
from fedge.simulation.city import generate, write_city
from fedge.simulation.core5g.account import TOPOLOGY, open_account
from fedge.simulation.topology import write_topology
from tests.loopback import free_net

Heard = TypeVar("Heard", bound=Message)
TOKEN, PATIENCE_S = "token", 30.0
PLAYER, ON_LTE = UeId("player-1"), UeId("player-2")
UES = ((PLAYER, "nr"), (ON_LTE, "lte"))


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder, self.net = folder, free_net()
        config = Config("embedded", 7, 3, 2, "follow", 1.0, 4096, 5.0, self.net, 0.0, 0, time.monotonic_ns())
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text(TOKEN)
        self.city = generate(7, 3, 5.0)
        write_city(folder / "city.json", self.city)
        write_topology(folder / TOPOLOGY, self.city)
        self.sites = [site.site for site in self.city.sites]
        lte = next(cell.cell for cell in self.city.cells if cell.kind == "lte")
        self.at = [((100.0, 200.0), self.cell_near(self.sites[0])), ((300.0, 400.0), lte)]
        """Place and cell of each of ``UES``."""
        ends = (addresses.nef(self.net), addresses.capif(self.net), addresses.application_function(self.net))
        self.account = open_account(folder, *map(Address, ends))
        self.heard: list[Message] = []
        self.ran: dict[UeId, SiteId] = {}
        self.qos: dict[str, InstallQos] = {}
        self.room = True
        self.loads: tuple[CellLoad, ...] = ()
        self._measuring: asyncio.Task[None] | None = None
        self._links: list[Dialled] = []
        self._core: subprocess.Popen[bytes] | None = None
        self._steering: asyncio.Task[None] | None = None
        self.steered: Steered
        self.operated: Operated

    # --- programs -----------------------------------------------------------------------------------------------------------

    def start_core(self) -> None:
        self._core = subprocess.Popen(
            [sys.executable, "-m", "fedge.programs.core_network"],
            env=os.environ | {"FEDGE_RUN_DIR": str(self.folder)},
        )

    def kill_core(self) -> None:
        assert self._core is not None
        self._core.kill()
        self._core.wait()

    def faults(self, **which: Any) -> None:
        """Switched on in the core within a moment; none: switched off."""
        new = self.folder / "faults.new"
        new.write_text(msgspec.json.encode(which).decode())
        new.rename(self.folder / "core5g-faults.json")

    async def start_steering(self, *routes: Message) -> None:
        """A control plane that has these routes in its journal."""
        sites = {site: SimpleNamespace(marked="ready", gateway=self.gateway(site)) for site in self.sites}
        state, settings = SimpleNamespace(sites=sites), ControlSettings()
        plane = cast(ControlPlane, SimpleNamespace(state=state, settings=settings))
        operated = Operated.of(embedded_control(Run(self.folder)), plane)
        assert operated is not None
        self.operated, self.steered = operated, operated.steered
        for message in routes:
            self.steered.send(message)
        self._steering = asyncio.get_running_loop().create_task(operated.run(self.heard.append))
        self.steered.send(RoutesTold())

    async def stop_steering(self) -> None:
        assert self._steering is not None
        self._steering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._steering

    def join(self) -> None:
        """The access network, and a user plane function at each site."""
        for index, site in enumerate(self.sites):
            hello = UpfHello(site, Address(addresses.upf_n3(self.net, index)))
            self._dial("upf", site, hello, lambda message, site=site: self._upf(site, message))  # type: ignore[misc]
        subscribers = tuple(
            Subscriber(ue, f"msisdn-9990100000{n + 1}", addresses.ue(self.net, n), kind)
            for n, (ue, kind) in enumerate(UES)
        )
        self._dial("ran", "access", RanHello(Address(addresses.gnb(self.net)), subscribers), self._ran)

    def _dial(self, role: str, name: str, hello: Message, receive: Any) -> None:
        address = addresses.core_network(self.net)
        self._links.append(dial(address, TOKEN, role=role, name=name, greet=lambda: hello, receive=receive))

    def _upf(self, site: SiteId, message: Message) -> None:
        if isinstance(message, InstallTunnel):
            self._links[self.sites.index(site)].send(TunnelInstalled(site, message.teid_up))

    def _ran(self, message: Message) -> None:
        if isinstance(message, SwitchPath) and message.service == addresses.service(self.net):
            self.ran[message.ue] = message.site
            switched = PathSwitched(message.ue, message.service, message.site, message.number, 0)
            self._links[-1].send(switched)

        elif isinstance(message, InstallQos):
            if self.room:
                self.qos[message.flow] = message
            answer = QosInstalled if self.room else partial(QosRefused, reason="NO_RESOURCES")
            self._links[-1].send(answer(message.flow, message.ue))
        elif isinstance(message, RemoveQos):
            self.qos.pop(message.flow, None)

    def measure(self) -> None:
        """The radio, five times a second from now on: PLAYER on NR, ON_LTE on LTE, where ``at`` says."""
        self._measuring = asyncio.get_running_loop().create_task(self._measure())

    def fall_silent(self) -> None:
        """No UE is measured any more."""
        assert self._measuring is not None
        self._measuring.cancel()

    async def _measure(self) -> None:
        while True:
            ues = tuple(
                UeMeasured(ue, *place, cell, kind, -87.0)
                for (ue, kind), (place, cell) in zip(UES, self.at, strict=True)
            )
            self._links[-1].send(RadioMeasured(time.monotonic_ns(), ues, self.loads))
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
        if self._steering is not None:
            await self.stop_steering()
        for link in self._links:
            await link.close()
        if self._core is not None:
            self.kill_core()

    # --- what is said and heard -----------------------------------------------------------------------------------------------

    def gateway(self, site: SiteId) -> Address:
        return Address(addresses.gateway(self.net, self.sites.index(site)))

    def install(self, generation: int, site: SiteId, ue: UeId = PLAYER, leads: bool = False) -> InstallRoute:
        return InstallRoute(
            SessionId(ue), self.key(ue), ue, generation, site, self.gateway(site), AppId("arena"), leads
        )

    @staticmethod
    def key(ue: UeId = PLAYER) -> SessionKey:
        return SessionKey(int(ue.removeprefix("player-")))

    def cell_near(self, site: SiteId) -> CellId:
        return next(cell.cell for cell in self.city.cells if cell.site == site and cell.kind == "nr")

    def predict(self, site: SiteId) -> None:
        """A measurement report: PLAYER is about to enter a cell near ``site``."""
        self._links[-1].send(HandoverPredicted(PLAYER, self.cell_near(site), time.monotonic_ns()))

    def hand_over(self, site: SiteId, previous: CellId | None = None) -> None:
        cell = self.cell_near(site)
        self.at[0] = (self.at[0][0], cell)
        self._links[-1].send(CellChanged(PLAYER, cell, previous, "nr", 8.0, 30.0, time.monotonic_ns()))

    async def until(self, kind: type[Heard]) -> Heard:
        """The first message of that kind since the last one was asked for."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in self.heard:
                    if isinstance(message, kind):
                        self.heard.remove(message)
                        return message
                await asyncio.sleep(0.01)

    def told(self, kind: type[Message]) -> bool:
        return any(isinstance(message, kind) for message in self.heard)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    one = Stage(folder)
    try:
        one.start_core()
        one.join()
        yield one
    finally:
        await one.close()
