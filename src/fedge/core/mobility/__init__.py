"""When a session moves, and the one state machine of a move."""

from fedge.core.mobility.move import TRANSITIONS, Move, Transition, next_state
from fedge.core.mobility.plan import RETURN_AFTER, Plan, objection

__all__ = ["RETURN_AFTER", "TRANSITIONS", "Move", "Plan", "Transition", "next_state", "objection"]
