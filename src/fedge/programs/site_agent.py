"""A site's agent and data gateway: ``python -m fedge.programs.site_agent SITE_INDEX``. Wiring only.

Around the pure ``SiteAgent``: a link to the control plane, two lines to each peer over the emulated backhaul, the instances'
control connections, the gateway's sockets, and the instance processes.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog
from msgspec import structs

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, Join, Line, dial, listen
from fedge.adapters.embedded.processes import InstanceProcess
from fedge.adapters.kubernetes.node import BenchNode
from fedge.core.messages import (
    Answer,
    AskInventory,
    FinalDelta,
    InstanceHello,
    Message,
    MoveActivated,
    RunInstances,
    SiteHello,
    SiteReport,
    SourceReleased,
    StateRound,
    TargetWarmed,
    UeAt,
    UplinkSeen,
)
from fedge.core.model import SECOND, Address, AppId, InstanceId, SessionKey, SiteId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.site.pods import Pod, PodState
from fedge.core.transfer import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.dataplane.backhaul import Backhaul
from fedge.dataplane.backhaul import Line as Wire
from fedge.dataplane.gateway import Gateway
from fedge.runtime.failpoints import Failpoints
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import pace_for, quiet_gc, run
from fedge.runtime.run import Run, log_to
from fedge.simulation.city import read_city
from fedge.wire import codec

log = structlog.get_logger("agent")
WAKE_S = 0.02
REPORT_S = 0.5
POLL_S = 0.1

HELD_AT = {
    (TellControl, TargetWarmed): "WARMING",
    (TellPeer, StateRound): "COPYING",
    (TellPeer, FinalDelta): "FROZEN",
    (TellPeer, Answer): "ACTIVATED",
    (TellControl, MoveActivated): "ACTIVATED",
    (TellControl, UplinkSeen): "STEERED",
    (TellControl, SourceReleased): "RELEASED",
}
"""Which failpoint an effect passes: the state that the move cannot leave while it is held."""


class Peer:
    """Two lines to another site, so that prompt messages never queue behind bulk state, and forwarded packets."""

    def __init__(
        self, site: SiteId, index: int, net: int, dialled: tuple[Dialled, Dialled], backhaul: Backhaul
    ) -> None:
        self.site = site
        self.backhaul = backhaul
        self.gateway = addresses.endpoint(addresses.peer(net, index))
        prompt, bulk = dialled
        self.prompt: Wire = backhaul.line(lambda data: prompt.send(codec.decode(data)))
        self.bulk: Wire = backhaul.line(lambda data: bulk.send(codec.decode(data)))

    def send(self, message: Message) -> None:
        line = self.bulk if isinstance(message, StateRound) else self.prompt
        line.send(codec.encode(message))


class InstanceLine(asyncio.Protocol):
    """One instance's control connection (the SDK's framing). The first message must be a Join with the site's token."""

    def __init__(self, shell: SiteShell) -> None:
        self._shell = shell
        self._buffer = bytearray()
        self.name: InstanceId | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for header, body in codec.take_from_instance(self._buffer):
                if self.name is None:
                    if header.get("type") != "Join" or header.get("token") != self._shell.run.token:
                        raise codec.BadFrame("an instance without the site's token")
                    self.name = InstanceId(str(header.get("instance")))
                    self._shell.lines[self.name] = self
                else:
                    self._shell.on_instance(codec.from_instance(header, body))
        except codec.BadFrame as error:
            log.warning("closed an instance's line", instance=self.name, error=str(error))
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.name is not None and self._shell.lines.get(self.name) is self:
            del self._shell.lines[self.name]


class SiteShell:
    """Runs the agent's effects and feeds it events."""

    def __init__(self, run: Run, index: int) -> None:
        self.run = run
        city = read_city(run.folder / "city.json")
        self.site = city.sites[index].site
        self.index = index
        self._names = [site.site for site in city.sites]
        self._apart_ms = city.between_ms
        config = run.config
        fencing = "no-fencing" not in config.test_switches
        self.agent = SiteAgent(SiteSettings(self.site, fencing=fencing))
        self.folder = run.site_dir(self.site)
        self.lines: dict[InstanceId, InstanceLine] = {}
        self.processes: dict[InstanceId, InstanceProcess] = {}
        self.peers: dict[SiteId, Peer] = {}
        self._failpoints = Failpoints()
        self._held: list[tuple[str, Effect]] = []
        self._rng = random.Random(f"backhaul/{config.seed}/{self.site}")
        self.control: Dialled | None = None
        net = config.net
        self.node = self._node()
        self.gateway = Gateway(
            addresses.endpoint(addresses.gateway(net, index)),
            addresses.endpoint(addresses.inside(net, index)),
            addresses.endpoint(addresses.peer(net, index)),
            addresses.endpoint(addresses.upf_n6(net, index)),
            self._forward,
            self._heard,
            self.folder / "gateway.jsonl",
            config.n6_interface,
        )

    async def start(self) -> None:
        net = self.run.config.net
        loop = asyncio.get_running_loop()
        self.gateway.start(loop)
        driver, why = self.gateway.chosen
        log.info("plain UDP is forwarded", driver=driver, why=why)
        await listen(addresses.peer(net, self.index), self.run.token, self._accept_peer)
        host, port = addresses.endpoint(addresses.agent(net, self.index))
        await loop.create_server(lambda: InstanceLine(self), host, port)
        for index, site in enumerate(self._names):
            if index != self.index:
                address = addresses.peer(net, index)
                dialled = tuple(
                    dial(
                        address,
                        self.run.token,
                        role=role,
                        name=self.site,
                        greet=lambda: None,
                        receive=lambda m: None,
                    )
                    for role in ("peer", "bulk")
                )
                backhaul = Backhaul(self._apart_ms(self.site, site) / 2000, self._rng)
                peer = self.peers[site] = Peer(site, index, net, (dialled[0], dialled[1]), backhaul)
                self.gateway.peers.add(peer.gateway)
        self._remembered()
        self.control = dial(
            addresses.control(net),
            self.run.token,
            role="site",
            name=self.site,
            greet=self._hello,
            receive=self.on_message,
        )

    def _accept_peer(self, join: Join, line: Line) -> Callable[[Message], None]:
        return self.on_message

    def _hello(self) -> SiteHello:
        net = self.run.config.net
        instances = tuple(self.agent.instances.values())
        gateway, peer = addresses.gateway(net, self.index), addresses.peer(net, self.index)
        return SiteHello(self.site, Address(gateway), Address(peer), self.agent.inventory(), instances)

    # --- events ------------------------------------------------------------------------------------------------------------

    def on_message(self, message: Message) -> None:
        if isinstance(message, AskInventory) and self.control is not None:
            self.control.send(self._hello())
        if isinstance(message, RunInstances):
            self.gateway.use_rules(message.app, message.rules)
            self._wanted(message)
            self._serve_plain(message)
        if isinstance(message, UeAt):
            self.gateway.n6.teach(
                message.key, addresses.endpoint(message.ue), addresses.endpoint(message.service)
            )
            return
        self.apply(self.agent.handle(message, time.monotonic_ns()))

    def on_instance(self, message: Message) -> None:
        if isinstance(message, InstanceHello):
            self.gateway.instance_up(message.instance, message.app, addresses.endpoint(message.packets))
            self.gateway.serve_plain(message.app, (), ())
            self.apply(self.agent.handle(message, time.monotonic_ns()))
            if self.control is not None:
                self.control.send(self._hello())
            return
        self.apply(self.agent.handle(message, time.monotonic_ns()))

    def _heard(self, key: int, generation: int) -> None:
        place = self.agent.places.get(key)  # type: ignore[call-overload]
        if place is not None:
            seen = UplinkSeen(self.site, place.status.session, generation, time.monotonic_ns())
            self.apply(self.agent.handle(seen, time.monotonic_ns()))

    # --- effects -----------------------------------------------------------------------------------------------------------

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self._failpoints.active and isinstance(effect, TellControl | TellPeer):
                point = HELD_AT.get((type(effect), type(effect.message)))
                if point is not None and (
                    self._failpoints.holds(point) or any(p == point for p, _ in self._held)
                ):
                    self._held.append((point, effect))
                    continue
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case TellControl(message):
                if self.control is not None:
                    self.control.send(message)
            case TellPeer(site, message):
                if site in self.peers:
                    if isinstance(message, FinalDelta):
                        self._tell_whereabouts(self.peers[site], message.order.key)
                    self.peers[site].send(message)
            case TellInstance(instance, message):
                line = self.lines.get(instance)
                if line is not None and line.transport is not None:
                    line.transport.write(codec.encode_for_instance(message))
            case SetFlow() | ClearFlow():
                self.gateway.apply(effect)

    def _tell_whereabouts(self, peer: Peer, key: SessionKey) -> None:
        """The target's gateway shall know where the UE is before its packets arrive there."""
        known = self.gateway.n6.whereabouts(key)
        if known is not None:
            ue, service = (Address(f"{host}:{port}") for host, port in known)
            peer.send(UeAt(key, ue, service))

    def _forward(self, site: str, packet: bytes) -> None:
        peer = self.peers.get(SiteId(site))
        if peer is not None and not peer.backhaul.cut:
            loop = asyncio.get_running_loop()
            loop.call_later(peer.backhaul.delay_s(), self.gateway.send_between, packet, peer.gateway)

    def _node(self) -> BenchNode | None:
        """On Karmada: this agent as a node, whose Pods are its instances."""
        nodes = self.run.config.nodes
        if self.index >= len(nodes):
            return None
        told = nodes[self.index]
        return BenchNode(told.node, told.kubeconfig, self.site, told.images, PodInstances(self), self.folder)

    # --- instances ---------------------------------------------------------------------------------------------------------

    def _wanted(self, template: RunInstances) -> None:
        folder = self.folder / "wanted"
        folder.mkdir(exist_ok=True)
        (folder / template.app).write_bytes(msgspec.msgpack.encode(template))
        if self.node is not None:  # Pods say what runs; this says how it is set up
            return
        names = [InstanceId(f"{template.app}-{number + 1}") for number in range(template.replicas)]
        for name, process in tuple(self.processes.items()):
            if process.template.app == template.app and name not in names:
                process.stop()
                process.forget()
                del self.processes[name]
                self.agent.instances.pop(name, None)
        for number, name in enumerate(names):
            if name not in self.processes:
                self.processes[name] = InstanceProcess(
                    name, template, self.env(name, number, template), self.folder
                )

    def _serve_plain(self, template: RunInstances) -> None:
        """Packets of an application that names no state schema and has not spoken the SDK's contract are carried as they are."""
        if template.schema or template.app in self.gateway.n6.apps.values():
            return
        net = self.run.config.net
        numbers = range(1, template.replicas + 1) if self.node is None else ()
        ends = [addresses.endpoint(addresses.instance(net, self.index, number)) for number in numbers]
        self.gateway.serve_plain(template.app, template.rules, ends)

    def _remembered(self) -> None:
        """What was wanted before this agent started: a site goes on without the centre."""
        for path in sorted((self.folder / "wanted").glob("*")):
            self.on_message(msgspec.msgpack.decode(path.read_bytes(), type=RunInstances))

    def env(self, name: InstanceId, number: int, template: RunInstances) -> dict[str, str]:
        net = self.run.config.net
        return {
            "FEDGE_AGENT": addresses.agent(net, self.index),
            "FEDGE_TOKEN": self.run.token,
            "FEDGE_INSTANCE": name,
            "FEDGE_APP": template.app,
            "FEDGE_BIND": addresses.instance(net, self.index, number + 1),
            "FEDGE_GATEWAY": addresses.inside(net, self.index),
            "FEDGE_SITE_DIR": str(self.folder),
            "FEDGE_CAPACITY": str(template.capacity),
            "FEDGE_STATE_BYTES": str(template.state_bytes),
        }

    # --- time --------------------------------------------------------------------------------------------------------------

    async def wake(self) -> None:
        while True:
            await asyncio.sleep(WAKE_S)
            if self._failpoints.active:
                for site, peer in self.peers.items():
                    peer.backhaul.cut = self._failpoints.cut(self.site, site)
            self.apply(self.agent.wake(time.monotonic_ns()))
            if self._held:
                held, self._held = self._held, []
                for point, effect in held:
                    if self._failpoints.holds(point):
                        self._held.append((point, effect))
                    else:
                        self._do(effect)

    async def watch_processes(self) -> None:
        while True:
            for name, process in tuple(self.processes.items()):
                reason = process.poll(time.monotonic_ns())
                if reason is not None:
                    log.warning("instance down", instance=name, reason=reason)
                    self.apply(self.agent.instance_down(name, reason))
            await asyncio.sleep(POLL_S)

    async def report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self.gateway.welcome()
            if self.control is not None:
                loads = self.agent.load.values()
                load = max(loads, default=0.0)
                now = time.monotonic_ns()
                counts = dict(self.gateway.counts)
                instances = tuple(self.agent.instances.values())
                self.control.send(SiteReport(self.site, load, len(self.agent.places), instances, counts, now))

    def stop(self) -> None:
        for process in self.processes.values():
            process.stop()
        give_up = time.monotonic_ns() + SECOND
        while any(process.alive() for process in self.processes.values()) and time.monotonic_ns() < give_up:
            time.sleep(0.01)
        for process in self.processes.values():
            process.stop(hard=True)


class PodInstances:
    """The instances of a site that is a bench node, by their Pods (``adapters.kubernetes.node.Site``)."""

    def __init__(self, shell: SiteShell) -> None:
        self._shell = shell
        self._started: dict[str, str] = {}

    def wanted(self, app: AppId) -> int | None:
        told = self._shell.agent.wanted.get(app)
        return told.replicas if told is not None else None

    def start(self, pod: Pod, number: int) -> None:
        name = self._name(pod, number)
        if name in self._shell.processes:
            return
        described = self._shell.agent.wanted.get(pod.app) or RunInstances(pod.app, 1, "", pod.command)
        env = {**pod.env, "PWD": pod.working_dir} if pod.working_dir else pod.env
        template = structs.replace(
            described,
            command=pod.command,
            env=env,
            memory_limit_bytes=pod.memory_limit_bytes,
            image=pod.image,
        )
        shell = self._shell
        shell.processes[name] = InstanceProcess(
            name, template, shell.env(name, number - 1, template), shell.folder
        )
        self._started[name] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stop(self, pod: Pod, number: int, hard: bool) -> None:
        process = self._shell.processes.get(self._name(pod, number))
        if process is not None:
            process.ending = True
            process.stop(hard)

    def forget(self, pod: Pod, number: int) -> None:
        name = self._name(pod, number)
        process = self._shell.processes.pop(name, None)
        if process is not None:
            process.forget()
        self._shell.agent.instances.pop(name, None)

    def alive(self, pod: Pod, number: int) -> bool:
        process = self._shell.processes.get(self._name(pod, number))
        return process is not None and process.alive()

    def sessions(self, pod: Pod, number: int) -> int:
        name = self._name(pod, number)
        return sum(place.instance == name for place in self._shell.agent.places.values())

    def state(self, pod: Pod, number: int) -> PodState:
        name = self._name(pod, number)
        status, process = self._shell.agent.instances.get(name), self._shell.processes[name]
        restarts = status.restarts if status is not None else 0
        if not process.alive():
            why = "CrashLoopBackOff" if restarts > 1 else ""
            return PodState(
                "waiting", why=why, message=status.reason if status is not None else "", restarts=restarts
            )
        ready = status is not None and status.state == "ready"
        started = self._started.get(name, "")
        return PodState("running", ready, restarts=restarts, address=self.address(number), started_at=started)

    def address(self, number: int) -> str:
        host, _ = addresses.endpoint(
            addresses.instance(self._shell.run.config.net, self._shell.index, number)
        )
        return "10" + host.removeprefix("127")

    @staticmethod
    def _name(pod: Pod, number: int) -> InstanceId:
        return InstanceId(f"{pod.app}-{number}")


async def main(index: int) -> None:
    run_facts = Run()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    end_with_supervisor(loop, stopping.set)
    shell = SiteShell(run_facts, index)
    log_to(run_facts.folder, f"agent-{shell.site}")
    await shell.start()
    jobs = [shell.wake(), shell.watch_processes(), shell.report()]
    if shell.node is not None:
        jobs.append(shell.node.run())
    tasks = [loop.create_task(one) for one in jobs]
    quiet_gc(loop)
    log.info("site agent is up", site=shell.site, pid=Path("/proc/self").resolve().name)
    waiting = loop.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    shell.stop()
    for task in done:
        if task is not waiting:
            task.result()


if __name__ == "__main__":
    run(main(int(sys.argv[1])), pace_for(Run().config.players))
