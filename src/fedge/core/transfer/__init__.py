"""A session's state on its way: the source's end, the target's end, and what they ask their agent to do."""

from fedge.core.transfer.effects import ClearFlow, Effect, SetFlow, TellControl, TellInstance, TellPeer
from fedge.core.transfer.source import SourceEnd
from fedge.core.transfer.target import TargetEnd

__all__ = [
    "ClearFlow",
    "Effect",
    "SetFlow",
    "SourceEnd",
    "TargetEnd",
    "TellControl",
    "TellInstance",
    "TellPeer",
]
