"""What another engine (Karmada) decided and did: figures for the control plane, which asks for nothing in return."""

from __future__ import annotations

from msgspec import field

from fedge.core.messages.order import Message
from fedge.core.model import AppId, SiteId


class EngineBound(Message, frozen=True):
    """An application's binding as it stands: replicas by site, why, and who was refused by (rule, reason).

    ``scheduled`` False: the scheduler has not (or could not) place it as it is asked for now. Source: ResourceBinding
    work.karmada.io/v1alpha2, ``spec.clusters`` and the condition ``Scheduled``.
    """

    app: AppId
    replicas: dict[SiteId, int]
    because: str
    scheduled: bool = True
    refused: dict[SiteId, tuple[str, str]] = field(default_factory=dict)


class EngineUnbound(Message, frozen=True):
    """The application has no binding any more."""

    app: AppId
