"""What `deploy/karmada` says to programs is what they take: options, variables, ports. API servers are asked in tests/karmada."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from fedge.adapters.embedded import addresses
from fedge.adapters.karmada.publication import AGENT, AGENT_PORT, INSIDE_PORT, TOKEN_SECRET
from fedge.programs import control_plane, scheduler, site_config
from fedge.runtime.federation import BETWEEN_PORT

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "karmada"


def objects(kind: str) -> Iterator[dict[str, Any]]:
    for file in sorted(FOLDER.glob("*/*.yaml")):
        yield from (one for one in yaml.safe_load_all(file.read_text()) if one["kind"] == kind)


def named(kind: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in objects(kind) if one["metadata"]["name"] == name)
    return found


def container(name: str) -> dict[str, Any]:
    (found,) = named("Deployment", name)["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize(
    ("deployment", "program"),
    [("fedge-control-plane", control_plane.main), ("fedge-scheduler", scheduler.main)],
)
def test_a_programs_options_are_options_of_it(deployment: str, program: click.Command) -> None:
    told = [argument.partition("=") for argument in container(deployment)["args"]]
    options = {name: one for one in program.params if isinstance(one, click.Option) for name in one.opts}
    assert {name for name, _, _ in told} <= options.keys()
    for name, equals, value in told:
        assert equals
        option = options[name]
        if isinstance(option.type, click.Path):  # it is a place in the container
            assert value.startswith("/")
        else:
            option.type.convert(value, option, click.Context(program))


def test_a_place_that_a_program_is_told_is_mounted_there() -> None:
    for deployment in objects("Deployment"):
        (one,) = deployment["spec"]["template"]["spec"]["containers"]
        said = [argument.partition("=")[2] for argument in one.get("args", ())]
        said += [str(each["value"]) for each in one.get("env", ())]
        mounts = [mount["mountPath"] for mount in one["volumeMounts"]]
        for place in (each for each in said if each.startswith("/")):
            assert any(place == mount or place.startswith(f"{mount}/") for mount in mounts), place
        volumes = {volume["name"] for volume in deployment["spec"]["template"]["spec"]["volumes"]}
        assert {mount["name"] for mount in one["volumeMounts"]} == volumes


def test_the_agent_is_told_all_that_it_needs_and_nothing_that_it_does_not_know(tmp_path: Path) -> None:
    told = {one["name"]: str(one["value"]) for one in container("fedge-agent")["env"]}
    (tmp_path / "token").write_text("one")
    (tmp_path / "instance-token").write_text("other")
    here = {
        **told,
        "FEDGE_CLUSTER": "member1",
        "FEDGE_FEDERATION": str(FOLDER / "federation.yaml"),
        "FEDGE_TOKEN_FILE": str(tmp_path / Path(told["FEDGE_TOKEN_FILE"]).name),
        "FEDGE_INSTANCE_TOKEN_FILE": str(tmp_path / Path(told["FEDGE_INSTANCE_TOKEN_FILE"]).name),
        "FEDGE_STATE_DIR": str(tmp_path),
    }
    read: set[str] = set()

    class Environment(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

    config = site_config.member_site(Environment(here))
    assert (config.site, config.token, config.instance_token) == ("harbour", "one", "other")
    assert config.instances == site_config.Kubelets(("default",), "")
    assert told.keys() <= read
    assert config.door_host == ""


def ports(named_ports: list[dict[str, Any]], number: str) -> set[tuple[int, str]]:
    return {(one[number], one.get("protocol", "TCP")) for one in named_ports}


def test_the_agent_listens_where_its_services_lead() -> None:
    inside = ports(named("Service", "fedge-agent")["spec"]["ports"], "port")
    outside = ports(named("Service", "fedge-agent-outside")["spec"]["ports"], "port")
    assert inside == {(addresses.AGENT_PORT, "TCP"), (addresses.INSIDE_PORT, "UDP")}
    peer = {(addresses.PEER_PORT, "TCP"), (BETWEEN_PORT, "UDP")}
    assert outside == {(addresses.N6_PORT, "UDP")} | peer
    assert ports(container("fedge-agent")["ports"], "containerPort") == inside | outside
    assert (AGENT_PORT, INSIDE_PORT) == (addresses.AGENT_PORT, addresses.INSIDE_PORT), "what games are told"
    service = named("Service", "fedge-agent")["metadata"]
    assert f"{service['name']}.{service['namespace']}.svc" == AGENT


def test_the_control_plane_listens_where_its_services_lead() -> None:
    defaults = {one.name: one.default for one in control_plane.main.params if isinstance(one, click.Option)}
    bound = {int(str(defaults[name]).rpartition(":")[2]) for name in ("bind_links", "bind_api")}
    services = [
        one for one in objects("Service") if one["metadata"]["name"].startswith("fedge-control-plane")
    ]
    assert {port for one in services for port, _ in ports(one["spec"]["ports"], "port")} == bound
    assert {port for port, _ in ports(container("fedge-control-plane")["ports"], "containerPort")} == bound


def test_the_runbook_makes_the_secrets_that_are_mounted() -> None:
    runbook = (FOLDER / "README.md").read_text()
    for deployment in objects("Deployment"):
        for volume in deployment["spec"]["template"]["spec"]["volumes"]:
            kept = volume.get("secret", {}).get("secretName") or volume.get("configMap", {}).get("name")
            assert kept is None or kept in runbook
    assert TOKEN_SECRET in runbook
