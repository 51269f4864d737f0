"""A client for an API server, and what its calls raise."""

from __future__ import annotations

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError

FAILURES = (ApiError, httpx2.HTTPError, OSError)
"""What a call raises where the API server refuses it, does not answer, or is gone."""


def connect(kubeconfig: str, field_manager: str) -> AsyncClient:
    """``kubeconfig`` empty: the one of the Pod that this program runs in."""
    config = KubeConfig.from_file(kubeconfig).get() if kubeconfig else KubeConfig.from_service_account().get()
    timeout = httpx2.Timeout(10.0)
    return AsyncClient(config, field_manager=field_manager, timeout=timeout, trust_env=False)
