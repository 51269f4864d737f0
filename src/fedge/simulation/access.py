"""The access network as a whole: people move, cells change, packets pass, and the core network hears of it.

A shell around pure parts: ``ues`` (where), ``radio`` and ``ran`` (which cell), ``fading`` (luck), ``gnb`` (paths),
``shared_radio`` (what cells carry, and for whom); ``packet_path`` has the sockets. The core network hears what a real one hears
(who is attached, measurements, handovers) and installs paths and QoS flows. Beside it the simulation measures packets, as an
instrument would.

Everything that people and radio do is a function of simulated time since ``started_ns``: an access network that was killed and
started again finds them where they would have been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic_ns

from fedge.core.messages import (
    CellChanged,
    HandoverPredicted,
    InstallQos,
    Message,
    RadioMeasured,
    RanHello,
    RemoveQos,
    Subscriber,
)
from fedge.core.model import MS, SECOND, Address, UeId
from fedge.runtime.precise_loop import pace_for
from fedge.simulation.background import Load
from fedge.simulation.city_plan import City
from fedge.simulation.fading import Fading
from fedge.simulation.measured import ues_measured
from fedge.simulation.movement import Movement
from fedge.simulation.packet_path import Endpoints, PacketPath
from fedge.simulation.people import ANYBODY, Person
from fedge.simulation.profiles import PROFILE_OF_KIND, fit, weak_signal_rtt_ms
from fedge.simulation.radio import RadioMap
from fedge.simulation.ran import STEP_NS, Handover, Ran
from fedge.simulation.shared_radio import SharedRadio
from fedge.wire import records

WEAKNESS_STEPS, REPORT_STEPS, CELL_STEPS = 2, 5, 10
"""Steps between two looks at how weak signals are, two reports of all UEs (near ms480 of TS 38.331's ReportInterval), and two
pictures of all cells."""
PACES = 2
"""The loop comes by so many times more rarely than a relay's. Packets wait here for milliseconds anyhow, and the kernel says when
each came: only their going is uneven, by half a pace (ADR 0009)."""
REPLAYED_STEPS = 100
"""A restarted network walks through the last 10 s in silence, so that hysteresis leaves everybody in the cell of before."""


def pace_s(players: int) -> float:
    """How often the access network of so many players looks for packets."""
    return PACES * pace_for(players)


@dataclass(frozen=True)
class AccessPlan:
    """What a run says of its access network. ``gpsis``: of each UE. ``started_ns``: monotonic instant of simulated second 0.
    ``people``: who has the UEs, as many; nobody said: everybody is drawn."""

    city: City
    gpsis: Sequence[str]
    seed: int
    time_scale: float
    endpoints: Endpoints
    started_ns: int
    people: Sequence[Person] = ()


class AccessNetwork:
    """Runs on an event loop between ``start`` and ``stop``. ``measured`` takes what the simulation itself measures, ``tell_core``
    what the core network hears."""

    def __init__(
        self,
        plan: AccessPlan,
        trace: records.Trace,
        measured: Callable[[Message], None],
        tell_core: Callable[[Message], None],
    ) -> None:
        city, players = plan.city, len(plan.gpsis)
        self.names = [UeId(f"player-{index + 1}") for index in range(players)]
        self._plan, self._trace, self._measured, self._tell_core = plan, trace, measured, tell_core
        self._cells = city.cells
        self._movement = Movement(city, plan.people or (ANYBODY,) * players, plan.seed)
        self._map = RadioMap(city, plan.seed)
        self._ran = Ran(city.cells, plan.seed, self._movement.wifi_capable)
        sites = [site.site for site in city.sites]
        self.path = PacketPath(
            plan.endpoints,
            city.cells,
            sites,
            trace,
            plan.seed,
            self.names,
            measured,
            pace_s(players),
        )
        self._shared = SharedRadio(
            city.cells, plan.seed, plan.started_ns, self.names, self.path.ues, plan.endpoints.services
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Attach everybody, bind the sockets, let time run. Raises ``OSError`` where an address is taken."""
        self._loop = loop
        elapsed = max(0, monotonic_ns() - self._plan.started_ns)
        self._step_number = elapsed // STEP_NS
        for number in range(max(0, self._step_number - REPLAYED_STEPS), self._step_number + 1):
            self._signals(number)
        self._fading = Fading(self._plan.seed, len(self.names), elapsed // SECOND)
        for index, cell in enumerate(self._ran.serving):
            self._attach(index, int(cell))
        self._change_luck()
        self.path.open(loop)
        self._after(self._step_number + 1, self._step)
        self._figures_timer = loop.call_later(1.0, self._figures)

    def stop(self) -> None:
        """Close the sockets; timers still armed find nothing to do."""
        for timer in (self._step_timer, self._luck_timer, self._figures_timer):
            timer.cancel()
        self.path.close()

    def ran_hello(self) -> RanHello:
        """The greeting of the link to the core network, which says everything anew that holds here."""
        self._shared.flows.forget()
        ends, gpsis = self._plan.endpoints, self._plan.gpsis
        attached = {
            index: Subscriber(
                self.names[index], gpsis[index], address, self._cells[self.path.ues[index].cell].kind
            )
            for address, index in ends.ues.items()
        }
        n3 = Address("{}:{}".format(*ends.n3))
        return RanHello(n3, tuple(attached[index] for index in sorted(attached)))

    def attachments(self) -> list[CellChanged]:
        """Everybody's present attachment, for a core network that knows none."""
        now = monotonic_ns()
        return [
            CellChanged(name, cell.cell, None, cell.kind, self._rtt_ms(index), 0.0, now)
            for index, name in enumerate(self.names)
            for cell in (self._cells[self.path.ues[index].cell],)
        ]

    def receive(self, message: Message) -> None:
        """A message of the core network: it is about paths and QoS flows, and answered at once."""
        if isinstance(message, InstallQos | RemoveQos):
            for told in self._shared.flows.handle(message):
                self._tell_core(told)
            return
        answer = self.path.gnb.handle(message, monotonic_ns())
        if answer is not None:
            self._tell_core(answer)

    def load(self, loads: Sequence[Load]) -> None:
        """From now on the cells carry this beside what the UEs send."""
        self._shared.load(loads, monotonic_ns())

    # --- people and cells ---------------------------------------------------------------------------------------------------

    def _signals(self, number: int) -> list[Handover]:
        self._positions, held = self._movement.at(number * STEP_NS / SECOND * self._plan.time_scale)
        self._signals_dbm = self._map.at(self._positions)
        return self._ran.step(number, self._signals_dbm, held)

    def _after(self, number: int, then: Callable[[], None]) -> None:
        self._step_timer = self._loop.call_at((self._plan.started_ns + number * STEP_NS) / SECOND, then)

    def _step(self) -> None:
        self._step_number += 1
        for handover in self._signals(self._step_number):
            self._announce(handover)
        self._shared.let_pass(monotonic_ns())
        if self._step_number % WEAKNESS_STEPS == 0:
            self._weaken()
        if self._step_number % REPORT_STEPS == 0:
            self._report()
        self._after(self._step_number + 1, self._step)

    def _announce(self, handover: Handover) -> None:
        """The measurement report is out; the gap is fixed from here on."""
        base = self._plan.started_ns
        begins, ends = base + handover.starts_ns, base + handover.starts_ns + handover.gap_ns
        ue = self.path.ues[handover.ue]
        kinds = {self._cells[handover.source].kind, self._cells[handover.target].kind}
        holds = all(PROFILE_OF_KIND[kind].holds_at_handover for kind in kinds)
        ue.up.silence(begins, ends, holds)
        ue.down.silence(begins, ends, holds)
        ue.radio_changed()
        self._tell_core(
            HandoverPredicted(self.names[handover.ue], self._cells[handover.target].cell, monotonic_ns())
        )
        self._loop.call_at(begins / SECOND, self._leave_cell, handover, begins)
        self._loop.call_at(ends / SECOND, self._arrive, handover)

    def _leave_cell(self, handover: Handover, begins: int) -> None:
        self._attach(handover.ue, handover.target)
        gap_us = handover.gap_ns // 1000
        self._trace.add(records.HANDOVER, handover.ue, begins, gap_us, handover.source, handover.target)

    def _arrive(self, handover: Handover) -> None:
        cell, previous = self._cells[handover.target], self._cells[handover.source]
        gap_ms, rtt_ms = handover.gap_ns / MS, self._rtt_ms(handover.ue)
        name = self.names[handover.ue]
        self._tell_core(
            CellChanged(name, cell.cell, previous.cell, cell.kind, rtt_ms, gap_ms, monotonic_ns())
        )

    def _attach(self, index: int, cell: int) -> None:
        kind = self._cells[cell].kind
        profile = PROFILE_OF_KIND[kind]
        self._trace.add(records.IN_CELL, index, monotonic_ns(), cell, records.ACCESS_KINDS.index(kind))
        luck = Random(f"rate/{self._plan.seed}/{index}/{cell}").gauss(0.0, 1.0)
        ue = self.path.ues[index]
        ue.up.tune(profile.rtt_ms, profile.up_share, fit(profile.up_mbit_s).at(luck))
        ue.down.tune(profile.rtt_ms, 1 - profile.up_share, fit(profile.down_mbit_s).at(luck))
        ue.radio_changed()
        for told in self._shared.attach(ue, cell):
            self._tell_core(told)

    def _rtt_ms(self, index: int) -> float:
        profile = PROFILE_OF_KIND[self._cells[self.path.ues[index].cell].kind]
        return round(profile.rtt_ms.p50 + weak_signal_rtt_ms(float(self._ran.signal_dbm[index])), 3)

    def _weaken(self) -> None:
        for ue, signal_dbm in zip(self.path.ues, self._ran.signal_dbm.round(1).tolist(), strict=True):
            profile = PROFILE_OF_KIND[self._cells[ue.cell].kind]
            weak_ms = weak_signal_rtt_ms(signal_dbm)
            ue.up.weak_ns = int(weak_ms * profile.up_share * MS)
            ue.down.weak_ns = int(weak_ms * (1 - profile.up_share) * MS)
            if ue.flows:
                ue.radio_changed()

    def _report(self) -> None:
        now = monotonic_ns()
        attached = [ue.cell for ue in self.path.ues]
        ues = ues_measured(self.names, self._cells, attached, self._positions, self._signals_dbm)
        full = self._step_number % CELL_STEPS == 0
        cells = self._shared.measured(now) if full else ()
        self._tell_core(RadioMeasured(now, ues, cells))

    # --- every second -------------------------------------------------------------------------------------------------------

    def _change_luck(self) -> None:
        bursts = [PROFILE_OF_KIND[self._cells[ue.cell].kind].bursts for ue in self.path.ues]
        luck = self._fading.next_second(bursts)
        begins = self._plan.started_ns + luck.second * SECOND
        self._loop.call_at(begins / SECOND, self.path.take_luck, luck, begins)
        if luck.second == 0 or begins <= monotonic_ns():
            self.path.take_luck(luck, begins)
        # the next second's draws are made in the middle of this one, so that its first packets need not wait for them
        self._luck_timer = self._loop.call_at((begins + SECOND // 2) / SECOND, self._change_luck)

    def _figures(self) -> None:
        watches = [ue.watch for ue in self.path.ues]
        self._measured(self.path.samples.take(monotonic_ns(), self.names, watches))
        self._figures_timer = self._loop.call_later(1.0, self._figures)
