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
from testbench.bench import Bench
from testbench.karmada_setup import client_of

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "karmada"
ACCOUNT = "system:serviceaccount:karmada-system:fedge-scheduler"
PLURAL = {"ClusterTaintPolicy": "clustertaintpolicies", "QoSPolicy": "qospolicies"}
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "ClusterTaintPolicy", "CustomResourceDefinition")


def documents(folder: str) -> Iterator[dict[str, Any]]:
    for file in sorted((FOLDER / folder).glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def path_of(one: dict[str, Any]) -> str:
    version, kind = one["apiVersion"], one["kind"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = PLURAL.get(kind, kind.lower() + "s")
    where = "" if kind in CLUSTER_WIDE else f"/namespaces/{one['metadata']['namespace']}"
    return f"{base}{where}/{plural}/{one['metadata']['name']}"


def apply(client: Client, one: dict[str, Any], dry: bool = True) -> httpx2.Response:
    query = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true"} | (
        {"dryRun": "All"} if dry else {}
    )
    headers = {"Content-Type": "application/apply-patch+yaml"}
    http: httpx2.Client = client._client._client
    return http.patch(path_of(one), params=query, content=yaml.safe_dump(one).encode(), headers=headers)


@pytest.mark.parametrize(
    "one", list(documents("karmada")), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_karmada_accepts_it(karmada: Client, one: dict[str, Any]) -> None:
    answer = apply(karmada, one)
    assert answer.status_code in (200, 201), answer.text


def test_the_host_accepts_the_scheduler(whole: Bench) -> None:
    """A member stands in for the host cluster: an API server is an API server."""
    host = client_of(whole.at.admin("member1"))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "karmada-system"}}
    http: httpx2.Client = host._client._client
    made = http.post("/api/v1/namespaces", json=namespace)
    assert made.status_code in (201, 409)
    for one in documents("host"):
        answer = apply(host, one)
        assert answer.status_code in (200, 201), answer.text


def test_a_field_that_does_not_exist_is_refused(karmada: Client) -> None:
    """The dry run is worth something."""
    (one,) = (each for each in documents("karmada") if each["kind"] == "ClusterTaintPolicy")
    one["spec"]["taintz"] = []
    answer = apply(karmada, one)
    assert answer.status_code >= 400
    assert ".spec.taintz: field not declared in schema" in answer.text


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


@pytest.fixture
def account(karmada: Client, whole: Bench) -> Client:
    prepare(str(whole.at.admin("karmada")), {})
    for one in documents("karmada"):
        if one["kind"] != "ClusterTaintPolicy":
            answer = apply(karmada, one, dry=False)
            assert answer.status_code in (200, 201), answer.text
    return karmada


@pytest.mark.parametrize("asked", [*ALLOWED, *REFUSED], ids=lambda asked: "-".join(filter(None, asked)))
def test_its_rights_suffice_and_are_no_more(account: Client, asked: tuple[str, str, str, str, str]) -> None:
    group, resource, subresource, verb, name = asked
    attributes = {
        "group": group, "resource": resource, "subresource": subresource, "verb": verb, "name": name,
        "namespace": "" if resource == "clusters" else "karmada-system",
    }  # fmt: skip
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": ACCOUNT, "resourceAttributes": attributes},
    }
    http: httpx2.Client = account._client._client
    answer = http.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json=review)
    assert answer.json()["status"]["allowed"] is (asked in ALLOWED)
