"""Routes by a 5G core, wired for the control plane: the port ``AccessNetwork`` for routes, by NEF Traffic Influence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from fedge.adapters.core5g import NefClient, SteeredNetwork, Subscribers
from fedge.core.control import ControlPlane
from fedge.core.messages import Message
from fedge.core.model import Address, SiteId
from fedge.core.steering import Steering, SteeringSettings
from fedge.programs.doors import INFLUENCE, Doors, caller, identity_of
from fedge.runtime.core_account import CoreAccount

log = structlog.get_logger("core5g")


class Steered:
    """``secret``: of which addresses of notifications are derived."""

    def __init__(
        self,
        account: CoreAccount,
        doors: Doors,
        subscribers: Subscribers,
        secret: bytes,
        plane: ControlPlane,
        dnais: Mapping[SiteId, str],
    ) -> None:
        self._plane = plane
        self._post: Callable[[Message], None] = lambda message: None
        stable, own = Address(plane.settings.default_service), plane.settings.site_services
        self.steering = Steering(SteeringSettings(secret, dict(dnais), stable, own))
        self.network = SteeredNetwork(
            self.steering,
            NefClient(caller(doors, INFLUENCE), account.af, identity_of(account), subscribers.gpsi),
            subscribers.of_gpsi,
            self._offers,
            lambda message: self._post(message),
        )

    def figures(self) -> dict[str, int]:
        """What the core network said and was told, counted since the start; and the paths now, by their state."""
        states = {f"path {state}": count for state, count in self.steering.paths_by_state().items()}
        return {**dict(self.steering.counts), **states}

    def send(self, message: Message) -> bool:
        return self.network.send(message)

    async def run(self, post: Callable[[Message], None]) -> None:
        """Until cancelled."""
        self._post = post
        try:
            await self.network.run()
        finally:
            log.info("steering ends", notifications=dict(self.steering.counts))

    def _offers(self) -> dict[SiteId, Address]:
        """Where a session may be led: sites that are ready."""
        return {
            name: site.gateway for name, site in self._plane.state.sites.items() if site.marked == "ready"
        }
