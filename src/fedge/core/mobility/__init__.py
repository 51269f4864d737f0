"""When a session moves, and the one state machine of a move."""

from fedge.core.mobility.move import TRANSITIONS, Move, Transition, next_state
from fedge.core.mobility.plan import RETURN_AFTER, objection, retry_after

__all__ = ["RETURN_AFTER", "TRANSITIONS", "Move", "Transition", "next_state", "objection", "retry_after"]
