"""Manifests for tests: small ones that are right, and a way to make them wrong."""

from copy import deepcopy
from typing import Any


def deployment(name: str = "arena", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"tier": "game"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, "v": "1"}},
                "spec": {
                    "containers": [
                        {
                            "name": "game",
                            "image": "registry.example/game:1",
                            "command": ["python3", "game.py"],
                            "args": ["--port", "$(PORT)"],
                            "env": [{"name": "PORT", "value": "7777"}],
                            "ports": [{"name": "game", "containerPort": 7777, "protocol": "UDP"}],
                            "resources": {
                                "requests": {"cpu": "250m"},
                                "limits": {"cpu": 1, "memory": "128Mi"},
                            },
                        }
                    ]
                },
            },
            **spec,
        },
    }


def service(name: str = "arena") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "selector": {"app": name},
            "ports": [{"port": 7777, "targetPort": "game", "protocol": "UDP"}],
        },
    }


def propagation(name: str = "arena", **placement: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": name},
        "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "arena"}],
            "placement": {
                "clusterAffinity": {"clusterNames": ["a", "b"]},
                "clusterTolerations": [{"key": "spot", "operator": "Exists"}],
                "spreadConstraints": [{"spreadByField": "cluster", "minGroups": 1, "maxGroups": 2}],
                "replicaScheduling": {
                    "replicaSchedulingType": "Divided",
                    "replicaDivisionPreference": "Weighted",
                    "weightPreference": {
                        "staticWeightList": [{"targetCluster": {"clusterNames": ["a"]}, "weight": 2}]
                    },
                },
                **placement,
            },
        },
    }


def qos(name: str = "arena") -> dict[str, Any]:
    return {
        "apiVersion": "fedge.dev/v1alpha1",
        "kind": "QoSPolicy",
        "metadata": {"name": name},
        "spec": {
            "targetRef": {"kind": "Deployment", "name": "arena"},
            "latency": {"objectiveMs": 40, "percentile": 99},
            "state": {"kind": "session", "schema": "arena/1", "bytes": 65536, "maxSessionsPerInstance": 8},
            "mobility": {
                "mode": "follow",
                "deadlineMs": 2000,
                "hysteresisMs": 2.5,
                "maxConcurrentMovesPerSite": 3,
            },
        },
    }


def everything() -> list[dict[str, Any]]:
    return [deployment(), service(), propagation(), qos()]


GONE = object()


def changed(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at ``spec/containers/0/command``; ``GONE`` takes the field away."""
    copy = deepcopy(raw)
    at: Any = copy
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        at = at[step]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return copy


def tenant(name: str = "studio", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "fedge.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}
