"""``python -m testbench build|up|down|status [--home DIR]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from testbench import build, karmada_setup
from testbench.bench import Bench
from testbench.programs import Timing, commands

HOME = Path(".fedge", "karmada")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m testbench", description=__doc__)
    parser.add_argument("verb", choices=["build", "up", "down", "status"])
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument(
        "--existing", type=Path, help="up: take this Karmada (kubeconfig) instead of starting one"
    )
    parser.add_argument(
        "--node-grace-s", type=int, default=Timing.node_grace_s, help="a silent node is Unknown after"
    )
    parser.add_argument("--no-stock-scheduler", action="store_true")
    parser.add_argument("--clean", action="store_true", help="down: forget the data too")
    given = parser.parse_args()
    try:
        return _do(given)
    except (build.NoGo, RuntimeError, TimeoutError, FileNotFoundError) as error:
        print(f"testbench: {error}", file=sys.stderr)
        return 1


def _do(given: argparse.Namespace) -> int:
    if given.verb == "build":
        print(build.build())
    elif given.verb == "up" and given.existing is not None:
        _adopt(given.existing, given.home)
    elif given.verb == "up":
        begun = time.monotonic()
        bench = Bench.up(given.home, Timing(node_grace_s=given.node_grace_s), not given.no_stock_scheduler)
        print(
            f"Karmada and three members answer after {time.monotonic() - begun:.1f} s: {bench.home / 'bench.json'}"
        )
    elif given.verb == "down":
        Bench.open(given.home.absolute()).down(given.clean)
    else:
        bench = Bench.open(given.home.absolute())
        for name in commands(bench.at):
            print(f"{name:34} {bench.running(name) or 'does not run'}")
        for cluster, ready in karmada_setup.joined(bench.at).items():
            print(f"{cluster:34} {'Ready' if ready else 'not Ready'}")
    return 0


def _adopt(kubeconfig: Path, home: Path) -> None:
    """Describe a Karmada that somebody else runs. Its members have no bench nodes: kubelets run the Pods there."""
    client = karmada_setup.client_of(kubeconfig)
    members = [
        {"name": str(one.metadata.name), "mode": one["spec"].get("syncMode", "")}
        for one in client.list(karmada_setup.Cluster)
    ]
    home.mkdir(parents=True, exist_ok=True)
    facts = {"karmada": {"kubeconfig": str(kubeconfig.absolute())}, "members": members}
    (home / "bench.json").write_text(json.dumps(facts, indent=1))
    print(f"{len(members)} members: {home / 'bench.json'}")


if __name__ == "__main__":
    sys.exit(main())
