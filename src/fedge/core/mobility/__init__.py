"""When a session moves, and the one state machine of a move."""

from fedge.core.mobility.move import TRANSITIONS, Move, next_state
from fedge.core.mobility.plan import RETURN_AFTER, objection, retry_after

__all__ = ["RETURN_AFTER", "TRANSITIONS", "Move", "next_state", "objection", "retry_after"]
