"""What the simulated operator tells a customer of its topology, once and on paper: ``topology.json`` of the run folder.

Written before a run's programs start; the control plane reads it as it would an operator's own.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import asdict

from fedge.core.access.cell_numbers import MCC, MNC, eutra_cell_id, nr_cell_id
from fedge.core.exposure import MappedCell, Topology, Weakness
from fedge.core.location.earth import INVENTED
from fedge.core.messages import Cell
from fedge.simulation.city_plan import City
from fedge.simulation.profiles import MOST_WEAK_MS, PROFILE_OF_KIND, WEAK_DBM, WEAK_MS_PER_DB


def topology_of(city: City) -> Topology:
    """Round trips are the medians of the kinds of access, which a customer would be told as usual values."""
    return Topology(
        city.width_m,
        city.height_m,
        tuple(_mapped(cell, number) for number, cell in enumerate(city.cells, 1)),
        {kind: profile.rtt_ms.p50 for kind, profile in PROFILE_OF_KIND.items()},
        city.origin or INVENTED,
        Weakness(WEAK_DBM, WEAK_MS_PER_DB, MOST_WEAK_MS),
    )


def write_topology(path: Path, city: City) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(topology_of(city)), indent=1))
    draft.replace(path)


def _mapped(cell: Cell, number: int) -> MappedCell:
    """Its identities with and without the PLMN; a Wi-Fi cell goes by its name (``twanId``)."""
    cgis = eutra_cell_id(number), nr_cell_id(number)
    ids = (*cgis, *(MCC + MNC + each for each in cgis), cell.cell)
    return MappedCell(**asdict(cell), ids=ids)
