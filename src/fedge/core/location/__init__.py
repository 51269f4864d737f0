"""Where devices are, as far as somebody may know it: places on the earth, areas, fences, and who consented to what.

Read `consent.py` first. The place itself is the access view's (`core/access/view.py`).
"""

from fedge.core.location.areas import MOST_RADIUS_M, Circle, covers, estimate, verified
from fedge.core.location.asking import Asking, Askings, Back, Code
from fedge.core.location.consent import NETWORK_OPERATION, OPERATOR, RETRIEVE, Consent, Consents, allowed_by
from fedge.core.location.earth import Earth, earth_of
from fedge.core.location.fences import Fence, Fences, side

__all__ = [
    "MOST_RADIUS_M",
    "NETWORK_OPERATION",
    "OPERATOR",
    "RETRIEVE",
    "Asking",
    "Askings",
    "Back",
    "Circle",
    "Code",
    "Consent",
    "Consents",
    "Earth",
    "Fence",
    "Fences",
    "allowed_by",
    "covers",
    "earth_of",
    "estimate",
    "side",
    "verified",
]
