"""Session management of the simulated core: which path each flow takes, and when it changes. Pure: events in, effects out.

``steps`` carries a change through its states; this file knows who asks for what, who is there, and so when a change begins or is
dropped. A restart of anybody means that everything it must know is said again. ``wake(now)`` must be called several times a
second. Restarted itself, session management is given what it had remembered, and its influences anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from fedge.core.messages import Cell, CellChanged, HandoverPredicted
from fedge.core.messages.user_plane import PathSwitched, RanHello, Subscriber, TunnelInstalled, UpfHello
from fedge.core.model import Address, CellId, Nanoseconds, UeId
from fedge.simulation.core5g.breakout import Breakout
from fedge.simulation.core5g.choice import Choice
from fedge.simulation.core5g.faults import Faults
from fedge.simulation.core5g.flows import Flows
from fedge.simulation.core5g.influences import Influences
from fedge.simulation.core5g.path_change import Flow, Retiring
from fedge.simulation.core5g.steps import Steps, Times
from fedge.simulation.core5g.user_plane import UserPlane
from fedge.simulation.core5g.words import (
    Acknowledged,
    Effect,
    Event,
    Held,
    Influence,
    InfluenceEnded,
    RanLost,
    Route,
    UpfLost,
)


class SessionManagement:
    """``cells``: what the access network is made of. ``life`` counts the starts of this program: ids of one life never return.

    ``held``: what earlier lives remembered. ``internet``: what every UE reaches without anybody's influence (``breakout``).
    """

    def __init__(
        self,
        cells: Mapping[CellId, Cell],
        life: int = 1,
        held: Iterable[Held] = (),
        times: Times | None = None,
        qfi: int = 1,
        internet: Mapping[Address, Route] | None = None,
    ) -> None:
        self.flows = Flows()
        self.influences = Influences()
        self._plane = UserPlane(qfi)
        self._steps = Steps(self._plane, self.influences, life, times or Times())
        self._choice = Choice(cells, self._plane, self.influences, self._steps)
        self._breakout = Breakout(internet or {}, self._plane)
        self._silent = False
        for one in held:
            flow = self.flows.open(one.ue, one.service)
            flow.influence, flow.unheard = one.influence, False
            flow.path, flow.number = one.path, one.number
            flow.retiring = [Retiring(path, 0 if one.path is not None else 1) for path in one.retiring]

    def strike(self, faults: Faults) -> None:
        """These faults from now on."""
        self._steps.faults = faults
        self._silent = faults.silent_after == "request"

    def subscriber(self, ue: UeId) -> Subscriber | None:
        """None: not attached."""
        return self._plane.subscribers.get(ue)

    def handle(self, event: Event, now: Nanoseconds) -> list[Effect]:
        """What follows from ``event``, in the order in which it must be carried out."""
        match event:
            case Influence():
                self._influence(event, now)
            case InfluenceEnded(id):
                ended = self.influences.remove(id)
                if ended is not None:
                    self._leave(ended, now)
            case Acknowledged():
                asked = self._steps.questions.find(event.transaction)
                flow = self.flows.get((asked.ue, asked.service)) if asked is not None else None
                self._steps.acknowledged(flow, asked, event, now)
            case UpfHello():
                self._upf_hello(event, now)
            case UpfLost(site):
                self._plane.upfs.pop(site, None)
                for flow in self.flows.changing_to(site):
                    self._steps.drop(flow, "withdrawn", now)
            case RanLost():
                self._plane.gnb = None
            case TunnelInstalled():
                for flow in self.flows.changing_to(event.site):
                    self._steps.installed(flow, event, now)
            case RanHello():
                self._ran_hello(event, now)
            case PathSwitched():
                flow = self.flows.get((event.ue, event.service))
                if flow is not None and flow.number == event.number:
                    self._steps.switched(flow, now)
                    self._choice.reconsider(flow, now)
            case HandoverPredicted():
                self._choice.predicted(self.flows.of(event.ue), event, now)
            case CellChanged():
                self._choice.cell_changed(self.flows.of(event.ue), event, now)
        return self._take()

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """What the passing of time means."""
        for flow in self.flows.values():
            if flow.change is None and not flow.retiring and not flow.retry_at:
                continue
            self._steps.expire(flow, now)
            gone = [
                one for one in flow.retiring if 0 < one.remove_at <= now and self._plane.reaches(one.path)
            ]
            if gone:
                flow.retiring = [one for one in flow.retiring if one not in gone]
                self._plane.remove(flow, *(one.path for one in gone))
                self._plane.remember(flow)
            if 0 < flow.retry_at <= now:
                flow.retry_at = 0
                self._choice.reconsider(flow, now)
        return self._take()

    # --- who asks for what --------------------------------------------------------------------------------------------------

    def _influence(self, influence: Influence, now: Nanoseconds) -> None:
        before = self.influences.put(influence)
        if self._silent:
            return
        if before is not None and before.service != influence.service:
            self._leave(before, now)
        new = self._match(influence, now)
        if before is not None:
            for flow in self.flows.ruled_by(influence.id, influence.ue):
                if flow.ue not in new:
                    self._ask_again(flow, influence, now)

    def _match(self, influence: Influence, now: Nanoseconds) -> set[UeId]:
        """The UEs whose flow obeys the influence from now on, and did not before."""
        attached = self._plane.subscribers
        ues = list(attached) if influence.ue is None else [influence.ue]
        flows = [self.flows.open(ue, influence.service) for ue in ues if ue in attached]
        return {flow.ue for flow in flows if self._obey(flow, now)}

    def _leave(self, influence: Influence, now: Nanoseconds) -> None:
        """It asks no more for the flows that it ruled: another rules them, or they end."""
        for flow in self.flows.ruled_by(influence.id, influence.ue):
            if flow.service == influence.service and not self._obey(flow, now):
                self._end(flow)

    def _obey(self, flow: Flow, now: Nanoseconds) -> bool:
        """Is there an influence that now rules the flow, and did not before?

        A path whose influence was lost, not ended, stays until a new one takes it over.
        """
        rule = self.influences.ruling(flow.ue, flow.service)
        if rule is None or rule.id == flow.influence:
            return False
        self._steps.drop(flow, "withdrawn", now)
        flow.influence, flow.unheard = rule.id, True
        self._ask_again(flow, rule, now)
        return True

    def _ask_again(self, flow: Flow, influence: Influence, now: Nanoseconds) -> None:
        """What is asked for this flow is new. The N6 end of the present path may have another address."""
        flow.settled, flow.retry_at = False, 0
        if flow.path is not None:
            at = flow.path.site
            n6 = next((route.n6 for route in influence.routes if route.site == at), flow.path.n6)
            if n6 != flow.path.n6:
                flow.path = replace(flow.path, n6=n6)
                self._plane.remember(flow)
                self._plane.install(flow, flow.path)
        self._choice.reconsider(flow, now)

    def _end(self, flow: Flow) -> None:
        """Nobody asks for this flow any more: every path goes, and whoever waits is told."""
        if flow.change is not None:
            self._steps.forget_questions(flow.change)
        self._plane.remove(flow, *flow.live_paths())
        self._plane.forget(flow)
        self.flows.close(flow)

    # --- who is there -------------------------------------------------------------------------------------------------------

    def _upf_hello(self, event: UpfHello, now: Nanoseconds) -> None:
        """It knows nothing: every tunnel of it is said again, and its N3 address to the access network."""
        self._plane.upfs[event.site] = event.n3
        self._breakout.say(event.site)
        for flow in self.flows.changing_to(event.site):
            assert flow.change is not None
            flow.change.installed = False
        for flow in self.flows.values():
            here = [path for path in flow.live_paths() if path.site == event.site]
            for path in here:
                self._plane.install(flow, path)
            if flow.path in here:
                self._plane.switch(flow)
            if flow.change is None:
                self._choice.reconsider(flow, now)

    def _ran_hello(self, event: RanHello, now: Nanoseconds) -> None:
        """It knows nothing: every path is said again, and which one each flow takes."""
        self._plane.ran_hello(event)
        self._breakout.say(*self._plane.upfs)
        for flow in list(self.flows.values()):
            if self.subscriber(flow.ue) is None:
                self._end(flow)
        for influence in self.influences.values():
            self._match(influence, now)
        for flow in self.flows.values():
            for path in flow.live_paths():
                self._plane.install(flow, path)
            self._plane.switch(flow)
            if flow.change is None:
                self._choice.reconsider(flow, now)

    def _take(self) -> list[Effect]:
        out, self._plane.out = self._plane.out, []
        return out
