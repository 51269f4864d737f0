"""Tenants on a real Karmada: bindings of a tenant's namespace keep to its clusters, and move when these change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import Client
from lightkube.types import PatchType

from fedge.adapters.karmada.prepare import prepare
from fedge.adapters.karmada.publication import publication
from fedge.adapters.karmada.resources import FederatedResourceQuota, Tenant
from testbench.bench import Bench
from tests.karmada.objects import WEIGHTED, apply, binding, deployment, placed, policy, remove, settled
from tests.karmada.schedulers import Schedulers

Until = Callable[..., Any]
MEMBERS = ("member1", "member2", "member3")


def bound(client: Client, **spec: Any) -> None:
    raw = {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": "default"},
        "spec": spec,
    }
    client.patch(Tenant, "default", raw, patch_type=PatchType.APPLY, force=True, field_manager="test")


@pytest.fixture
def prepared(whole: Bench, karmada: Client) -> Iterator[Client]:
    """The custom resources are there, and each member is a site."""
    prepare(str(whole.at.admin("karmada")), {member: f"site-{member}" for member in MEMBERS})
    yield karmada
    for one in karmada.list(Tenant):
        karmada.delete(Tenant, str(one.metadata and one.metadata.name))


def test_a_tenant_s_binding_keeps_to_its_sites_and_follows_them(
    prepared: Client, schedulers: Schedulers, until: Until
) -> None:
    bound(prepared, sites={"names": ["site-member2"]})
    schedulers.start()
    apply(prepared, policy("kept", **WEIGHTED), deployment("kept", 4))
    until(lambda: placed(prepared, "kept") == {"member2": 4}, "at the tenant's site")
    told = json.loads(binding(prepared, "kept")["metadata"]["annotations"]["fedge.dev/explanation"])
    (refused,) = told["refused"]
    assert (refused["rule"], refused["clusters"]) == ("tenant", ["member1", "member3"])
    bound(prepared, sites={"exclude": ["site-member2"]})
    until(lambda: set(placed(prepared, "kept")) == {"member1", "member3"}, "moved")
    until(lambda: settled(prepared, "kept"), "settled")
    remove(prepared, "kept")


def test_its_quota_becomes_karmada_s(prepared: Client) -> None:
    raw = {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": "default"},
        "spec": {"quota": {"cpu": "2", "memory": "1Gi", "sessions": 5}},
    }
    published = publication([raw], "fedge-test", bench_nodes=False)
    quota = next(one for one in published if one["kind"] == "FederatedResourceQuota")
    name = quota["metadata"]["name"]
    prepared.patch(
        FederatedResourceQuota, name, quota, namespace="default",
        patch_type=PatchType.APPLY, force=True, field_manager="test",
    )  # fmt: skip
    found = prepared.get(FederatedResourceQuota, name, namespace="default")
    assert found["spec"]["overall"] == {"cpu": "2", "memory": "1Gi"}
    prepared.delete(FederatedResourceQuota, name, namespace="default")
