"""What the operations of the CAMARA APIs are given: the control program, who the subscribers are, who sends events, the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

from starlette.requests import Request

from fedge.api.camara.authorization import Grant, audit_entry
from fedge.api.camara.device import NOT_FOUND, Device, Subscribers, named, subject
from fedge.api.camara.errors import CamaraError
from fedge.core.applications.application import namespace_of_app
from fedge.core.control import ControlPlane, Knowledge
from fedge.core.control.seeing import seen_by
from fedge.core.messages import Message
from fedge.core.model import SECOND, Nanoseconds, SiteId, UeId
from fedge.ports import Notifier
from fedge.runtime.audit import AuditLog

PREFIXED = ("DURATION_OUT_OF_RANGE", "QOS_PROFILE_NOT_APPLICABLE", "SESSION_EXTENSION_NOT_ALLOWED")
"""Codes of the core that are Quality on Demand's own."""


class Centre(Protocol):
    """``ask`` waits for the core's reply: (status, body)."""

    plane: ControlPlane

    def now(self) -> Nanoseconds: ...
    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]: ...


class CamaraPlatform(NamedTuple):
    """``base``: scheme, host and port under which the APIs are reached. ``began_s``: when the core's clock was 0, since 1970.

    ``names``: each site's common name.
    """

    centre: Centre
    subscribers: Subscribers
    notifier: Notifier
    base: str
    began_s: float
    audit: AuditLog
    names: Mapping[SiteId, str] = {}

    @property
    def plane(self) -> ControlPlane:
        return self.centre.plane

    def unix_s(self, at: Nanoseconds) -> float:
        """An instant of the core as time of day: the same whenever it is asked for."""
        return self.began_s + at / SECOND

    @property
    def now_s(self) -> float:
        return self.unix_s(self.centre.now())

    def seen(self, grant: Grant) -> Knowledge:
        """What the client may see."""
        return self.plane if grant.tenant is None else seen_by(self.plane, grant.tenant, self.centre.now())

    def attached(
        self, request: Request, grant: Grant, device: Device | None
    ) -> tuple[UeId, dict[str, Any] | None]:
        """(the UE that is meant, the identifier that was used), if it is there and the client may know of it: a tenant finds
        the devices that play its games, or those that its token speaks for. Raises ``CamaraError`` 400, 404 or 422; a 404 is in
        the audit log.
        """
        unknown = CamaraError(404, "IDENTIFIER_NOT_FOUND", NOT_FOUND)
        try:
            ue, used = subject(grant, device, self.subscribers)
        except CamaraError as error:
            if error.status == 404:
                self.refuse(request, grant, unknown, named(grant, device), "nobody has that identifier")
            raise
        there = self.plane.access.ues if grant.ue is not None else self.seen(grant).access.ues
        if ue not in there:
            self.refuse(request, grant, unknown, named(grant, device), self._whose(ue), ue)
        return ue, used

    def refuse(
        self, request: Request, grant: Grant, error: CamaraError, name: str, because: str, ue: str = ""
    ) -> NoReturn:
        """Raises ``error``, and it is in the audit log. ``name``: what was asked about; ``because``, ``ue``: for the operator."""
        said = audit_entry(
            request,
            client=grant.client,
            subject=name,
            decision="refused",
            reason=error.code,
            because=because,
            ue=ue,
        )
        self.audit.tell(said)
        raise error

    def _whose(self, ue: UeId) -> str:
        if ue not in self.plane.access.ues:
            return "it is not attached"
        state = self.plane.state
        at = {one.app for held in (state.sessions, state.visits) for one in held.values() if one.ue == ue}
        return f"a device of {', '.join(sorted(map(namespace_of_app, at)))}" if at else "it plays no game"

    async def ask(self, make: Callable[[int], Message]) -> dict[str, Any]:
        """The core's answer. Raises ``CamaraError`` where it refuses."""
        status, body = await self.centre.ask(make)
        if status < 400:
            return body
        code = str(body.get("code", "UNAVAILABLE"))
        said = {"TIMEOUT": "UNAVAILABLE"}.get(code, f"QUALITY_ON_DEMAND.{code}" if code in PREFIXED else code)
        raise CamaraError(status, said, str(body.get("message", "")))
