"""HTTPS of the simulated operator: how its servers answer, and how it posts notifications."""

from __future__ import annotations

import contextlib
import ssl
import time
from pathlib import Path

import httpx2
import structlog
import uvicorn
from starlette.applications import Starlette

from fedge.adapters.embedded import addresses
from fedge.core.model import Address
from fedge.runtime.client_certificates import show_client_certificates
from fedge.runtime.gathered_writes import gather_writes
from fedge.runtime.refused_handshakes import hear_refused_handshakes
from fedge.simulation.core5g.account import TLS
from fedge.simulation.core5g.audit import Audited
from fedge.simulation.core5g.capif.opening import open_authority

NOTIFY_WITHIN_S = 2.0
KEEP_S = 120
"""A connection that is idle is kept: a TLS handshake in the middle of a move costs milliseconds on both sides."""
MOST_TOLD_BYTES = 4096
"""Of a message that a client says over a websocket, by which it has nothing to say."""
log = structlog.get_logger("core-network")


def https(app: Starlette, address: Address, folder: Path, name: str) -> uvicorn.Server:
    """One of the operator's servers, with its certificate ``tls/{name}.crt``. Clients may show one that CAPIF has issued."""
    host, port = addresses.endpoint(address)
    audited = Audited(app, log.warning, time.monotonic)
    config = uvicorn.Config(
        audited,
        host=host,
        port=port,
        log_level="error",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=MOST_TOLD_BYTES,
        access_log=False,
        proxy_headers=False,  # in its log stands whence a caller really came
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_S,
        ssl_certfile=folder / TLS / f"{name}.crt",
        ssl_keyfile=folder / TLS / f"{name}.key",
        ssl_ca_certs=str(open_authority(folder).crt),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )
    show_client_certificates(config)
    assert config.ssl is not None, "it has a certificate"
    hear_refused_handshakes(config.ssl, audited.handshake)
    gather_writes(config)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    return server


def tls_between(folder: Path) -> ssl.SSLContext:
    """For notifications: the receiver's certificate is checked, and the NEF shows its own."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "nef.crt", folder / "nef.key")
    return context


def notifying(tls: ssl.SSLContext) -> httpx2.AsyncClient:
    """Who posts notifications. Measurement reports have one of their own: many of them delay nothing else."""
    limits = httpx2.Limits(max_connections=64, keepalive_expiry=KEEP_S)
    return httpx2.AsyncClient(
        verify=tls, trust_env=False, follow_redirects=False, timeout=NOTIFY_WITHIN_S, limits=limits
    )
