"""Generated questions for schedulers: clusters and bindings as an API server has them, from a seed.

Used by `agreement.py`, `decisions.py` and the tests. What upstream leaves undefined is kept out: uids are distinct, and
policies are as its webhook lets them through.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

Raw = dict[str, Any]
STRATEGIES = ("duplicated", "aggregated", "static", "dynamic", "default")
REGIONS, PROVIDERS, TIERS = ("north", "south", "east", "west"), ("p1", "p2"), ("edge", "metro", "core")
APIS = [
    {"groupVersion": "apps/v1", "resources": [{"kind": "Deployment", "name": "deployments"}]},
    {
        "groupVersion": "v1",
        "resources": [{"kind": "Service", "name": "services"}, {"kind": "ConfigMap", "name": "configmaps"}],
    },
]
GRADES = [
    (0, "0", "2", "0", "4Gi"),
    (1, "2", "8", "4Gi", "16Gi"),
    (2, "8", "9223372036854775807", "16Gi", "9223372036854775807"),
]


def cluster(random: Random, number: int, graded: float = 0.2) -> Raw:
    """One Cluster with a status; some are tainted, without region, short of an API or (``graded``) modelled by grades."""
    cpu, pods = random.randint(1, 64), random.choice([10, 30, 110, 500])
    spec: Raw = {"syncMode": "Push"}
    if random.random() < 0.9:
        spec["region"] = random.choice(REGIONS)
    if random.random() < 0.9:
        spec["provider"] = random.choice(PROVIDERS)
    if random.random() < 0.8:
        spec["zones"] = sorted(random.sample(("z1", "z2", "z3"), random.randint(1, 2)))
    if random.random() < 0.2:
        spec["taints"] = [
            {
                "key": random.choice(("spot", "noisy")),
                "value": "x",
                "effect": random.choice(("NoSchedule", "NoExecute")),
            }
        ]
    summary: Raw = {
        "allocatable": {"cpu": str(cpu), "memory": f"{cpu * 2}Gi", "pods": str(pods)},
        "allocated": {"cpu": f"{random.randint(0, cpu * 900)}m", "memory": "1Gi", "pods": "5"},
    }
    if random.random() < graded:
        spec["resourceModels"] = [
            {
                "grade": grade,
                "ranges": [
                    {"name": "cpu", "min": least, "max": most},
                    {"name": "memory", "min": small, "max": big},
                ],
            }
            for grade, least, most, small, big in GRADES
        ]
        summary["allocatableModelings"] = [
            {"grade": grade, "count": random.randint(0, 4)} for grade, *_ in GRADES
        ]
    if random.random() < 0.1:
        summary["allocating"] = {"cpu": "200m", "pods": "2"}
    status: Raw = {"apiEnablements": APIS if random.random() < 0.95 else APIS[:1], "resourceSummary": summary}
    labels = {"tier": random.choice(TIERS)} | ({"gpu": "yes"} if random.random() < 0.3 else {})
    return {"metadata": {"name": f"c{number:04d}", "labels": labels}, "spec": spec, "status": status}


def clusters(seed: int, count: int, graded: float = 0.2) -> list[Raw]:
    random = Random(seed)
    return [cluster(random, number, graded) for number in range(count)]


def _affinity(random: Random, names: list[str]) -> Raw:
    chosen: Raw = {}
    if random.random() < 0.25:
        chosen["clusterNames"] = sorted(random.sample(names, max(1, len(names) // 2)))
    if random.random() < 0.3:
        chosen["exclude"] = [random.choice(names)]
    if random.random() < 0.25:
        chosen["labelSelector"] = {"matchLabels": {"tier": random.choice(TIERS)}}
    elif random.random() < 0.25:
        operator = random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        key = random.choice(("tier", "gpu"))
        values = {"values": random.sample((*TIERS, "yes"), 2)} if operator in ("In", "NotIn") else {}
        chosen["labelSelector"] = {"matchExpressions": [{"key": key, "operator": operator, **values}]}
    if random.random() < 0.25:
        key, values_of = random.choice((("region", REGIONS), ("provider", PROVIDERS), ("zone", ("z1", "z2"))))
        expression = {
            "key": key,
            "operator": random.choice(("In", "NotIn")),
            "values": [random.choice(values_of)],
        }
        chosen["fieldSelector"] = {"matchExpressions": [expression]}
    return chosen


def _scheduling(random: Random, strategy: str, names: list[str]) -> Raw | None:
    if strategy == "default":
        return None
    if strategy == "duplicated":
        return {"replicaSchedulingType": "Duplicated"}
    if strategy == "aggregated":
        return {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Aggregated"}
    weighted: Raw = {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}
    if strategy == "dynamic":
        return weighted | {"weightPreference": {"dynamicWeight": "AvailableReplicas"}}
    if random.random() < 0.2:
        return weighted
    weights = [
        {
            "targetCluster": {"clusterNames": random.sample(names, min(len(names), random.randint(1, 3)))},
            "weight": random.randint(1, 5),
        }
        for _ in range(random.randint(1, 4))
    ]
    return weighted | {"weightPreference": {"staticWeightList": weights}}


def placement(random: Random, strategy: str, names: list[str]) -> Raw:
    made: Raw = {}
    if random.random() < 0.15:
        made["clusterAffinities"] = [
            {"affinityName": f"group-{number}", **_affinity(random, names)} for number in range(3)
        ]
        if strategy in ("aggregated", "dynamic") and random.random() < 0.5:
            made["clusterAffinities"][0] |= {
                "clusterNames": random.sample(names, max(1, len(names) // 3)),
                "overflowAffinities": [{"affinityName": "more", "clusterNames": random.sample(names, 1)}],
            }
    elif random.random() < 0.6:
        made["clusterAffinity"] = _affinity(random, names)
    if random.random() < 0.3:
        key = random.choice(("spot", "noisy", ""))
        made["clusterTolerations"] = [
            {"operator": "Exists"} | ({"key": key} if key else {})
            if random.random() < 0.5 or not key
            else {"key": key, "value": random.choice("xy"), "operator": "Equal", "effect": "NoSchedule"}
        ]
    if random.random() < 0.5:
        least = random.randint(1, 3)
        spread = [{"spreadByField": "cluster", "minGroups": least, "maxGroups": least + random.randint(0, 4)}]
        if random.random() < 0.4:
            least = random.randint(1, 3)
            most = least + random.randint(0, 2)
            spread.append({"spreadByField": "region", "minGroups": least, "maxGroups": most})
        elif random.random() < 0.2:
            spread.append({"spreadByField": random.choice(("zone", "provider")), "minGroups": 1})
        made["spreadConstraints"] = spread
    scheduling = _scheduling(random, strategy, names)
    return made if scheduling is None else made | {"replicaScheduling": scheduling}


def binding(random: Random, names: list[str], strategy: str) -> Raw:
    """A binding's spec and status: new, or with clusters already (some gone since), to grow, shrink or stay."""
    kind = random.choices(("Deployment", "Service", "ConfigMap"), (8, 1, 1))[0]
    replicas = random.choice([1, 2, 3, 5, 8, 20, 60, 200]) if kind == "Deployment" else 0
    spec: Raw = {
        "resource": {
            "apiVersion": "apps/v1" if kind == "Deployment" else "v1",
            "kind": kind,
            "namespace": "default",
            "name": "app",
            "uid": str(UUID(int=random.getrandbits(128))),
        },
        "placement": placement(random, strategy, names),
    }
    status: Raw = {}
    if kind == "Deployment":
        spec["replicas"] = replicas
        cpu = f"{random.choice([50, 100, 250, 500, 2000])}m"
        request = {"cpu": cpu} | ({"memory": "512Mi"} if random.random() < 0.5 else {})
        spec["replicaRequirements"] = {"resourceRequest": request} if random.random() < 0.9 else {}
    if random.random() < 0.5:
        held = random.sample([*names, "gone"], min(len(names), random.randint(1, 5)))
        spec["clusters"] = [{"name": name, "replicas": random.randint(1, 9)} for name in held]
        if kind == "Deployment" and random.random() < 0.3:
            spec["replicas"] = sum(each["replicas"] for each in spec["clusters"])
        status["lastScheduledTime"] = "2026-01-01T00:00:00Z"
        if random.random() < 0.2:
            spec["rescheduleTriggeredAt"] = "2026-01-02T00:00:00Z"
    if random.random() < 0.15:
        spec["gracefulEvictionTasks"] = [
            {"fromCluster": random.choice(names), "reason": "r", "producer": "p"}
        ]
    if "clusterAffinities" in spec["placement"] and random.random() < 0.5:
        status["schedulerObservingAffinityName"] = f"group-{random.randint(0, 2)}"
    return {"spec": spec, "status": status}


def cases(
    seed: int, count: int, sizes: tuple[int, ...] = (3, 5, 8, 12)
) -> Iterator[tuple[list[Raw], Raw, str]]:
    """``count`` cases: clusters, binding, strategy; the strategies in turn."""
    random = Random(seed)
    for number in range(count):
        strategy = STRATEGIES[number % len(STRATEGIES)]
        fleet = clusters(random.getrandbits(32), random.choice(sizes))
        names = [each["metadata"]["name"] for each in fleet]
        yield fleet, binding(random, names, strategy), strategy
