"""All cells of a run as something that UEs share: the background load, the promises to QoS flows, and what was carried.

Pure; joins ``cell_load`` (a cell), ``background`` (its load), ``qos_flows`` (promises) and ``measured`` (figures) for ``access``.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from fedge.core.messages import Cell, Message
from fedge.core.messages.user_plane import CellLoad
from fedge.core.model import UeId
from fedge.simulation.background import Load, load_of_cells
from fedge.simulation.bearers import Endpoint, Ue
from fedge.simulation.cell_load import CellShares, cells_shares
from fedge.simulation.measured import cells_measured
from fedge.simulation.qos_flows import QosFlows


class SharedRadio:
    """``began``: monotonic instant of simulated second 0 (ns). ``services``: every address that a UE may send to."""

    def __init__(
        self,
        cells: Sequence[Cell],
        seed: int,
        began: int,
        names: Sequence[UeId],
        ues: Sequence[Ue],
        services: Sequence[Endpoint],
    ) -> None:
        self._cells, self._ues = cells, ues
        self._shares = cells_shares([cell.kind for cell in cells], seed, began, Random(f"full/{seed}").random)
        self._loads = [0.0] * len(cells)
        self._loaded: list[CellShares] = []
        for ue in ues:
            ue.attach(ue.cell, self._shares[ue.cell])
        self.flows = QosFlows({name: index for index, name in enumerate(names)}, ues, services)

    def attach(self, ue: Ue, cell: int) -> list[Message]:
        """The UE is in ``cell`` (index) from now on: what the core network is to be told of its flows."""
        left = ue.shares
        ue.attach(cell, self._shares[cell])
        return self.flows.moved(ue, left)

    def load(self, loads: Sequence[Load], now: int) -> None:
        """From ``now`` on the cells carry this beside what the UEs send."""
        wanted = load_of_cells(loads, self._cells)
        for shares, load, before in zip(self._shares, wanted, self._loads, strict=True):
            if load != before:
                shares.up.carry(load, now)
                shares.down.carry(load, now)
        self._loads = wanted
        self._loaded = [shares for shares, load in zip(self._shares, wanted, strict=True) if load]

    def let_pass(self, now: int) -> None:
        """Time has passed. Said often, no packet has to wait while much of it is counted."""
        for shares in self._loaded:
            shares.up.let_pass(now)
            shares.down.let_pass(now)

    def measured(self, now: int) -> tuple[CellLoad, ...]:
        """How full every cell was since the last time."""
        return cells_measured(self._cells, self._shares, self._ues, now)
