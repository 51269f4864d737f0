"""Plays simulated worlds for the property tests and says, when one goes wrong, how to see it again."""

from __future__ import annotations

import os
from collections.abc import Iterable

from fedge.dataplane.flows import FlowTable
from fedge.simulation.faults import Plan
from fedge.simulation.world import World

WORLDS = int(os.environ.get("FEDGE_WORLDS", "30"))
"""How many worlds each property is tried on; CI's nightly run and a bug hunt give more."""


def played(plan: Plan) -> World:
    """The world of a plan, played to its end."""
    world = World(plan, FlowTable)
    world.run()
    return world


def wrong_in(plans: Iterable[Plan]) -> str:
    """Every finding of every world, each with its seed and plan; empty if all is well."""
    found = []
    for plan in plans:
        world = played(plan)
        if world.judge.found:
            found.append("\n  ".join([f"seed {plan.seed}: {plan}", *world.judge.found]))
    return "\n".join(found)
