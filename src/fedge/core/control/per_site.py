"""What an application is at each site: its manifest with the overrides that select the site, worked out once and remembered.

Only on the embedded engine: on Karmada its controllers override, and agents get Pods. `core/placement/overrides.py` has the
rules; `placing.py` bars a site where they break the manifest (what can be known is refused when it is applied).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from fedge.core.applications import Application, Raw, app_id, key_of
from fedge.core.applications.application import template_of
from fedge.core.model import SITE_LABEL, AppId, SiteId
from fedge.core.placement.overrides import Misfit, Override, applied, overrides_of, selected

Found = tuple[Application | None, str]
"""(the application, or None where overrides break it; why)"""


def labels_of(site: SiteId) -> dict[str, str]:
    """What selectors of sites may match."""
    return {SITE_LABEL: site}


class PerSite:
    def __init__(self, objects: Iterable[Raw], applications: Mapping[AppId, Application]) -> None:
        self._applications = applications
        self._overrides: dict[AppId, tuple[Raw, list[Override]]] = {}
        self._found: dict[tuple[AppId, SiteId], Found] = {}
        raws = tuple(objects)
        for raw in raws:
            if raw["kind"] == "Deployment" and (overrides := overrides_of(raws, raw)):
                key = key_of(raw)
                self._overrides[app_id(key.namespace, key.name)] = raw, overrides

    def at(self, app: AppId, site: SiteId) -> Application | None:
        """The application as it is to run there; None: there is none, or overrides break it there."""
        return self._at(app, site)[0]

    def trouble(self, app: AppId, site: SiteId) -> str:
        """Which override breaks the application at this site, and how; empty: none does."""
        return self._at(app, site)[1]

    def _at(self, app: AppId, site: SiteId) -> Found:
        if app not in self._overrides:
            return self._applications.get(app), ""
        if (app, site) not in self._found:
            self._found[app, site] = self._made(app, site)
        return self._found[app, site]

    def _made(self, app: AppId, site: SiteId) -> Found:
        raw, overrides = self._overrides[app]
        try:
            deployment = applied(raw, selected(overrides, site, labels_of(site)))
        except Misfit as error:
            return None, str(error)
        return replace(self._applications[app], template=template_of(deployment)), ""
