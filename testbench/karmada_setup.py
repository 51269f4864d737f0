"""What turns an API server into Karmada's: namespaces, CRDs, webhooks, the aggregated API; and members that join. Idempotent."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_global_resource
from lightkube.resources.admissionregistration_v1 import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import Namespace, Service
from lightkube.types import PatchType

from testbench.certs import bundle
from testbench.programs import AGGREGATED, PULLED, Layout

APIService = create_global_resource("apiregistration.k8s.io", "v1", "APIService", "apiservices")
Cluster = create_global_resource("cluster.karmada.io", "v1alpha1", "Cluster", "clusters")
SYSTEM = "karmada-system"
BINDINGS = ("resourcebindings.work.karmada.io", "clusterresourcebindings.work.karmada.io")

# What karmada-webhook serves, by the resource it looks at: (group, resource, path, mutates, validates).
HOOKS = (
    ("policy.karmada.io", "propagationpolicies", "propagationpolicy", "CU", "CU"),
    ("policy.karmada.io", "clusterpropagationpolicies", "clusterpropagationpolicy", "CU", "CU"),
    ("policy.karmada.io", "overridepolicies", "overridepolicy", "CU", "CU"),
    ("policy.karmada.io", "clusteroverridepolicies", "clusteroverridepolicy", "", "CU"),
    ("policy.karmada.io", "clustertaintpolicies", "clustertaintpolicy", "", "CU"),
    ("policy.karmada.io", "federatedresourcequotas", "federatedresourcequota", "", "CU"),
    ("work.karmada.io", "resourcebindings", "resourcebinding", "C", "CU"),
    ("work.karmada.io", "clusterresourcebindings", "clusterresourcebinding", "C", ""),
    ("work.karmada.io", "works", "work", "CU", ""),
)
_VERBS = {"C": "CREATE", "U": "UPDATE"}


def client_of(kubeconfig: Path) -> Client:
    return Client(KubeConfig.from_file(str(kubeconfig)).get(), field_manager="fedge-testbench")


def set_up(at: Layout, definitions: Path) -> None:
    """Everything that Karmada's programs need in its API server before they start."""
    client = client_of(at.admin("karmada"))
    for name in (SYSTEM, "karmada-cluster"):
        _apply(client, Namespace, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for file in sorted(definitions.glob("*.yaml")):
        _apply(client, CustomResourceDefinition, _converted(yaml.safe_load(file.read_text()), at))
    for kind, column, verb in (
        (MutatingWebhookConfiguration, 3, "mutate"),
        (ValidatingWebhookConfiguration, 4, "validate"),
    ):
        _apply(client, kind, _hooks(at, kind.__name__, column, verb))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": AGGREGATED, "namespace": SYSTEM},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }
    _apply(client, Service, service)
    _apply(
        client,
        APIService,
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1alpha1.cluster.karmada.io"},
            "spec": {
                "caBundle": bundle(at.ca["karmada"]),
                "group": "cluster.karmada.io",
                "groupPriorityMinimum": 2000,
                "service": {"name": AGGREGATED, "namespace": SYSTEM, "port": at.ports[AGGREGATED]},
                "version": "v1alpha1",
                "versionPriority": 10,
            },
        },
    )


def _apply(client: Client, kind: Any, one: dict[str, Any]) -> None:
    metadata = one["metadata"]
    where = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    client.patch(kind, metadata["name"], one, patch_type=PatchType.APPLY, force=True, **where)


def _url(at: Layout, path: str) -> dict[str, str]:
    return {
        "url": f"https://127.0.0.1:{at.ports['karmada-webhook']}/{path}",
        "caBundle": bundle(at.ca["karmada"]),
    }


def _converted(definition: dict[str, Any], at: Layout) -> dict[str, Any]:
    if definition["metadata"]["name"] in BINDINGS:
        definition["spec"]["conversion"] = {
            "strategy": "Webhook",
            "webhook": {"clientConfig": _url(at, "convert"), "conversionReviewVersions": ["v1"]},
        }
    return definition


def _hooks(at: Layout, kind: str, column: int, verb: str) -> dict[str, Any]:
    hooks = [
        {
            "name": f"{hook[2]}.karmada.io",
            "rules": [
                {
                    "operations": [_VERBS[letter] for letter in str(hook[column])],
                    "apiGroups": [hook[0]],
                    "apiVersions": ["*"],
                    "resources": [hook[1]],
                    "scope": "*",
                }
            ],
            "clientConfig": _url(at, f"{verb}-{hook[2]}"),
            "failurePolicy": "Fail",
            "sideEffects": "NoneOnDryRun",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 10,
        }
        for hook in HOOKS
        if hook[column]
    ]
    name = "mutating-config" if verb == "mutate" else "validating-config"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": hooks,
    }


def joined(at: Layout) -> dict[str, bool]:
    """Member → is it Ready, as Karmada sees it."""
    found: dict[str, bool] = {}
    for one in client_of(at.admin("karmada")).list(Cluster):
        conditions = (one.get("status") or {}).get("conditions") or []
        found[str(one.metadata.name)] = any(
            c["type"] == "Ready" and c["status"] == "True" for c in conditions
        )
    return found


def join(at: Layout, member: str) -> None:
    """Register a member that is pushed to. Raises ``RuntimeError`` with what karmadactl says."""
    if member == PULLED or member in joined(at):
        return
    done = subprocess.run(
        [
            str(at.bin / "karmadactl"), "join", member, f"--kubeconfig={at.admin('karmada')}",
            f"--cluster-kubeconfig={at.admin(member)}", f"--cluster-region=region-{member}",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{member} could not join: {done.stderr.strip()[-800:]}")


def api_answers(kubeconfig: Path) -> bool:
    try:
        client_of(kubeconfig).get(Namespace, "kube-system")
    except ApiError as error:
        return error.status.code == 404
    except Exception:  # whatever a server that is not there yet makes a client raise
        return False
    return True
