"""The centre's decisions: sessions, moves, placements, in the order of the story in ``ue_move.py``."""

from fedge.core.control.effects import (
    ClientGone,
    Effect,
    Notify,
    Propose,
    Reply,
    Story,
    ToAccess,
    ToOperator,
    ToSink,
    ToSite,
    Untold,
)
from fedge.core.control.knowledge import ControlSettings, Knowledge
from fedge.core.control.plane import DECIDED, ControlPlane
from fedge.core.control.state import State

__all__ = [
    "DECIDED",
    "ClientGone",
    "ControlPlane",
    "ControlSettings",
    "Effect",
    "Knowledge",
    "Notify",
    "Propose",
    "Reply",
    "State",
    "Story",
    "ToAccess",
    "ToOperator",
    "ToSink",
    "ToSite",
    "Untold",
]
