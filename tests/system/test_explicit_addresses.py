"""The platform off its loopback net: a session is served and moved between sites that know each other by a federation file.

**No API server answers here** (tests/karmada/test_members.py has real ones): agents go on without; the control plane knows its
manifests. The instances are processes of the test, told what a published Pod would be told.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fedge.api.manifest_files import read_manifests
from fedge.core.model import SiteId
from fedge.programs.arena import arena_folder
from tests.system.explicit import (
    INSTANCE_TOKEN,
    SITES,
    TOKEN,
    Fleet,
    PlayedAccess,
    attached,
    ordered,
    plays_on,
)
from tests.system.platform import until

pytestmark = pytest.mark.system


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """The kubeconfig of an API server that is not there."""
    file = tmp_path / "nowhere.kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "nowhere", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "nobody", "user": {"token": "none"}}],
        "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
        "current-context": "nowhere",
    }
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture
def fleet(nowhere: Path, tmp_path: Path) -> Iterator[Fleet]:
    running = Fleet(nowhere, tmp_path)
    running.start_control_plane()
    for member in SITES:
        running.start_agent(member, nowhere)
    yield running
    running.stop()


def instance(fleet: Fleet, member: str, host: str, folder: Path, token: str) -> subprocess.Popen[bytes]:
    told = {
        "AGENT": f"localhost:{fleet.binds[member]['AGENT']}",
        "GATEWAY": f"localhost:{fleet.binds[member]['INSIDE']}",
        "TOKEN": token,
        "INSTANCE": f"default/arena-{member}",
        "APP": "arena",
        "BIND": f"{host}:6010",
        "SITE_DIR": str(folder),
        "CAPACITY": "8",
        "STATE_BYTES": str(1 << 20),
        "CLOCK": "wall",
    }
    env = {**os.environ, **{f"FEDGE_{name}": value for name, value in told.items()}}
    return subprocess.Popen(
        [sys.executable, "arena.py"], env=env, cwd=arena_folder(), stdin=subprocess.DEVNULL
    )


@pytest.fixture
def instances(fleet: Fleet, tmp_path: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    started = {}
    for at, member in enumerate(SITES):
        folder = tmp_path / f"pod-{member}"
        folder.mkdir()
        started[member] = instance(fleet, member, f"127.0.0.{21 + at}", folder, INSTANCE_TOKEN)
    yield started
    for process in started.values():
        process.kill()
        process.wait()


def ready(fleet: Fleet) -> set[str]:
    return {row["site"] for row in fleet.items("instances").values() if row["state"] == "ready"}


def test_a_session_is_served_and_moved(
    fleet: Fleet, instances: dict[str, subprocess.Popen[bytes]], nowhere: Path
) -> None:
    until("both sites have joined", lambda: set(fleet.items("sites")) == set(SITES.values()))
    fleet.ask("POST", "apply", {"objects": [found.object for found in read_manifests(arena_folder())]})
    until("both instances have dialled their agents", lambda: ready(fleet) == set(SITES.values()))
    access = PlayedAccess(fleet.links, TOKEN, {SiteId("harbour"): 4.0, SiteId("market"): 6.0}, fleet.n6)
    try:
        session = until("a session", lambda: attached(fleet))
        assert session is not None
        assert fleet.items("sessions")["player-1"]["site"] == "harbour"
        plays_on(access, session, epoch=1)
        move = until("the order is taken", lambda: ordered(fleet, "market"))
        assert move is not None
        give_up = time.monotonic() + 60
        while fleet.items("moves")[move]["state"] != "RELEASED" and time.monotonic() < give_up:
            access.play(session)
        assert fleet.items("sessions")["player-1"]["site"] == "market"
        plays_on(access, session, epoch=2)
        fleet.end("agent-member2")
        fleet.start_agent("member2", nowhere)
        plays_on(access, session, epoch=2)
    finally:
        access.close()


def test_the_platforms_token_makes_nobody_an_instance(fleet: Fleet, tmp_path: Path) -> None:
    until("both sites have joined", lambda: set(fleet.items("sites")) == set(SITES.values()))
    stranger = instance(fleet, "member1", "127.0.0.21", tmp_path, TOKEN)
    try:
        log = tmp_path / "agent-member1.log"
        until("it is turned away", lambda: "without the token of instances" in log.read_text())
        assert fleet.items("instances") == {}
    finally:
        stranger.kill()
        stranger.wait()
