"""The control plane's ports as the program fulfils them: connected sites, the access network, a journal that is measured.

And what the engine on Karmada reads of the core. ``control_shell`` puts them around the core.
"""

from __future__ import annotations

import time
from typing import Any

from fedge.adapters.embedded.link import Line
from fedge.adapters.sqlite import SqliteJournal
from fedge.api.admin.metrics import Metrics
from fedge.core.control import ControlPlane
from fedge.core.messages import Message
from fedge.core.model import AppId, SiteId


class SiteLines:
    """The port ``Sites``: whoever is connected."""

    def __init__(self) -> None:
        self.lines: dict[SiteId, Line] = {}

    def send(self, site: SiteId, message: Message) -> bool:
        line = self.lines.get(site)
        return line is not None and line.send(message)


class AccessLine:
    """The port ``AccessNetwork`` where no 5G core has the routes: the access network's newest connection."""

    def __init__(self) -> None:
        self.line: Line | None = None

    def send(self, message: Message) -> bool:
        return self.line is not None and self.line.send(message)


class TimedJournal(SqliteJournal):
    """The journal, with its commits measured."""

    metrics: Metrics | None = None

    def append(self, entries: Any) -> None:
        began = time.perf_counter()
        super().append(entries)
        if self.metrics is not None:
            self.metrics.commit.observe(time.perf_counter() - began)


class Wanted:
    """The port ``Wishes`` of the engine: read off the core's durable state."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def objects(self) -> list[dict[str, Any]]:
        return list(self._plane.state.objects.values())

    def held(self) -> set[AppId]:
        plane = self._plane
        return {app for app, sites in plane.state.placed.items() if sites and app not in plane.applications}

    def drained(self) -> set[SiteId]:
        return {name for name, site in self._plane.state.sites.items() if site.marked == "draining"}

    def suspended(self) -> set[AppId]:
        return {app for app, policy in self._plane.policies.items() if policy.suspended}
