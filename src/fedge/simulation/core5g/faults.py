"""Faults of the simulated core that tests and operators can switch on: the file ``core5g-faults.json`` of the run folder.

A real core does all of this now and then; Fedge must live with it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Faults(Struct, frozen=True, forbid_unknown_fields=True):
    """``silent_after``: the core says yes and then does nothing; after the ``request`` (creation, PATCH), after the
    acknowledgement of the ``early`` or of the ``late`` notification. The others are probabilities, 0 to 1, for each notification.
    ``forgetful``: the next start finds no subscription; paths that were chosen stay. ``certificate_s``: for how many seconds the
    certificates are good that CAPIF signs from now on; 0: for its own time, a day.
    """

    silent_after: Literal["", "request", "early", "late"] = ""
    forgetful: bool = False
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    """Held back for up to ``delay_ms``, so that later ones overtake it."""
    delay_ms: float = 200.0
    certificate_s: float = 0.0


NONE = Faults()
