"""``python -m tests.properties.tell SEED [redirected]``: what happened in a world, line by line, for whoever looks for a bug."""

from __future__ import annotations

import sys

from fedge.dataplane.flows import FlowTable
from fedge.simulation.faults import plan_of, redirected
from fedge.simulation.world import World

HUM = ("SiteReport", "InstanceReport", "UesSighted")


def main(seed: int, by_redirect: bool) -> None:
    plan = redirected(plan_of(seed)) if by_redirect else plan_of(seed)
    world = World(plan, FlowTable, tracing=True)
    found = world.run()
    print(world.plan)
    for line in world.net.trace:
        if not any(f": {name} " in line for name in HUM):
            print(line)
    print("\n".join(found) or "all is well")


if __name__ == "__main__":
    main(int(sys.argv[1]), "redirected" in sys.argv[2:])
