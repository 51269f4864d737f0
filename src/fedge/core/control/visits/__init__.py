"""UEs at applications without the SDK: which site has what each opens anew, and what the gateways are told of it.

Such an application has no state that Fedge could move, so there is no move: a visit is *led* elsewhere. Its client is told the
new site's own address when it asks (`api/admin/visits.py`), and the gateways that it still uses lead its datagrams and its new
connections to the new site's door. A TCP connection that is open keeps its instance. Neighbours: `sessions.py` and `ue_move.py`,
the same for applications with sessions; `core/discovery` decides for both.
"""

from fedge.core.control.dispatch import together
from fedge.core.control.visits import beginning, leading, left
from fedge.core.control.visits.beginning import attach, close, heard
from fedge.core.control.visits.leading import cell_changed, move, sweep
from fedge.core.control.visits.left import UNHEARD_AFTER
from fedge.core.control.visits.place import NO_KEY, place_of, visit_id, without_sdk
from fedge.core.control.visits.telling import forgotten, offered, tell

DECIDES = together(beginning.DECIDES, leading.DECIDES, left.DECIDES)

__all__ = [
    "DECIDES",
    "NO_KEY",
    "UNHEARD_AFTER",
    "attach",
    "cell_changed",
    "close",
    "forgotten",
    "heard",
    "move",
    "offered",
    "place_of",
    "sweep",
    "tell",
    "visit_id",
    "without_sdk",
]
