"""The operator's topology, as Fedge is configured with it: cells, their places and ids, and what their access is worth.

No exposure function tells it: an operator says it once, in a file (``topology.json``). Round trips are the operator's or measured
before; what a cell's fixed network is worth stands in each cell's ``path_rtt_ms``.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict

from fedge.core.messages import AccessHello, Cell
from fedge.core.model import CellId


class MappedCell(Cell, frozen=True):
    """``ids``: how the operator's interfaces name it: a cell identity (ECI, NCI) with or without its PLMN, in their spelling."""

    ids: tuple[str, ...] = ()


class Weakness(Struct, frozen=True):
    """What a weak signal adds to the round trip: ``ms_per_db`` for each dB below ``below_dbm``, at most ``most_ms``."""

    below_dbm: float = -140.0
    ms_per_db: float = 0.0
    most_ms: float = 0.0

    def rtt_ms(self, signal_dbm: float) -> float:
        return min(max(0.0, (self.below_dbm - signal_dbm) * self.ms_per_db), self.most_ms)


class Topology(Struct, frozen=True):
    """``radio_rtt_ms``: expected round trip to a cell, by its kind. ``origin``: latitude and longitude of (0, 0)."""

    width_m: float
    height_m: float
    cells: tuple[MappedCell, ...]
    radio_rtt_ms: dict[str, float]
    origin: tuple[float, float]
    weak: Weakness = Weakness()

    def hello(self) -> AccessHello:
        """The same, as the control plane's picture of the access network begins."""
        plain = tuple(Cell(**{k: v for k, v in asdict(one).items() if k != "ids"}) for one in self.cells)
        return AccessHello(self.width_m, self.height_m, plain, (), self.origin)

    def by_id(self) -> dict[str, CellId]:
        """Fedge's name of a cell by each of the operator's."""
        return {id: one.cell for one in self.cells for id in one.ids}

    def expected_rtt_ms(self, kind: str, signal_dbm: float | None) -> float:
        weak = self.weak.rtt_ms(signal_dbm) if signal_dbm is not None else 0.0
        return round(self.radio_rtt_ms.get(kind, 0.0) + weak, 3)
