"""``python -m tests.properties.tell SEED``: what happened in a world, line by line, for whoever looks for a bug."""

from __future__ import annotations

import sys

from fedge.dataplane.flows import FlowTable
from fedge.simulation.faults import plan_of
from fedge.simulation.world import World

HUM = ("SiteReport", "InstanceReport", "UesSighted", "HopFigures")


def main(seed: int) -> None:
    world = World(plan_of(seed), FlowTable, tracing=True)
    found = world.run()
    print(world.plan)
    for line in world.net.trace:
        if not any(f": {name} " in line for name in HUM):
            print(line)
    print("\n".join(found) or "all is well")


if __name__ == "__main__":
    main(int(sys.argv[1]))
