"""``fedge tenant``, and the command line of a tenant, which knows an address and a token and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.conftest import FakePlatform

Fedge = Callable[..., Result]
API = "/api/v1"


def test_create_applies_a_tenant(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", f"{API}/apply"] = {
        "results": [{"kind": "Tenant", "name": "studio", "action": "created"}]
    }
    answer = fedge("tenant", "create", "studio", "--sessions", "9", "--cpu", "4", "--site", "harbour")
    assert answer.output == "tenant/studio created\n"
    (applied,) = platform.asked[0][2]["objects"]
    assert (applied["kind"], applied["metadata"]) == ("Tenant", {"name": "studio"})
    assert applied["spec"] == {"quota": {"cpu": "4", "sessions": 9}, "sites": {"names": ["harbour"]}}


def test_a_token_is_printed_alone_and_what_to_do_with_it_beside(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["POST", f"{API}/tenants/studio/token"] = (201, {"tenant": "studio", "token": "s3cret"})
    answer = fedge("tenant", "token", "studio")
    assert answer.stdout == "s3cret\n"
    assert "FEDGE_API=http" in answer.stderr
    assert platform.asked[-1][2] == {"players": False}
    assert fedge("tenant", "token", "studio", "--players").stderr == ""
    assert platform.asked[-1][2] == {"players": True}
    fedge("tenant", "token", "studio", "--redirect-uri", "https://a.example/", "--redirect-uri", "https://b/")
    assert platform.asked[-1][2] == {
        "players": False,
        "redirect_uris": ["https://a.example/", "https://b/"],
    }


def test_revoke(fedge: Fedge, platform: FakePlatform) -> None:
    platform.answers["DELETE", f"{API}/tenants/studio/token"] = {"tenant": "studio"}
    assert fedge("tenant", "revoke", "studio").output == "the tokens of studio have ended\n"


def test_a_tenant_needs_an_address_and_a_token_only(
    fedge: Fedge, platform: FakePlatform, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = json.loads((run_dir / "endpoints.json").read_text())["apis"]["fedge-admin"]["url"]
    monkeypatch.setenv("FEDGE_API", url.removesuffix("/api/v1") + "/")
    monkeypatch.setenv("FEDGE_API_TOKEN", "tenant's")
    (run_dir.parent.parent / "current").unlink()
    platform.answers["GET", f"{API}/sites"] = {"items": [{"site": "harbour", "state": "ready"}]}
    assert "harbour" in fedge("get", "sites").output
    assert platform.asked[-1][3] == "Bearer tenant's"


def test_delete_goes_to_the_namespace_that_is_meant(
    fedge: Fedge, platform: FakePlatform, tmp_path: Path
) -> None:
    file = tmp_path / "chess.yaml"
    file.write_text("kind: Deployment\nmetadata: {name: chess, namespace: studio}\n")
    path = f"{API}/objects/deployments/chess?namespace="
    for namespace in ("studio", "rival"):
        platform.answers["DELETE", path + namespace] = deleted(("Deployment", namespace, "chess"))
    assert fedge("delete", "-f", str(file)).output == "deployment/chess deleted\n"
    assert fedge("delete", "deployment/chess", "-n", "rival").output == "deployment/chess deleted\n"
    assert [asked[1] for asked in platform.asked] == [f"{path}studio", f"{path}rival"]


def test_what_went_with_its_tenant_is_said_and_is_no_error_if_it_was_to_be_deleted_too(
    fedge: Fedge, platform: FakePlatform, tmp_path: Path
) -> None:
    file = tmp_path / "studio.yaml"
    file.write_text(
        "kind: Tenant\nmetadata: {name: studio}\n---\n"
        "kind: Deployment\nmetadata: {name: chess, namespace: studio}\n"
    )
    went = (("Tenant", "", "studio"), ("Deployment", "studio", "chess"))
    platform.answers["DELETE", f"{API}/objects/tenants/studio"] = deleted(*went)
    answer = fedge("delete", "-f", str(file))
    assert answer.output == "tenant/studio deleted\ndeployment/chess deleted (with the Tenant studio)\n"
    assert answer.exit_code == 0


def deleted(*names: tuple[str, str, str]) -> dict[str, Any]:
    """The platform's answer."""
    rows = [{"kind": kind, "namespace": at, "name": name, "action": "deleted"} for kind, at, name in names]
    return {"results": rows}


def test_a_list_over_several_namespaces_says_which(fedge: Fedge, platform: FakePlatform) -> None:
    raw = {"spec": {"template": {"spec": {"containers": [{}]}}}}
    rows = [
        raw | {"metadata": {"name": "arena", "namespace": "studio"}},
        raw | {"metadata": {"name": "arena"}},
    ]
    platform.answers["GET", f"{API}/objects/deployments"] = {"items": rows}
    lines = fedge("get", "deployments").output.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["NAME", "NAMESPACE"],
        ["arena", "default"],
        ["arena", "studio"],
    ]
    platform.answers["GET", f"{API}/objects/deployments"] = {"items": rows[1:]}
    assert "NAMESPACE" not in fedge("get", "deployments").output


def test_tenants_are_listed(fedge: Fedge, platform: FakePlatform) -> None:
    rows = [
        {"metadata": {"name": "studio"}, "spec": {"quota": {"sessions": 9}, "sites": {"names": ["harbour"]}}},
        {"metadata": {"name": "rival"}, "spec": {}},
    ]
    platform.answers["GET", f"{API}/objects/tenants"] = {"items": rows}
    output = fedge("get", "tenants").output
    assert "sessions=9" in output
    assert output.splitlines()[1].split() == ["rival", "-", "all"]
