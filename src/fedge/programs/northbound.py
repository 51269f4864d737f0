"""The APIs that studios call, wired: CAMARA's, their authorization server, and what their clients' sinks are told.

The key that signs access tokens is made once and kept beside the journal, so that tokens outlive a restart.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.routing import BaseRoute

from fedge.adapters.core5g import Subscribers
from fedge.api.admin.centre import Centre
from fedge.api.camara import Authorization, CamaraPlatform, camara_routes
from fedge.api.camara.asking import Questions
from fedge.api.camara.oauth import AuthorizationServer, oauth_routes
from fedge.api.pace import limits_of, paced
from fedge.core.applications.application import namespace_of_app
from fedge.core.control import ControlPlane
from fedge.core.model import SECOND, SiteId, UeId
from fedge.ports import Notifier
from fedge.programs.control_config import ControlConfig
from fedge.runtime.tls import write_secret
from fedge.simulation.consent_screen import SimulatedSubscribersScreen

KEY = "camara.key"


class Northbound:
    """``base``: scheme, host and port under which the APIs are reached. ``names``: each site's common name."""

    def __init__(
        self,
        centre: Centre,
        config: ControlConfig,
        subscribers: Subscribers,
        notifier: Notifier,
        base: str,
        names: Mapping[SiteId, str],
    ) -> None:
        plane = centre.plane
        began_s = time.time() - centre.now() / SECOND
        self.platform = CamaraPlatform(centre, subscribers, notifier, base, began_s, centre.audit, names)
        authorization = Authorization(
            centre.token, lambda: plane.state, centre.now, signing_key(config.folder), centre.audit
        )
        screen = None
        if config.simulated:
            screen = SimulatedSubscribersScreen(config.folder, lambda client, ue: plays(plane, client, ue))
        questions = Questions(centre, subscribers, screen, lambda: secrets.token_urlsafe(24))
        self._authorization = authorization
        rate, quota = config.terms.client_rate, config.terms.client_quota
        self._asked, browsers = paced(limits_of(rate, quota), centre.now), paced(limits_of(rate), centre.now)
        self._server = AuthorizationServer(authorization, centre, questions, self._asked, browsers, base)

    def proven(self, proof: str) -> tuple[str, UeId] | None:
        return self._authorization.proven(proof)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            *oauth_routes(self._server),
            *camara_routes(self.platform, self._authorization, self._asked),
        ]


def plays(plane: ControlPlane, client: str, ue: UeId) -> bool:
    """Has the device a session of a game of this tenant's, or does it visit one?"""
    games = {one.app for one in plane.state.sessions.values() if one.ue == ue and one.state != "lost"}
    games |= {one.app for one in plane.state.visits.values() if one.ue == ue}
    return any(namespace_of_app(app) == client for app in games)


def signing_key(folder: Path) -> bytes:
    path = folder / KEY
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()
