"""All clusters as arrays, made once when a cluster changes, so that a decision touches no cluster one by one.

Clusters are sorted by name: a cluster's number is also its place in every tie broken by name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fedge.core.placement.question import Cluster

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
V = TypeVar("V", bound=Hashable)


class Fleet:
    """``number`` by name; masks by label, field and API; free resources; distinct sets of taints."""

    def __init__(self, clusters: Iterable[Cluster]) -> None:
        self.clusters = tuple(sorted(clusters, key=lambda each: each.name))
        self.names = [each.name for each in self.clusters]
        self.number = {name: number for number, name in enumerate(self.names)}
        self.size = len(self.names)
        self.none: Mask = np.zeros(self.size, bool)
        self.staying = self._mask(not each.leaving for each in self.clusters)
        self.labels: dict[str, dict[str, Mask]] = {}
        self.labelled: dict[str, Mask] = {}
        self.fields: dict[str, dict[str, Mask]] = {"provider": {}, "region": {}, "zone": {}}
        self.with_field = {
            "provider": self._mask(bool(each.provider) for each in self.clusters),
            "region": self._mask(bool(each.region) for each in self.clusters),
            "zone": self._mask(bool(each.zones) for each in self.clusters),
        }
        self._index_labels_and_fields()
        self.taint_sets, self.taint_code = _interned([each.taints for each in self.clusters])
        sets, code = _interned([each.serves for each in self.clusters])
        self.serving = {
            api: np.array([api in each for each in sets], bool)[code] for api in frozenset().union(*sets)
        }
        regions, self.region_code = _interned([each.region for each in self.clusters])
        self.regions = regions
        self._index_resources()

    def _mask(self, values: Iterable[bool]) -> Mask:
        return np.fromiter(values, bool, self.size)

    def _index_labels_and_fields(self) -> None:
        def mark(masks: dict[str, Mask], key: str, number: int) -> None:
            masks.setdefault(key, self.none.copy())[number] = True

        for number, each in enumerate(self.clusters):
            for key, value in each.labels.items():
                mark(self.labels.setdefault(key, {}), value, number)
                mark(self.labelled, key, number)
            if each.provider:
                mark(self.fields["provider"], each.provider, number)
            if each.region:
                mark(self.fields["region"], each.region, number)
            for zone in each.zones:
                mark(self.fields["zone"], zone, number)

    def _index_resources(self) -> None:
        self.reporting = self._mask(each.free is not None for each in self.clusters)
        free = [each.free or {} for each in self.clusters]
        kinds = {name for each in free for name in each} | {"pods"}
        self.free: dict[str, Ints] = {
            kind: np.array([each.get(kind, 0) for each in free], np.int64).clip(0) for kind in kinds
        }
        self.pods = self.free["pods"]
        rows = [
            (number, grade)
            for number, each in enumerate(self.clusters)
            for grade in each.grades
            if grade.nodes
        ]
        templates, self.grade_code = _interned([tuple(sorted(grade.holds.items())) for _, grade in rows])
        self.templates = [dict(each) for each in templates]
        self.grade_cluster = np.array([number for number, _ in rows], np.int64)
        self.grade_nodes = np.array([grade.nodes for _, grade in rows], np.int64)
        self.graded = self._mask(bool(each.grades) for each in self.clusters)
        self.any_graded = bool(self.graded.any())


def _interned(values: Sequence[V]) -> tuple[list[V], Ints]:
    """The distinct values, and for each place the number of its value."""
    codes: dict[V, int] = {}
    code = np.array([codes.setdefault(value, len(codes)) for value in values], np.int64)
    return list(codes), code
