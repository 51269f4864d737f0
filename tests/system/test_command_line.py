"""``fedge`` end to end: the platform alone, driven by its verbs, with a client of the test's own; and its end, whichever way."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.system.client import Client
from tests.system.platform import Platform, cli, environment, processes_of, until

ARENA = Path(__file__).resolve().parents[2] / "examples" / "arena"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("fedge")
    sizes = ("--sites=3", "--players=4", "--seed=5", "--policy=stay")
    platform = Platform(home, "up", "--headless", f"--endpoints={home / 'apis.json'}", *sizes)
    yield platform
    platform.stop()


def fedge(platform: Platform, *words: str, status: int = 0) -> str:
    """Run a verb against the platform; what it printed."""
    done = subprocess.run(
        cli(*words), env=environment(platform.home), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_its_secrets_are_its_users_alone(platform: Platform) -> None:
    for secret in (platform.run / "token", platform.run / "endpoints.json", platform.home / "apis.json"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert json.loads((platform.home / "apis.json").read_text())["apis"]["fedge-admin"]["url"] == platform.api


@pytest.mark.parametrize("token", ["", "Bearer wrong"])
def test_no_change_without_the_token(platform: Platform, token: str) -> None:
    request = Request(f"{platform.api}/api/v1/apply", data=b'{"objects": []}', method="POST")
    if token:
        request.add_header("Authorization", token)
    with pytest.raises(HTTPError) as refused:
        build_opener(ProxyHandler({})).open(request, timeout=15)
    assert refused.value.code == 401


def test_a_wrong_manifest_changes_nothing(platform: Platform, tmp_path: Path) -> None:
    for file in ARENA.glob("*.yaml"):
        wrong = file.read_text().replace("maxConcurrentMovesPerSite: 4", "maxConcurrentMovesPerSite: none")
        (tmp_path / file.name).write_text(wrong)
    told = fedge(platform, "apply", "-f", str(tmp_path), status=1)
    assert "qospolicy.yaml" in told
    assert "spec.mobility.maxConcurrentMovesPerSite" in told
    assert "Nothing was changed" in told
    assert platform.ask("GET", "objects/deployments")["items"] == []


def test_deploy_play_move_drain_delete(platform: Platform) -> None:
    assert "deployment/arena created" in fedge(platform, "apply", "-f", str(ARENA))
    assert "unchanged" in fedge(platform, "apply", "-f", str(ARENA))
    until("an instance at every site", platform.whole)
    assert all(site in fedge(platform, "get", "sites") for site in platform.sites())
    assert "replicas" in fedge(platform, "describe", "deployment/arena")
    assert platform.sites()[0] in fedge(platform, "explain", "deployment/arena")
    with Client(platform, 1) as client:
        until("inputs are acknowledged", lambda: client.session.acked_seq > 30)
        source = platform.serving()["player-1"]
        assert source in fedge(platform, "explain", "player-1")
        target = next(site for site in platform.sites() if site != source)
        assert "RELEASED" in fedge(platform, "move", "player-1", "--to", target, "--wait")
        acked = client.session.acked_seq
        until("the player plays on there", lambda: client.session.acked_seq > acked + 30)
        assert platform.serving()["player-1"] == target
        assert "player-1" in fedge(platform, "get", "moves")
        assert "draining" in fedge(platform, "drain", target)
        until("the site is empty", lambda: platform.serving()["player-1"] != target)
        acked = client.session.acked_seq
        until("the player plays on elsewhere", lambda: client.session.acked_seq > acked + 30)
        assert platform.items("sites")[target]["state"] == "draining"
        assert f"{target} is open" in fedge(platform, "undrain", target)
    assert "control-plane" in fedge(platform, "logs")
    assert "control plane is up" in fedge(platform, "logs", "control-plane")
    assert "deployment/arena deleted" in fedge(platform, "delete", "-f", str(ARENA))
    until("no instance is left", lambda: not platform.items("instances"))
    until("no session is left", lambda: not platform.items("sessions"))
    assert "no session" in fedge(platform, "explain", "player-1", status=1)


def test_down_leaves_nothing(platform: Platform) -> None:
    assert processes_of(platform.run)
    assert "Stopped" in fedge(platform, "down")
    assert processes_of(platform.run) == []
    assert platform.process.wait(30) == 0
    assert "Nothing runs" in fedge(platform, "down")
    assert "fedge up" in fedge(platform, "get", "sites", status=3)


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    platform = Platform(tmp_path, "demo", "--headless", "--sites=2", "--players=2")
    until("both players play", lambda: len(platform.serving()) == 2)
    assert len(processes_of(platform.run)) >= 7  # centre, network, fleet, two agents, two instances
    os.kill(platform.process.pid, signal.SIGKILL)
    platform.process.wait(30)
    until("every process has ended", lambda: not processes_of(platform.run))
