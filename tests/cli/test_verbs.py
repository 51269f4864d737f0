"""Each verb against a platform that answers what it is told: what is asked of it, what is printed, and how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fedge.cli.main import main
from tests.cli.conftest import FakePlatform

Fedge = Callable[..., Result]
API = "/api/v1"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: arena}
spec: {}
---
apiVersion: v1
kind: Service
metadata: {name: arena}
"""


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_every_verb_teaches(fedge: Fedge, verb: str) -> None:
    answer = fedge(verb, "--help")
    assert answer.exit_code == 0
    assert f"fedge {verb}" in answer.output.partition("\n")[2]


@pytest.mark.parametrize(
    "words",
    [("get", "sites"), ("explain", "player-7"), ("apply", "-f", "examples/arena"), ("logs",), ("drain", "x")],
)
def test_when_nothing_runs_it_says_what_to_do(fedge: Fedge, words: tuple[str, ...]) -> None:
    answer = fedge(*words)
    assert answer.exit_code == 3
    assert "fedge up" in answer.output


def test_a_platform_that_does_not_answer(fedge: Fedge, run_dir: Path) -> None:
    (run_dir / "endpoints.json").write_text(
        '{"apis": {"fedge-admin": {"url": "http://127.0.0.1:9", "token": ""}}}'
    )
    answer = fedge("get", "sites")
    assert answer.exit_code == 3
    assert "does not answer" in answer.output


def test_down_when_nothing_runs_is_no_error(fedge: Fedge, run_dir: Path) -> None:
    assert fedge("down").output == "Nothing runs.\n"
    (run_dir / "supervisor.pid").write_text("1")  # somebody else's process
    assert fedge("down").output == "Nothing runs.\n"
    assert os.path.exists("/proc/1")


def test_apply_sends_all_objects_with_the_token(fedge: Fedge, platform: FakePlatform, tmp_path: Path) -> None:
    file = tmp_path / "arena.yaml"
    file.write_text(MANIFEST)
    results = [{"kind": "Deployment", "name": "arena", "action": "created"}]
    platform.answers["POST", f"{API}/apply"] = {"results": results}
    answer = fedge("apply", "-f", str(file))
    assert answer.output == "deployment/arena created\n"
    ((_, _, body, token),) = platform.asked
    assert token == "Bearer secret"
    assert [each["kind"] for each in body["objects"]] == ["Deployment", "Service"]
    assert body["objects"][0]["metadata"]["annotations"] == {"fedge.dev/base-dir": str(tmp_path)}


def test_a_dry_run_says_so(fedge: Fedge, platform: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MANIFEST)
    results = [{"kind": "Deployment", "name": "arena", "action": "unchanged"}]
    platform.answers["POST", f"{API}/apply?dryRun=true"] = {"results": results}
    assert fedge("apply", "-f", str(tmp_path), "--dry-run").output == "deployment/arena unchanged (dry run)\n"


def test_a_refused_manifest_is_named_by_file_object_and_field(
    fedge: Fedge, platform: FakePlatform, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(MANIFEST)
    refusal = {
        "code": "INVALID",
        "message": "is required",
        "field": "spec.template",
        "object": "Deployment/arena",
    }
    platform.answers["POST", f"{API}/apply"] = (422, refusal)
    answer = fedge("apply", "-f", str(file))
    assert answer.exit_code == 1
    assert f"{file}: Deployment/arena: spec.template: is required\nNothing was changed." in answer.output


def test_a_file_that_is_no_yaml(fedge: Fedge, platform: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    assert "is not YAML" in fedge("apply", "-f", str(tmp_path)).output
    assert "no such file" in fedge("apply", "-f", "nowhere.yaml").output
    assert platform.asked == []


def test_delete_by_name_and_by_file(fedge: Fedge, platform: FakePlatform, tmp_path: Path) -> None:
    gone = {"kind": "Deployment", "namespace": "default", "name": "arena", "action": "deleted"}
    platform.answers["DELETE", f"{API}/objects/deployments/arena"] = {"results": [gone]}
    assert fedge("delete", "deploy/arena").output == "deployment/arena deleted\n"
    (tmp_path / "a.yaml").write_text(MANIFEST)
    answer = fedge("delete", "-f", str(tmp_path))
    assert (answer.exit_code, answer.stderr) == (1, "service/arena not found\n")
    assert fedge("delete", "-f", str(tmp_path), "--ignore-not-found").exit_code == 0
    assert fedge("delete").exit_code == 2
    assert fedge("delete", "site/docklands").exit_code == 2


def test_get_prints_an_aligned_table(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/sites"] = {
        "items": [
            {
                "site": "docklands",
                "state": "ready",
                "sessions": 12,
                "load": 0.25,
                "instances": [{"instance": "x"}],
            },
            {"site": "cbd", "state": "draining", "sessions": 3, "load": 0.5, "instances": []},
        ]
    }
    assert fedge("get", "site").output == (
        "SITE       STATE     INSTANCES  SESSIONS  LOAD\n"
        "cbd        draining  -          3         0.5\n"
        "docklands  ready     1          12        0.25\n"
    )
    assert json.loads(fedge("get", "sites", "-o", "json").stdout)["items"][1]["site"] == "cbd"
    assert "site: cbd" in fedge("get", "sites", "-o", "yaml").output


def test_names_are_sorted_as_people_count(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/sessions"] = {
        "items": [{"session": f"player-{n}", "site": f"site-{n % 2}", "move": "m-1"} for n in (10, 9, 2)]
    }
    names = [line.split()[0] for line in fedge("get", "sessions").output.splitlines()]
    assert names == ["SESSION", "player-2", "player-9", "player-10"]


def test_the_shell_completes_names_from_the_platform(
    fedge: Fedge, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.answers["GET", f"{API}/sessions"] = {
        "items": [{"session": "player-7", "site": "cbd", "move": "m-1"}]
    }
    platform.answers["GET", f"{API}/sites"] = {"items": [{"site": "cbd", "name": "Central"}]}

    def completed(words: str, at: int) -> str:
        environment = {"_FEDGE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        return CliRunner().invoke(main, [], prog_name="fedge", env=environment).output

    assert completed("fedge move pl", 2) == "plain,player-7\n"
    assert completed("fedge drain ", 2) == "plain,cbd\n"
    assert completed("fedge get mo", 2) == "plain,moves\n"


def test_get_of_applied_objects_and_of_one(fedge: Fedge, platform: FakePlatform) -> None:
    policy = {
        "kind": "QoSPolicy",
        "metadata": {"name": "arena"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "arena"}, "latency": {"objectiveMs": 50}},
    }
    platform.answers["GET", f"{API}/objects/qospolicies"] = {"items": [policy]}
    platform.answers["GET", f"{API}/objects/qospolicies/arena"] = policy
    expected = "NAME   TARGET            OBJECTIVE_MS  MODE  STATE\narena  Deployment/arena  50            stay  none\n"
    assert fedge("get", "qos").output == fedge("get", "qos", "arena").output == expected


def test_get_of_nothing_and_of_what_does_not_exist(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/moves"] = {"items": []}
    assert fedge("get", "moves").stderr == "There are no moves.\n"
    assert fedge("get", "moves", "m-1").exit_code == 1
    answer = fedge("get", "gnomes")
    assert answer.exit_code == 2
    assert "propagationpolicies" in answer.output


def test_explain_a_session(fedge: Fedge, platform: FakePlatform) -> None:
    terms = {"radio": 12.0, "cell_queue": 280.0, "backhaul": 2.0, "load": 0.21}
    platform.answers["GET", f"{API}/explain/player-7"] = {
        "session": "player-7",
        "at_ms": 1.0,
        "serving": "cbd",
        "decision": "stay",
        "because": "cbd is the best of 2 sites: 14.2 ms",
        "steering": "its client is redirected: wifi has no steering",
        "consent": "its application at cbd is asked before it moves",
        "hysteresis_ms": 3.0,
        "sites": [
            {
                "site": "cbd",
                "rank": 1,
                "feasible": True,
                "expected_rtt_ms": 294.21,
                "terms_ms": terms,
                "refused_by": "",
                "reason": "",
            },
            {
                "site": "docklands",
                "rank": None,
                "feasible": False,
                "expected_rtt_ms": None,
                "terms_ms": {"radio": 12.0, "cell_queue": 280.0, "backhaul": None, "load": 0.0},
                "refused_by": "state",
                "reason": "the site is being drained",
            },
        ],
    }
    assert fedge("explain", "player-7").output == (
        "player-7 is served by cbd: it stays\n"
        "  cbd is the best of 2 sites: 14.2 ms\n"
        "  its client is redirected: wifi has no steering\n"
        "  its application at cbd is asked before it moves\n"
        "  hysteresis: 3 ms\n"
        "\n"
        "RANK  SITE       EXPECTED  RADIO  CELL QUEUE  BACKHAUL  LOAD  REFUSED BY\n"
        "1     cbd*       294.21    12.00  280.00      2.00      0.21  -\n"
        "-     docklands  ?         12.00  280.00      ?         0.00  state: the site is being drained\n"
        "\n"
        "* serves now; times in ms: expected = radio + cell queue + backhaul + load\n"
    )
    assert json.loads(fedge("explain", "session/player-7", "-o", "json").output)["serving"] == "cbd"


def test_explain_a_deployment(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/explain/deployment/arena"] = {
        "deployment": "arena",
        "because": "a copy of 1 at each of 1 sites (arena)",
        "sites": [
            {"site": "cbd", "replicas": 1, "refused_by": "", "reason": ""},
            {"site": "docklands", "replicas": 0, "refused_by": "state", "reason": "it is lost"},
        ],
    }
    answer = fedge("explain", "deployment/arena")
    assert answer.output.splitlines()[1:] == [
        "SITE       REPLICAS  NOT CHOSEN BY",
        "cbd        1         -",
        "docklands  -         state: it is lost",
    ]
    assert fedge("explain", "service/arena").exit_code == 2


@pytest.mark.parametrize(("end", "status"), [("RELEASED", 0), ("ABORTED", 1)])
def test_move_and_wait_for_its_end(fedge: Fedge, platform: FakePlatform, end: str, status: int) -> None:
    platform.answers["POST", f"{API}/sessions/player-7/move"] = (202, {"move": "m-1"})
    states = ["PLANNED", "PLANNED", "FROZEN", end]
    platform.answers["GET", f"{API}/moves/m-1"] = [{"move": "m-1", "state": state} for state in states]
    answer = fedge("move", "player-7", "--to", "cbd", "--wait")
    assert answer.output == f"m-1: player-7 -> cbd\n  PLANNED\n  FROZEN\n  {end}\n"
    assert answer.exit_code == status
    assert platform.asked[0][2] == {"to": "cbd"}


def test_a_refused_move_says_why(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", f"{API}/sessions/player-7/move"] = (
        409,
        {"code": "FULL", "message": "cbd has no place"},
    )
    answer = fedge("move", "player-7", "--to", "cbd")
    assert (answer.exit_code, answer.output) == (1, "Error: cbd has no place\n")


def test_drain_and_undrain(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", f"{API}/sites/cbd/drain"] = {"site": "cbd", "sessions": 3, "within_ms": 4000}
    platform.answers["POST", f"{API}/sites/cbd/undrain"] = {}
    assert fedge("drain", "cbd").output == "cbd is draining: 3 sessions move away, within 4 s\n"
    assert fedge("undrain", "cbd").output == "cbd is open\n"


def test_describe_a_deployment(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["GET", f"{API}/objects/deployments/arena"] = {"kind": "Deployment"}
    rows = [
        {"instance": "arena-1", "app": "arena", "state": "ready"},
        {"instance": "other-1", "app": "other"},
    ]
    platform.answers["GET", f"{API}/instances"] = {"items": rows}
    output = fedge("describe", "deployment/arena").output
    assert output.startswith("kind: Deployment\n\nInstances\n")
    assert "arena-1" in output
    assert "other-1" not in output


def test_logs(fedge: Fedge, run_dir: Path) -> None:
    (run_dir / "logs").mkdir()
    (run_dir / "logs" / "control-plane.log").write_text(
        '{"event": "joined", "level": "info", "timestamp": "12:00:01", "site": "cbd", "load": 0.5}\nplain text\n'
    )
    assert fedge("logs").output == "control-plane\n"
    assert fedge("logs", "control-plane").output == "12:00:01 info joined site=cbd load=0.5\nplain text\n"
    assert fedge("logs", "control-plane", "-n", "1", "--raw").output == "plain text\n"
    assert "control-plane" in fedge("logs", "control").output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(fedge: Fedge, shell: str) -> None:
    assert "_FEDGE_COMPLETE" in fedge("completion", shell).output


def test_version(fedge: Fedge) -> None:
    assert fedge("version").output.startswith("fedge ")


def test_top_puts_the_busiest_site_first_and_marks_old_figures(fedge: Fedge, platform: FakePlatform) -> None:
    row = {"state": "ready", "sessions": 3, "capacity": 128, "instances": 1}
    platform.answers["GET", f"{API}/sites"] = {
        "items": [
            {**row, "site": "harbour", "load": 0.1, "load_age_ms": 500},
            {**row, "site": "market", "load": 0.62, "load_age_ms": 9000},
        ]
    }
    lines = fedge("top", "sites").stdout.splitlines()
    assert lines[0].split()[:4] == ["SITE", "STATE", "LOAD", "AGE"]
    assert lines[1].split()[:6] == ["market", "ready", "62%", "?", "9.0", "s"]
    assert lines[2].split()[:5] == ["harbour", "ready", "10%", "0.5", "s"]
