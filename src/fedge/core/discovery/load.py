"""What a site's load costs a round trip, and what a figure is worth when it is old.

**Load term.** The sessions of an instance tick one after another within a period T. With a share ρ of T
spent ticking, a session waits ρT/2 for its turn on average. Near saturation rounds run late and the wait
grows without bound; the M/D/1 queue's mean wait, service · ρ / (2 (1 − ρ)), has both ends right when a
whole period is taken for the service time. So load_ms = T · ρ / (2 (1 − ρ)), with ρ at most 0.95. It is a
model, not a measurement: 0.9 ms at ρ = 0.1, 8.3 ms at 0.5, 158 ms at 0.95 for T = 1/60 s.

**Age.** A figure younger than ``FRESH_MS`` counts in full; after that its weight halves every
``HALF_LIFE_MS``. What it loses goes to the mean of the fresh sites' loads: a silent site looks average,
neither empty nor full.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from fedge.core.discovery.facts import SiteFacts

TICK_MS = 1000 / 60
MOST_LOAD = 0.95
FRESH_MS = 2000.0
HALF_LIFE_MS = 2000.0
UNKNOWN_LOAD = 0.5
"""what a site is taken for when no site's figure is fresh"""


def load_term_ms(load: float) -> float:
    """Expected wait for a turn within a tick, in ms; ``load`` is 0 to 1."""
    busy = min(max(load, 0.0), MOST_LOAD)
    return TICK_MS * busy / (2 * (1 - busy))


def weight_of_age(age_ms: float) -> float:
    """What a figure of that age still counts for, 1 to 0."""
    return 1.0 if age_ms <= FRESH_MS else float(0.5 ** ((age_ms - FRESH_MS) / HALF_LIFE_MS))


def usual_load(sites: Sequence[SiteFacts]) -> float:
    """Mean load of the sites whose figure is fresh."""
    fresh = [site.load for site in sites if site.load_age_ms <= FRESH_MS and site.ready_instances]
    return fsum(fresh) / len(fresh) if fresh else UNKNOWN_LOAD


def discounted_load(site: SiteFacts, usual: float) -> float:
    """The site's load, as far as its age lets it count, and ``usual`` for the rest."""
    weight = weight_of_age(site.load_age_ms)
    return weight * site.load + (1 - weight) * usual
