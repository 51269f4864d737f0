"""The access API gateway, wired for the control plane: places, cells, radio and quality from the operator's exposure functions.

What it hears becomes the events of ``core.messages.access``; what the control plane asks (``core.messages.exposure``) becomes
calls of MonitoringEvent, AsSessionWithQoS and the radio network information service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from fedge.adapters.core5g import (
    ApiClient,
    Channels,
    Clock,
    ExposedOperator,
    Map,
    Monitoring,
    QualityOfService,
    RadioInformation,
    Subscribers,
)
from fedge.api.admin.operator_state import READY, ApiState, OperatorState
from fedge.core.exposure import Api, Exposure, ExposureSettings, Topology
from fedge.core.messages import Message
from fedge.core.model import MS, Nanoseconds
from fedge.programs.doors import NAMES, RADIO, Doors, caller, identity_of
from fedge.runtime.core_account import CoreAccount

log = structlog.get_logger("core5g")


class Exposed:
    """The port ``Operator``. ``secret``: of which addresses of notifications are derived."""

    def __init__(
        self,
        folder: Path,
        account: CoreAccount,
        doors: Doors,
        subscribers: Subscribers,
        secret: bytes,
        now: Callable[[], Nanoseconds],
    ) -> None:
        self._now = now
        self._post: Callable[[Message], None] = lambda message: None
        topology = msgspec.json.decode((folder / account.topology).read_bytes(), type=Topology)
        settings = ExposureSettings(secret, account.group, account.every_s, account.references)
        self.exposure = Exposure(settings, topology)
        identity, clock, where = identity_of(account), Clock(now), Map(topology)
        location, quality, radio = (caller(doors, NAMES[api]) for api in ("location", "quality", "radio"))
        clients: dict[Api, ApiClient] = {
            "location": Monitoring(location, account.af, identity, subscribers, where, clock),
            "quality": QualityOfService(quality, account.af, identity, subscribers, clock),
            "radio": RadioInformation(radio, identity, subscribers, where, clock),
        }
        self.operator = ExposedOperator(
            self.exposure,
            clients,
            lambda api: (doors.missing(NAMES[api]), doors.settled),
            lambda heard, changed: Channels(doors.http, doors.door(RADIO), heard, changed),
            topology.hello(),
            lambda message: self._post(message),
            now,
        )

    def send(self, message: Message) -> bool:
        return self.operator.send(message)

    async def run(self, post: Callable[[Message], None]) -> None:
        """Until cancelled."""
        self._post = post
        try:
            await self.operator.run()
        finally:
            log.info("the gateway ends", notifications=dict(self.exposure.counts))

    def state(self, invoker: str, capif: str, certificate_until_s: float) -> OperatorState:
        """For people and metrics. The arguments are CAPIF's part of it."""
        exposure, now = self.exposure, self._now()
        return OperatorState(
            tuple(self._api(api, now) for api in exposure.desks),
            invoker,
            capif or READY,
            certificate_until_s,
            dict(exposure.counts),
            round((now - exposure.heard_at) / MS) if exposure.heard_at else None,
        )

    def _api(self, api: Api, now: Nanoseconds) -> ApiState:
        subs = [sub for sub in self.exposure.subs.values() if sub.api == api]
        states = Counter(sub.state.lower() for sub in subs)
        return ApiState(
            api,
            self.exposure.state(api, now) or READY,
            self.exposure.desks[api].circuit.state(now),
            sum(sub.wanted for sub in subs),
            states["held"] + states["changing"],
            sum(sub.up for sub in subs),
            dict(states),
        )
