"""Session management under a test's clock: two sites, two cells, one UE; what is said reads as short words."""

from __future__ import annotations

from fedge.core.messages import Cell, CellChanged, HandoverPredicted
from fedge.core.messages.user_plane import (
    InstallPath,
    InstallTunnel,
    PathSwitched,
    RanHello,
    RemovePath,
    Subscriber,
    SwitchPath,
    TunnelInstalled,
    UpfHello,
)
from fedge.core.model import MS, Address, CellId, SiteId, UeId
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.words import (
    Acknowledged,
    AnswerAck,
    Effect,
    Event,
    Held,
    Influence,
    Notify,
    Remember,
    Route,
    ToRan,
    ToUpf,
)

A, B, UE = SiteId("a"), SiteId("b"), UeId("ue")
SERVICE = Address("127.9.1.1:7777")
ROUTE = {site: Route(site, Address(f"127.9.1{number}.1:6000")) for number, site in enumerate((A, B))}
CELLS = {
    CellId(name): Cell(CellId(name), kind, 0, 0, 100, A, {A: to_a, B: to_b})
    for name, kind, to_a, to_b in (
        ("near-a", "nr", 1.0, 6.0), ("near-b", "nr", 6.0, 1.0), ("lte-b", "lte", 6.0, 1.0)
    )
}  # fmt: skip


def influence(*sites: SiteId, ue: UeId | None = UE, id: str = "s", **more: object) -> Influence:
    """Early and late notifications, both acknowledged."""
    wanted = {"early": True, "late": True, "ack": True} | more
    return Influence(id, SERVICE, ue, tuple(ROUTE[site] for site in sites), **wanted)  # type: ignore[arg-type]


def word(effect: Effect) -> str:
    """An effect in short: who is told what, about which site."""
    match effect:
        case Notify(stage=stage, source=source, target=target):
            return f"notify {stage} {source.site if source else '-'}>{target.site}"
        case AnswerAck(outcome=outcome):
            return f"answer {outcome}"
        case Remember(held=held):
            return f"remember {held.path.site if held.path else '-'}" if held else "forget"
        case ToUpf(site, message):
            return f"upf {site}: {type(message).__name__}"
        case ToRan(InstallPath(site=site) | SwitchPath(site=site) | RemovePath(site=site) as message):
            return f"ran: {type(message).__name__} {site}"
    raise AssertionError(effect)


class Story:
    """Events in, words out. ``answers`` off: neither user plane functions nor access network answer by themselves."""

    def __init__(self, held: tuple[Held, ...] = (), life: int = 1, answers: bool = True) -> None:
        self.smf = SessionManagement(CELLS, life, held)
        self.now = 0
        self.answers = answers
        self.seen: list[Effect] = []
        self.held: dict[UeId, Held] = {}
        self._requests = 0

    def attached(self, kind: str = "nr", cell: str = "near-a") -> Story:
        """Both user plane functions are there, and the UE."""
        for site in (A, B):
            self.hello(site)
        self.ran_hello(kind)
        self.say(CellChanged(UE, CellId(cell), None, kind, 10.0, 0.0, 0))
        return self

    def say(self, event: Event) -> list[str]:
        return self._words(self.smf.handle(event, self.now))

    def wait(self, ms: int) -> list[str]:
        """Time passes, in the steps of the program's clock."""
        said = []
        for _ in range(0, ms, 20):
            self.now += 20 * MS
            said += self._words(self.smf.wake(self.now))
        return said

    def hello(self, site: SiteId) -> list[str]:
        return self.say(UpfHello(site, Address(f"127.9.1{site}.2:2152")))

    def ran_hello(self, kind: str = "nr") -> list[str]:
        subscriber = Subscriber(UE, "msisdn-99901000001", "127.9.200.1", kind)
        return self.say(RanHello(Address("127.9.0.3:2152"), (subscriber,)))

    def predicted(self, cell: str) -> list[str]:
        return self.say(HandoverPredicted(UE, CellId(cell), self.now))

    def moved(self, cell: str) -> list[str]:
        kind = CELLS[CellId(cell)].kind
        return self.say(CellChanged(UE, CellId(cell), None, kind, 10.0, 30.0, self.now))

    def ack(self, refusal: str = "", of: int = -1, n6: str | None = None) -> list[str]:
        """Acknowledge the last notification, or an earlier one."""
        self._requests += 1
        transaction = self.notified()[of].transaction
        return self.say(Acknowledged(self._requests, transaction, refusal, Address(n6) if n6 else None))

    def switched(self) -> list[str]:
        order = [e.message for e in self.seen if isinstance(e, ToRan) and isinstance(e.message, SwitchPath)][
            -1
        ]
        return self.say(PathSwitched(order.ue, order.service, order.site, order.number, self.now))

    def notified(self) -> list[Notify]:
        return [effect for effect in self.seen if isinstance(effect, Notify)]

    def anchored(self, *sites: SiteId) -> Story:
        """The UE's first path is there, at the nearest of ``sites``."""
        self.attached()
        self.say(influence(*sites))
        self.ack()
        self.ack()
        self.seen.clear()
        return self

    @property
    def site(self) -> SiteId | None:
        flow = self.smf.flows.get((UE, SERVICE))
        return flow.path.site if flow is not None and flow.path is not None else None

    @property
    def state(self) -> str | None:
        flow = self.smf.flows.get((UE, SERVICE))
        return flow.change.state if flow is not None and flow.change is not None else None

    def _words(self, effects: list[Effect]) -> list[str]:
        said = []
        while effects:
            effect = effects.pop(0)
            self.seen.append(effect)
            said.append(word(effect))
            if isinstance(effect, Remember):
                self.held.pop(effect.ue, None)
                if effect.held is not None:
                    self.held[effect.ue] = effect.held
            if self.answers:
                effects += self._answer(effect)
        return said

    def _answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case ToUpf(site, InstallTunnel(teid_up=teid)):
                return self.smf.handle(TunnelInstalled(site, teid), self.now)
            case ToRan(SwitchPath() as order):
                done = PathSwitched(order.ue, order.service, order.site, order.number, self.now)
                return self.smf.handle(done, self.now)
        return []
