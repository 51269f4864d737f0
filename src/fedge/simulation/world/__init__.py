"""A whole federation in one process under a virtual clock, for property tests: `world.py` puts it together."""

from fedge.simulation.world.world import World

__all__ = ["World"]
