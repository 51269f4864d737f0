"""What a site of an embedded run is told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fedge.core.messages import RunInstances
from fedge.core.model import AppId, InstanceId
from fedge.core.site import SiteAgent, SiteSettings
from fedge.programs.site_config import Loopback, embedded_site
from fedge.programs.site_processes import ChildProcesses
from fedge.runtime.run import Config, Run
from fedge.simulation.city import generate, write_city

TOKEN = "the operator's"


def run_of(folder: Path) -> Run:
    config = Config("embedded", 7, 2, 1, "follow", 1.0, 65_536, 5.0, 77, 0.0, 0, 0)
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    (folder / "token").write_text(TOKEN)
    write_city(folder / "city.json", generate(7, 2))
    return Run(folder)


def test_an_instance_is_not_given_the_operator_s_token(tmp_path: Path) -> None:
    one, other = (embedded_site(run_of(tmp_path), site) for site in (0, 1))
    assert one.token == TOKEN
    assert one.instance_token == other.instance_token, "the run's, so that it is the same after a restart"
    assert isinstance(one.instances, Loopback)
    instances = ChildProcesses(one, one.instances, SiteAgent(SiteSettings(one.site)), lambda effects: None)
    env = instances._env(
        InstanceId("arena-1"), ("127.0.0.1", 6010), RunInstances(AppId("arena"), 1, "arena/1", ("true",))
    )
    assert env["FEDGE_TOKEN"] == one.instance_token
    assert TOKEN not in env.values()
