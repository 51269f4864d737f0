"""The steps of a path change: what each event makes of it, and what is then said and asked. Pure; driven by ``smf``.

Every state has a deadline, or (SWITCHING) is said again to whoever comes back; so every change ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.messages.user_plane import TunnelInstalled
from fedge.core.model import MS, SECOND, Nanoseconds
from fedge.simulation.core5g import faults
from fedge.simulation.core5g.acknowledgements import Asked, OpenQuestions
from fedge.simulation.core5g.path_change import LIVE, Cause, Change, Flow, Retiring, next_state
from fedge.simulation.core5g.user_plane import UserPlane
from fedge.simulation.core5g.words import (
    Acknowledged,
    AnswerAck,
    Influence,
    Notify,
    Outcome,
    Path,
    Route,
    Stage,
)


class Times(Struct, frozen=True):
    """How long each step may take. Assumed: TS 23.502 names no figures."""

    early_ack: Nanoseconds = 2 * SECOND
    install: Nanoseconds = 1 * SECOND
    handover: Nanoseconds = 1500 * MS
    late_ack: Nanoseconds = 2 * SECOND
    switch_answer: Nanoseconds = 1 * SECOND
    linger: Nanoseconds = 2 * SECOND
    retry: Nanoseconds = 2 * SECOND


class Steps:
    """``influences`` are session management's own. ``life``: numbers drawn in one life of the program never come again."""

    def __init__(
        self, user_plane: UserPlane, influences: Mapping[str, Influence], life: int, times: Times
    ) -> None:
        self.faults = faults.NONE
        self.questions = OpenQuestions()
        self._plane, self._influences, self._life, self._times = user_plane, influences, life, times
        self._drawn = self._tunnels = 0

    def begin(self, flow: Flow, target: Route, cause: Cause, now: Nanoseconds, arrived: bool = True) -> None:
        """``arrived``: no handover has to be waited for."""
        influence = self._influences[flow.influence]
        if flow.path is not None and flow.path.site == target.site:
            path = flow.path  # taken over from an earlier subscription
        else:
            path = Path(target.site, target.n6, self._tunnel_end(), self._tunnel_end())
        flow.retry_at = 0
        flow.change = change = Change(influence.id, path, cause, arrived=arrived)
        if influence.early:
            change.early = self._notify(flow, change, "EARLY")
        if change.early:
            change.deadline = now + self._times.early_ack
        else:
            self._install(flow, change, "waived", now)

    def installed(self, flow: Flow, event: TunnelInstalled, now: Nanoseconds) -> None:
        change = flow.change
        if change is None or change.target.teid_up != event.teid_up:
            return
        change.installed = True
        if self._step(change, "installed"):
            change.deadline = now + self._times.handover
            if change.arrived:
                self.arrived(flow, now)

    def arrived(self, flow: Flow, now: Nanoseconds) -> None:
        """The UE is where the change is for, or nobody waits for it."""
        change = flow.change
        if change is None:
            return
        change.arrived = True
        if not self._step(change, "arrived"):
            return
        if self._influences[flow.influence].late:
            change.late = self._notify(flow, change, "LATE")
        if change.late:
            change.deadline = now + self._times.late_ack
        else:
            self._switch(flow, change, "waived")

    def switched(self, flow: Flow, now: Nanoseconds) -> None:
        """The access network has left the old path: End Marker there, and it goes a little later."""
        influence = self._influences.get(flow.influence)
        linger = (influence.linger if influence is not None else 0) or self._times.linger
        for index, old in enumerate(flow.retiring):
            if old.remove_at == 0:
                self._plane.leave(old.path)
                flow.retiring[index] = Retiring(old.path, now + linger)
        change = flow.change
        if change is not None and self._step(change, "switched"):
            self._answer("done", *change.requests)
            flow.change, flow.unheard = None, change.influence != flow.influence

    def drop(self, flow: Flow, event: str, now: Nanoseconds) -> None:
        """The old path is kept, the target's tunnel goes. Nothing happens once it is being switched."""
        change = flow.change
        if change is None:
            return
        installed = change.state in LIVE
        if not self._step(change, event):
            return
        self.forget_questions(change)
        if installed and flow.path is not None and flow.takes_over():
            self._plane.install(flow, flow.path)  # with the end of N6 that it had
        elif installed:
            self._plane.remove(flow, change.target)
            self._plane.remember(flow)
        flow.change = None
        if flow.path is None:
            flow.retry_at = 0 if event == "declined" else now + self._times.retry
        elif change.cause != "handover":
            flow.settled = event in ("declined", "expired")

    def expire(self, flow: Flow, now: Nanoseconds) -> None:
        change = flow.change
        if change is None:
            return
        if change.state != "SWITCHING":
            if change.deadline <= now:
                self.drop(flow, "expired", now)
        elif change.requests and change.answer_by <= now:
            self._answer("delayed", *change.requests)
            change.requests.clear()

    def acknowledged(
        self, flow: Flow | None, asked: Asked | None, ack: Acknowledged, now: Nanoseconds
    ) -> None:
        """``asked``: what the acknowledgement is about, ``flow``: whose change that was."""
        said = "declined" if ack.refusal else "accepted"
        change = flow.change if flow is not None else None
        if asked is None:
            self._answer("unknown", ack.request)
        elif asked.state == "over":
            self._answer("over", ack.request)
        elif asked.state == "open":
            assert flow is not None
            assert change is not None
            self.questions.close(ack.transaction, said)
            self._decided(flow, change, asked.stage, ack, now)
        elif asked.state != said:
            self._answer("contradicted", ack.request)
        elif change is not None and change.late == ack.transaction:
            self._await_switch(change, ack, now)  # said again while the switch is under way
        else:
            self._answer("done", ack.request)

    def forget_questions(self, change: Change) -> None:
        for transaction in (change.early, change.late):
            self.questions.close(transaction, "over")
        self._answer("over", *change.requests)

    def _decided(self, flow: Flow, change: Change, stage: Stage, ack: Acknowledged, now: Nanoseconds) -> None:
        if ack.refusal:
            self._answer("done", ack.request)
            self.drop(flow, "declined", now)
            if flow.path is None and ack.refusal == "TEMPORARY_CONGESTION":
                flow.retry_at = now + self._times.retry
        elif stage == "EARLY":
            if ack.n6 is not None:
                change.target = replace(change.target, n6=ack.n6)
            self._answer("done", ack.request)
            self._install(flow, change, "accepted", now)
        elif self.faults.silent_after == "late":
            self._answer("done", ack.request)
            self.drop(flow, "withdrawn", now)
        elif not change.installed:
            self._answer("failed", ack.request)
            self.drop(flow, "withdrawn", now)
        else:
            self._await_switch(change, ack, now)
            self._switch(flow, change, "accepted")

    def _install(self, flow: Flow, change: Change, event: str, now: Nanoseconds) -> None:
        self._step(change, event)
        change.deadline = now + self._times.install
        self._plane.remember(flow)
        if self.faults.silent_after != "early":
            self._plane.install(flow, change.target)

    def _switch(self, flow: Flow, change: Change, event: str) -> None:
        """From here on only forward: remembered first, then said."""
        self._step(change, event)
        if flow.path is not None and not flow.takes_over():
            flow.retiring.append(Retiring(flow.path))
        flow.path, flow.number = change.target, self._draw()
        self._plane.remember(flow)
        self._plane.switch(flow)

    def _notify(self, flow: Flow, change: Change, stage: Stage) -> str:
        """The transaction under which the application function is to acknowledge; empty where nobody waits for it."""
        influence = self._influences[flow.influence]
        transaction = f"{self._life}-{self._draw()}" if influence.ack else ""
        if transaction:
            self.questions.open(transaction, Asked(flow.ue, flow.service, stage))
        source = Route(flow.path.site, flow.path.n6) if flow.path is not None else None
        target = Route(change.target.site, change.target.n6)
        self._plane.out.append(Notify(influence.id, transaction, stage, flow.ue, source, target))
        return transaction

    def _await_switch(self, change: Change, ack: Acknowledged, now: Nanoseconds) -> None:
        change.requests.append(ack.request)
        change.answer_by = now + self._times.switch_answer

    def _answer(self, outcome: Outcome, *requests: int) -> None:
        self._plane.out += [AnswerAck(request, outcome) for request in requests]

    @staticmethod
    def _step(change: Change, event: str) -> bool:
        then = next_state(change.state, event)
        if then is not None:
            change.state = then
        return then is not None

    def _draw(self) -> int:
        """A switch or a transaction: higher than any before, also than those of earlier lives."""
        self._drawn += 1
        return (self._life << 40) + self._drawn

    def _tunnel_end(self) -> int:
        """32 bits, not 0 (TS 29.281, 5.1): again after a million changes, or 4095 lives. Below 2**20: ``breakout``."""
        self._tunnels = self._tunnels % ((1 << 20) - 1) + 1
        return (self._life % 4095 + 1 << 20) + self._tunnels
