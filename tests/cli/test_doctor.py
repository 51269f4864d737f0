"""``fedge doctor`` where there is no Karmada to ask; on a real one: tests/karmada/test_doctor.py."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from fedge.cli.main import main

NOWHERE = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


def test_an_api_server_that_does_not_answer_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(NOWHERE)
    answer = CliRunner().invoke(main, ["doctor", "--kubeconfig", str(file)])
    assert answer.exit_code == 2
    assert "the API server does not answer" in answer.output


def test_a_kubeconfig_is_needed() -> None:
    answer = CliRunner().invoke(main, ["doctor"])
    assert answer.exit_code == 2
    assert "--kubeconfig" in answer.output
