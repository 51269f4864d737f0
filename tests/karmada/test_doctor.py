"""``fedge doctor`` on a real Karmada: it says what is missing, and stops saying it once it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner
from lightkube import Client

from fedge.adapters.karmada.prepare import prepare
from fedge.cli.main import main
from testbench.bench import Bench
from testbench.programs import MEMBERS
from tests.karmada.schedulers import Schedulers

Until = Callable[..., Any]


def findings(bench: Bench) -> dict[str, str]:
    """State by what was found."""
    answer = CliRunner().invoke(
        main, ["doctor", "--kubeconfig", str(bench.at.admin("karmada")), "-o", "json"]
    )
    assert answer.exit_code in (0, 1), answer.output
    return {one["what"]: one["state"] for one in json.loads(answer.output)}


def test_it_sees_the_scheduler_come_and_the_members(
    whole: Bench, karmada: Client, schedulers: Schedulers, until: Until
) -> None:
    prepare(str(whole.at.admin("karmada")), {member: f"site-{member}" for member in MEMBERS})
    schedulers.start("doctored")
    until(lambda: any("doctored schedules" in what for what in findings(whole)), "the leader is seen")
    found = findings(whole)
    for member in MEMBERS:  # a member without nodes has no resources to report: that is a warning
        assert f"{member} is not Ready" not in found
        assert any(what in (f"{member} is Ready", f"{member} reports no resources") for what in found)
    assert found["qospolicies.fedge.dev"] == "ok"
    assert found["your rights suffice for a scheduler"] == "ok"
    assert "missing" not in found.values()
