"""What the API needs of the program that it is served by (`programs/control_shell.py`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from fedge.api.admin.view import Facts
from fedge.core.control import ControlPlane
from fedge.core.messages import Message
from fedge.core.model import UeId
from fedge.runtime.audit import AuditLog


class Page(msgspec.Struct, frozen=True):
    """The dashboard's files: its document, the folder served at ``/static``, and the policy that it is written for."""

    index: Path
    static: Path
    security_policy: str


class Subscribers(Protocol):
    """The operator's knowledge of who has which number and address; simulated today."""

    def identifiers_of(self, ue: UeId) -> dict[str, str] | None: ...


class Centre(Protocol):
    """What the API needs of the control program. ``ask`` waits for the core's reply: (status, body)."""

    plane: ControlPlane
    facts: Facts
    page: Page
    token: str
    audit: AuditLog

    @property
    def subscribers(self) -> Subscribers: ...
    def now(self) -> int: ...
    def draw_key(self) -> int: ...
    async def ask(self, make: Callable[[int], Message]) -> tuple[int, dict[str, Any]]: ...
    def proven(self, proof: str) -> tuple[str, UeId] | None:
        """(tenant, device) of a token by which a device proves to a tenant's game who it is; None of any other text."""
        ...

    def metrics(self) -> bytes: ...
