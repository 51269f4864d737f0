"""Manifests are applied, and applications get their sites."""

from __future__ import annotations

from typing import Any

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import AppId, SiteId


class AskedApply(Message, frozen=True):
    """Objects that were read and found valid; ``deleted`` names (kind, namespace, name)."""

    request: RequestId
    objects: tuple[dict[str, Any], ...]
    deleted: tuple[tuple[str, str, str], ...] = ()


class ObjectsChanged(Message, frozen=True):
    """Accepted manifests: what is stored from now on, and what is gone."""

    objects: tuple[dict[str, Any], ...]
    deleted: tuple[tuple[str, str, str], ...] = ()


class Placed(Message, frozen=True):
    """Which sites run how many instances of an application."""

    app: AppId
    replicas: dict[SiteId, int]
    because: str
