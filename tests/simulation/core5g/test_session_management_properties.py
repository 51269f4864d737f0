"""Whatever order of acknowledgements, losses and restarts: one active path a flow, every change ends, nothing is left behind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.core.messages import CellChanged, HandoverPredicted, Message
from fedge.core.messages.user_plane import (
    InstallPath,
    InstallTunnel,
    PathSwitched,
    RanHello,
    RemovePath,
    RemoveTunnel,
    Subscriber,
    SwitchPath,
    TunnelInstalled,
    UpfHello,
)
from fedge.core.model import MS, Address, CellId, SiteId, UeId
from fedge.simulation.core5g.faults import NONE, Faults
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.words import (
    Acknowledged,
    AnswerAck,
    Effect,
    Event,
    Held,
    InfluenceEnded,
    Notify,
    RanLost,
    Remember,
    ToRan,
    ToUpf,
    UpfLost,
)
from tests.simulation.core5g.core import CELLS, SERVICE, UE, A, B, influence

SITES = (A, B)


class Ran:
    """What the access network holds of the one flow: each site's path, and which is chosen, by the highest number."""

    def __init__(self) -> None:
        self.paths: dict[SiteId, int] = {}
        self.number, self.chosen = 0, SiteId("")

    def take(self, message: Message) -> Message | None:
        match message:
            case InstallPath(site=site, teid_up=teid):
                self.paths[site] = teid
            case RemovePath(site=site):
                self.paths.pop(site, None)
                if self.chosen == site:
                    self.chosen = SiteId("")
            case SwitchPath(site=site, number=number):
                assert site in self.paths, "a path is chosen that was never installed"
                if number >= self.number:
                    self.number, self.chosen = number, site
                return PathSwitched(UE, SERVICE, site, number, 0)
        return None


class Network:
    """Session management, with lines to everybody that lose what is on them when they break. Nothing is answered by itself."""

    def __init__(self) -> None:
        self.now, self.life = 0, 0
        self.disk: dict[tuple[UeId, Address], Held] = {}
        self.asked: dict[str, Event] = {}
        self.ran: Ran | None = None
        self.tunnels: dict[SiteId, set[int] | None] = {A: None, B: None}
        self.inbox: list[Message] = []
        self.transactions: list[str] = []
        self.waiting: set[int] = set()
        self.requests = 0
        self.restart_smf()

    def restart_smf(self) -> None:
        """Killed: memory gone, lines broken; the others dial again, and still hold what they held."""
        self.life += 1
        self.inbox.clear()
        self.waiting.clear()
        self.smf = SessionManagement(CELLS, self.life, tuple(self.disk.values()))
        for event in self.asked.values():
            self.say(event)
        for site, there in self.tunnels.items():
            if there is not None:
                self.say(UpfHello(site, Address(f"n3-{site}:1")))
        if self.ran is not None:
            self.greet_ran()

    def say(self, event: Event) -> None:
        self._carry_out(self.smf.handle(event, self.now))

    def wait(self, ms: int) -> None:
        self.now += ms * MS
        self._carry_out(self.smf.wake(self.now))

    def greet_ran(self) -> None:
        self.say(RanHello(Address("gnb:1"), (Subscriber(UE, "msisdn-99901000001", "127.9.200.1", "nr"),)))

    def restart_ran(self, up: bool) -> None:
        if self.ran is not None:
            self.say(RanLost())
        self.ran = Ran() if up else None
        if up:
            self.greet_ran()

    def restart_upf(self, site: SiteId, up: bool) -> None:
        if self.tunnels[site] is not None:
            self.say(UpfLost(site))
        self.tunnels[site] = set() if up else None
        if up:
            self.say(UpfHello(site, Address(f"n3-{site}:1")))

    def deliver(self, index: int) -> None:
        if self.inbox:
            self.say(self.inbox.pop(index % len(self.inbox)))

    def acknowledge(self, index: int, refusal: str) -> None:
        if self.transactions:
            self.requests += 1
            self.waiting.add(self.requests)
            transaction = self.transactions[-1 - index % len(self.transactions)]
            self.say(Acknowledged(self.requests, transaction, refusal))

    def ask(self, id: str, sites: tuple[SiteId, ...], **more: object) -> None:
        """``all`` is for every UE, the others for the one there is."""
        event = influence(*sites, id=id, ue=None if id == "all" else UE, **more)  # type: ignore[arg-type]
        self.asked.pop(id, None)
        self.asked[id] = event
        self.say(event)

    def end(self, id: str) -> None:
        if self.asked.pop(id, None) is not None:
            self.say(InfluenceEnded(id))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Remember(ue, service, held):
                    self.disk.pop((ue, service), None)
                    if held is not None:
                        self.disk[ue, service] = held
                case ToUpf(site, message):
                    tunnels = self.tunnels[site]
                    if tunnels is not None and isinstance(message, InstallTunnel):
                        tunnels.add(message.teid_up)
                        self.inbox.append(TunnelInstalled(site, message.teid_up))
                    elif tunnels is not None and isinstance(message, RemoveTunnel):
                        tunnels.discard(message.teid_up)
                case ToRan(message):
                    answer = self.ran.take(message) if self.ran is not None else None
                    self.inbox += [answer] if answer is not None else []
                case Notify(transaction=transaction):
                    self.transactions += [transaction] if transaction else []
                case AnswerAck(request):
                    assert request in self.waiting, "answered twice, or never asked"
                    self.waiting.remove(request)

    def check(self) -> None:
        """What holds at every instant."""
        for flow in self.smf.flows.values():
            if self.ran is not None and self.ran.chosen and flow.path is not None:
                assert self.ran.chosen in {path.site for path in flow.live_paths()}, "the uplink goes nowhere"
        assert len(self.smf.flows) <= 1

    def settle(self) -> None:
        """Everybody is there, answers come, nobody acknowledges: where does it end?"""
        self.smf.strike(NONE)
        for site in SITES:
            if self.tunnels[site] is None:
                self.restart_upf(site, True)
        if self.ran is None:
            self.restart_ran(True)
        for _ in range(60):
            while self.inbox:
                self.deliver(0)
            self.wait(200)
        assert not self.waiting, "an acknowledgement was never answered"
        flow = self.smf.flows.get((UE, SERVICE))
        assert self.ran is not None
        if flow is None or flow.path is None:
            live = {path for one in self.smf.flows.values() for path in one.live_paths()}
            assert not live
            assert self.ran.paths == {}
            assert self.tunnels == {A: set(), B: set()}
            return
        assert flow.change is None, f"still {flow.change.state}"
        assert flow.live_paths() == [flow.path]
        assert self.ran.paths == {flow.path.site: flow.path.teid_up}
        assert self.ran.chosen == flow.path.site
        assert self.tunnels == {
            site: {flow.path.teid_up} & _if(site == flow.path.site, flow.path.teid_up) for site in SITES
        }


def _if(true: bool, one: int) -> set[int]:
    return {one} if true else set()


ID = st.sampled_from(["s", "s", "t", "all"])
SITE = st.sampled_from(SITES)
CELL = st.sampled_from(sorted(CELLS))
STEP = st.one_of(
    st.tuples(st.just("ask"), ID, st.sampled_from([(A,), (B,), (A, B), (B, A), ()]), st.booleans()),
    st.tuples(st.just("end"), ID),
    st.tuples(st.just("ack"), st.integers(0, 3), st.sampled_from(["", "", "", "OTHER", "TEMPORARY_CONGESTION"])),
    st.tuples(st.just("ack"), st.just(0), st.just("")),
    st.tuples(st.just("deliver"), st.integers(0, 5)),
    st.tuples(st.just("deliver"), st.just(0)),
    st.tuples(st.just("lose"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([20, 300, 1100, 2500])),
    st.tuples(st.just("predicted"), CELL),
    st.tuples(st.just("moved"), CELL),
    st.tuples(st.just("upf"), SITE, st.booleans()),
    st.tuples(st.just("ran"), st.booleans()),
    st.tuples(st.just("smf")),
    st.tuples(st.just("fault"), st.sampled_from(["", "", "request", "early", "late"])),
)  # fmt: skip


def play(network: Network, step: tuple[object, ...]) -> None:
    match step:
        case ("ask", id, sites, ack):
            network.ask(id, sites, ack=ack)  # type: ignore[arg-type]
        case ("end", id):
            network.end(id)  # type: ignore[arg-type]
        case ("ack", index, refusal):
            network.acknowledge(index, refusal)  # type: ignore[arg-type]
        case ("deliver", index):
            network.deliver(index)  # type: ignore[arg-type]
        case ("lose", index):
            # an answer is lost only together with its line
            if network.inbox:
                lost = network.inbox[index % len(network.inbox)]  # type: ignore[operator]
                if isinstance(lost, TunnelInstalled):
                    network.restart_upf(lost.site, True)
                else:
                    network.restart_ran(True)
        case ("wait", ms):
            network.wait(ms)  # type: ignore[arg-type]
        case ("predicted", cell):
            network.say(HandoverPredicted(UE, CellId(str(cell)), network.now))
        case ("moved", cell):
            kind = CELLS[CellId(str(cell))].kind
            network.say(CellChanged(UE, CellId(str(cell)), None, kind, 10.0, 30.0, network.now))
        case ("upf", site, up):
            network.restart_upf(site, up)  # type: ignore[arg-type]
        case ("ran", up):
            network.restart_ran(bool(up))
        case ("smf",):
            network.restart_smf()
        case ("fault", after):
            network.smf.strike(Faults(silent_after=after))  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_whatever_happens(steps: list[tuple[object, ...]]) -> None:
    network = Network()
    for site in SITES:
        network.restart_upf(site, True)
    network.restart_ran(True)
    network.ask("s", (A, B))
    for step in steps:
        play(network, step)
        network.check()
    network.settle()
