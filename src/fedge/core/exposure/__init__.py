"""The access API gateway's decisions: what Fedge wants of a 5G operator's exposure functions, against what it has.

The control plane says ``RequestQuality``, ``ReleaseQuality``, ``AskLocation`` and hears their answers; and it hears of UEs, cells
and handovers in the words of ``messages.access``, put together from MonitoringEvent, AsSessionWithQoS (3GPP TS 29.122) and the
radio network information service (ETSI GS MEC 012).

Reading order: ``calls``, ``notices`` (what is said and heard), ``subscription`` (one wanted thing: ``TRANSITIONS``), ``advance``
(what is said about it next), ``desk`` (one API as a whole), ``listing`` (the way back after a restart), ``flows`` (quality),
``wants``, ``agenda`` (all that is wanted, when to look at it), ``topology``, ``picture``, ``locating`` (where everybody is),
``cell_loads`` (how full cells are), ``answering``, ``hearing`` (what is heard), ``offers`` (what can be had),
``gateway`` (all of it). Pure; ``adapters/core5g`` is the shell.
"""

from fedge.core.exposure.calls import (
    Answer,
    Api,
    Asks,
    Call,
    CellChanges,
    Create,
    Delete,
    Effect,
    FlowQuality,
    Held,
    Hush,
    List,
    Listen,
    Locate,
    Losses,
    MeasureCells,
    MeasuredCell,
    Measurements,
    Places,
    Replace,
    Returns,
    Tell,
    mark_of,
)
from fedge.core.exposure.desk import Found, Missing
from fedge.core.exposure.gateway import Exposure, ExposureSettings
from fedge.core.exposure.notices import (
    CellTold,
    Channelled,
    Expiring,
    FlowTold,
    Notice,
    Place,
    PlacesTold,
    RadioTold,
    Reach,
    ReachTold,
    Strange,
)
from fedge.core.exposure.subscription import TRANSITIONS, Subscription
from fedge.core.exposure.topology import MappedCell, Topology, Weakness

__all__ = [
    "TRANSITIONS",
    "Answer",
    "Api",
    "Asks",
    "Call",
    "CellChanges",
    "CellTold",
    "Channelled",
    "Create",
    "Delete",
    "Effect",
    "Expiring",
    "Exposure",
    "ExposureSettings",
    "FlowQuality",
    "FlowTold",
    "Found",
    "Held",
    "Hush",
    "List",
    "Listen",
    "Locate",
    "Losses",
    "MappedCell",
    "MeasureCells",
    "MeasuredCell",
    "Measurements",
    "Missing",
    "Notice",
    "Place",
    "Places",
    "PlacesTold",
    "RadioTold",
    "Reach",
    "ReachTold",
    "Replace",
    "Returns",
    "Strange",
    "Subscription",
    "Tell",
    "Topology",
    "Weakness",
    "mark_of",
]
