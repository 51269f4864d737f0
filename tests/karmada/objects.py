"""Manifests and reads that the Karmada tests share."""

from __future__ import annotations

from typing import Any

from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.types import PatchType

from fedge.adapters.karmada.resources import KINDS, ResourceBinding

SCHEDULER = "fedge-scheduler"


def deployment(
    name: str, replicas: int = 3, image: str = "example/none:1", **template: Any
) -> dict[str, Any]:
    container = {"name": name, "image": image, "resources": {"requests": {"cpu": "10m"}}, **template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def policy(name: str, scheduler: str = SCHEDULER, **placement: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "schedulerName": scheduler,
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name}],
            "placement": placement,
        },
    }


WEIGHTED = {
    "replicaScheduling": {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}
}


def apply(client: Client, *objects: dict[str, Any]) -> None:
    for one in objects:
        client.patch(
            KINDS[one["kind"]], one["metadata"]["name"], one, namespace="default",
            patch_type=PatchType.APPLY, force=True, field_manager="test",
        )  # fmt: skip


def remove(client: Client, *names: str) -> None:
    for name in names:
        for kind in ("Deployment", "PropagationPolicy"):
            try:
                client.delete(KINDS[kind], name, namespace="default")
            except ApiError as error:
                if error.status.code != 404:
                    raise


def binding(client: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(ResourceBinding, f"{name}-deployment", namespace="default").to_dict()
    return found


def placed(client: Client, name: str) -> dict[str, int]:
    return {
        one["name"]: one.get("replicas", 0) for one in binding(client, name)["spec"].get("clusters") or ()
    }


def scheduled(client: Client, name: str) -> tuple[str, str]:
    """(status, reason) of the condition Scheduled."""
    conditions = (binding(client, name).get("status") or {}).get("conditions") or ()
    one = next((c for c in conditions if c["type"] == "Scheduled"), {})
    return one.get("status", ""), one.get("reason", "")


def settled(client: Client, name: str) -> bool:
    found = binding(client, name)
    observed = (found.get("status") or {}).get("schedulerObservedGeneration")
    return bool(observed == found["metadata"]["generation"])
