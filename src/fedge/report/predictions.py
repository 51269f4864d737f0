"""What foresight was worth: of the moves that a handover caused, how many targets were warm before it, how early, and what wrong
guesses cost.

A move is *foreseen* if it was planned on a measurement report or on the core network's early notification; its target is warm
*before* the handover if that was so when the platform heard that the UE is in its new cell. A guess is *wrong* if the move was
given up because the handover went elsewhere or did not come; what it had copied by then was for nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fedge.report.moves import MoveStory
from fedge.report.roundtrips import spread

FORESEEN = frozenset({"predicted", "core"})
ON_HANDOVER = FORESEEN | {"handover"}


def predictions(stories: list[MoveStory]) -> dict[str, Any]:
    """The report's ``predictions``. ``lead_ms``: from the target warm to the handover heard, of the moves that were foreseen."""
    caused = [one for one in stories if one.cause in ON_HANDOVER]
    went = [one for one in caused if "ABORTED" not in one.at]
    leads = [one.warmed_before_ms for one in went if one.warmed_before_ms is not None]
    wrong = [one for one in caused if one.cause in FORESEEN and "ABORTED" in one.at and not one.frozen_ns]
    return {
        "moves_on_handover": len(went),
        "foreseen": sum(one.cause in FORESEEN for one in went),
        "warm_before": sum(lead > 0 for lead in leads),
        "lead_ms": spread(np.array(leads, dtype=float), n=True),
        "wrong": len(wrong),
        "wrong_bytes": sum(one.bytes_total for one in wrong),
    }
