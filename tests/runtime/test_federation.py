"""The federation file and the environment of an agent in a member cluster: what is read of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedge.programs.control_config import fleet_control
from fedge.programs.site_config import Kubelets, member_site
from fedge.runtime.federation import BadFederation, read_federation
from fedge.runtime.terms import USUAL

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "karmada" / "federation.yaml"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    for name in ("token", "instance-token"):
        (tmp_path / name).write_text(f"{name} of the test\n")
    return {
        "FEDGE_FEDERATION": str(EXAMPLE),
        "FEDGE_CLUSTER": "member2",
        "FEDGE_TOKEN_FILE": str(tmp_path / "token"),
        "FEDGE_INSTANCE_TOKEN_FILE": str(tmp_path / "instance-token"),
        "FEDGE_STATE_DIR": str(tmp_path),
    }


def test_an_agent_is_the_site_of_its_cluster(environ: dict[str, str]) -> None:
    told = member_site(environ | {"FEDGE_NAMESPACES": "default,studio"})
    assert (told.site, told.peer, told.bind_peer) == ("market", "198.51.100.20:6002", "0.0.0.0:6002")
    assert (told.token, told.instance_token) == ("token of the test", "instance-token of the test")
    assert {each.site: each.between for each in told.neighbours} == {
        "harbour": ("198.51.100.10", 6002),
        "old-town": ("198.51.100.30", 6002),
    }
    assert told.instances == Kubelets(("default", "studio"))
    assert not told.emulated  # the network between sites is a real one


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"FEDGE_CLUSTER": "unknown"}, "no site is in the cluster 'unknown'"),
        ({"FEDGE_CLUSTER": ""}, "FEDGE_CLUSTER is not set"),
        ({"FEDGE_TOKEN_FILE": "/nowhere"}, "FEDGE_TOKEN_FILE: /nowhere"),
        ({"FEDGE_STATE_DIR": "/nowhere"}, "/nowhere is no folder"),
        ({"FEDGE_FEDERATION": "/nowhere"}, "/nowhere: No such file"),
        ({"FEDGE_BIND_PEER": "here"}, "FEDGE_BIND_PEER is 'here'; expected host:port"),
    ],
)
def test_an_agent_says_which_variable_is_wrong(
    environ: dict[str, str], change: dict[str, str], said: str
) -> None:
    with pytest.raises(BadFederation, match=said):
        member_site(environ | change)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "userPlane: 192.0.2.1:6000",
            "userPlane: upf.example:6000",
            "userPlane is .* expected an IPv4 address",
        ),
        ("gateway: 198.51.100.20:6000", "gateway: 198.51.100.20", "gateway of market is"),
        ("cluster: member2", "cluster: member1", "a cluster is named twice"),
        ("site: market", "site: harbour", "a site is named twice"),
        ("    cluster: member3", "    kluster: member3", "unknown field"),
        ("sites:", "sites: [", "while parsing"),
        ("service: 192.0.2.2:7777", "service: 192.0.2.2:0", "service is"),
        ("    cluster: member3", "    cluster: member3\n    dnai: market", "two sites have the same dnai"),
        (
            "    cluster: member3",
            "    cluster: member3\n    service: 203.0.113.9:7777",
            "some sites have a service",
        ),
        (
            "    cluster: member3",
            "    cluster: member3\n    service: play.example:7777",
            "service of old-town is",
        ),
    ],
)
def test_a_federation_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "federation.yaml"
    text = EXAMPLE.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(BadFederation, match=said):
        read_federation(file)


def test_a_site_may_have_an_address_of_its_own_and_a_name_in_the_core_network(tmp_path: Path) -> None:
    file, text = tmp_path / "federation.yaml", EXAMPLE.read_text()
    for number in (1, 2, 3):
        more = f"    service: 203.0.113.{number}:7777\n    dnai: edge-{number}"
        text = text.replace(f"    cluster: member{number}", f"    cluster: member{number}\n{more}")
    file.write_text(text)
    told = fleet_control(
        read_federation(file), tmp_path, "token", ("0.0.0.0", 7000), ("0.0.0.0", 8080), "kubeconfig", USUAL
    )
    assert told.site_services["market"] == "203.0.113.2:7777"  # type: ignore[index]
    assert told.dnais == {"harbour": "edge-1", "market": "edge-2", "old-town": "edge-3"}
    plain = fleet_control(read_federation(EXAMPLE), tmp_path, "t", ("0.0.0.0", 1), ("0.0.0.0", 2), "", USUAL)
    assert (plain.site_services, plain.dnais) == ({}, {})
