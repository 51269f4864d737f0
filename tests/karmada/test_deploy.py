"""What an operator applies: accepted by real API servers (server-side dry run, strict), and rights that suffice, no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from lightkube import Client

from fedge.adapters.karmada.prepare import prepare
from fedge.runtime.federation import read_federation
from testbench.bench import Bench
from testbench.karmada_setup import client_of

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "karmada"
ACCOUNT = "system:serviceaccount:karmada-system:fedge-scheduler"
CLUSTER_WIDE = (
    "ClusterOverridePolicy",
    "ClusterPropagationPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTaintPolicy",
    "CustomResourceDefinition",
    "Namespace",
)


def documents(folder: str) -> Iterator[dict[str, Any]]:
    for file in sorted((FOLDER / folder).glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def path_of(one: dict[str, Any]) -> str:
    version, kind = one["apiVersion"], one["kind"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = kind.lower().removesuffix("y") + ("ies" if kind.endswith("y") else "s")
    where = "" if kind in CLUSTER_WIDE else f"/namespaces/{one['metadata']['namespace']}"
    return f"{base}{where}/{plural}/{one['metadata']['name']}"


def apply(client: Client, one: dict[str, Any], dry: bool = True) -> httpx2.Response:
    query = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true"} | (
        {"dryRun": "All"} if dry else {}
    )
    headers = {"Content-Type": "application/apply-patch+yaml"}
    http: httpx2.Client = client._client._client
    return http.patch(path_of(one), params=query, content=yaml.safe_dump(one).encode(), headers=headers)


def named(one: dict[str, Any]) -> str:
    return f"{one['kind']}-{one['metadata']['name']}"


def with_namespace(client: Client, name: str) -> Client:
    """A dry run in a namespace needs the namespace."""
    http: httpx2.Client = client._client._client
    made = http.post(
        "/api/v1/namespaces", json={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    assert made.status_code in (201, 409)
    return client


def refusals(client: Client, *folders: str, but: str = "") -> dict[str, str]:
    """What the API server says against what stands in ``folders``; ``but``: without this group."""
    said = {}
    for one in (each for folder in folders for each in documents(folder)):
        if not but or not one["apiVersion"].startswith(but):
            answer = apply(client, one)
            if answer.status_code not in (200, 201):
                said[named(one)] = answer.text
    return said


def test_karmada_accepts_what_is_for_it(karmada: Client) -> None:
    assert refusals(with_namespace(karmada, "fedge-system"), "karmada", "members") == {}


def test_a_member_accepts_what_karmada_takes_there(whole: Bench) -> None:
    member = with_namespace(client_of(whole.at.admin("member1")), "fedge-system")
    assert refusals(member, "members", but="policy.karmada.io") == {}


def test_the_host_accepts_what_is_for_it(whole: Bench) -> None:
    """A member stands in for the host cluster: an API server is an API server."""
    assert refusals(with_namespace(client_of(whole.at.admin("member1")), "karmada-system"), "host") == {}


def test_the_federation_that_stands_there_can_be_read() -> None:
    federation = read_federation(FOLDER / "federation.yaml")
    (rules,) = (
        one["spec"]["overrideRules"] for one in documents("members") if one["kind"] == "ClusterOverridePolicy"
    )
    told = {name for rule in rules for name in rule["targetCluster"]["clusterNames"]}
    assert told == {place.cluster for place in federation.sites}


def test_a_field_that_does_not_exist_is_refused(karmada: Client) -> None:
    """The dry run is worth something."""
    (one,) = (each for each in documents("karmada") if each["kind"] == "ClusterTaintPolicy")
    one["spec"]["taintz"] = []
    answer = apply(karmada, one)
    assert answer.status_code >= 400
    assert ".spec.taintz: field not declared in schema" in answer.text


Asked = tuple[str, str, str, str, str]
"""group, resource, subresource, verb, name"""
ALLOWED = [
    ("work.karmada.io", "resourcebindings", "", "patch", ""),
    ("work.karmada.io", "resourcebindings", "status", "patch", ""),
    ("work.karmada.io", "clusterresourcebindings", "", "watch", ""),
    ("cluster.karmada.io", "clusters", "", "list", ""),
    ("fedge.dev", "qospolicies", "", "list", ""),
    ("fedge.dev", "tenants", "", "watch", ""),
    ("coordination.k8s.io", "leases", "", "update", "fedge-scheduler"),
]
REFUSED = [
    ("", "secrets", "", "get", ""),
    ("apps", "deployments", "", "patch", ""),
    ("cluster.karmada.io", "clusters", "", "patch", ""),
    ("work.karmada.io", "resourcebindings", "", "delete", ""),
    ("work.karmada.io", "works", "", "get", ""),
    ("coordination.k8s.io", "leases", "", "update", "karmada-scheduler"),
]


CLUSTERS_OWN = ("clusters", "namespaces", "tenants", "priorityclasses", "clustertaintpolicies")
CONTROL_PLANE = "system:serviceaccount:karmada-system:fedge-control-plane"
CONTROL_ALLOWED = [
    ("apps", "deployments", "", "patch", ""),
    ("", "services", "", "delete", ""),
    ("", "namespaces", "", "create", ""),
    ("policy.karmada.io", "propagationpolicies", "", "create", ""),
    ("fedge.dev", "qospolicies", "", "list", ""),
    ("fedge.dev", "tenants", "", "patch", ""),
    ("scheduling.k8s.io", "priorityclasses", "", "create", ""),
    ("policy.karmada.io", "federatedresourcequotas", "", "delete", ""),
    ("work.karmada.io", "resourcebindings", "", "list", ""),
    ("work.karmada.io", "resourcebindings", "", "patch", ""),
    ("cluster.karmada.io", "clusters", "", "patch", ""),
]
CONTROL_REFUSED = [
    ("", "secrets", "", "get", ""),
    ("", "namespaces", "", "delete", ""),
    ("work.karmada.io", "resourcebindings", "", "delete", ""),
    ("work.karmada.io", "works", "", "get", ""),
    ("cluster.karmada.io", "clusters", "", "delete", ""),
    ("policy.karmada.io", "clustertaintpolicies", "", "patch", ""),
]


@pytest.fixture
def accounts(karmada: Client, whole: Bench) -> Client:
    prepare(str(whole.at.admin("karmada")), {})
    for one in documents("karmada"):
        if one["kind"] != "ClusterTaintPolicy":
            answer = apply(karmada, one, dry=False)
            assert answer.status_code in (200, 201), answer.text
    return karmada


def allowed(
    client: Client,
    user: str,
    group: str,
    resource: str,
    verb: str,
    namespace: str,
    name: str = "",
    subresource: str = "",
) -> bool:
    """Asked of the API server itself."""
    attributes = {
        "group": group, "resource": resource, "subresource": subresource, "verb": verb, "name": name, "namespace": namespace,
    }  # fmt: skip
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    http: httpx2.Client = client._client._client
    answer = http.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json=review)
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize(
    ("user", "good", "bad"),
    [(ACCOUNT, ALLOWED, REFUSED), (CONTROL_PLANE, CONTROL_ALLOWED, CONTROL_REFUSED)],
    ids=["scheduler", "control-plane"],
)
def test_rights_suffice_and_are_no_more(
    accounts: Client, user: str, good: list[Asked], bad: list[Asked]
) -> None:
    def may(asked: Asked) -> bool:
        group, resource, subresource, verb, name = asked
        namespace = "" if resource in CLUSTERS_OWN else "karmada-system"
        return allowed(accounts, user, group, resource, verb, namespace, name, subresource)

    assert [asked for asked in good if not may(asked)] == []
    assert [asked for asked in bad if may(asked)] == []
