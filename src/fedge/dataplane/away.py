"""Which UEs of an application without the SDK a gateway leads to another site's door, and which stay with the instances here.

What the centre says with ``LeadPlain``; the same for UDP flows (`driver.py`) and TCP connections (`tcp_service.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fedge.ports import Endpoint


class Away(NamedTuple):
    """``ues``: doors by the UE's address; ``elsewhere``: the door for all others, None: they stay."""

    elsewhere: Endpoint | None = None
    ues: Mapping[str, Endpoint] = MappingProxyType({})

    def ends(self, ue: str, here: Sequence[Endpoint]) -> Sequence[Endpoint]:
        """Whoever may have this UE: one door, or the instances ``here``."""
        door = self.ues.get(ue, self.elsewhere)
        return here if door is None else (door,)


HERE = Away()
"""Nobody is led away."""
