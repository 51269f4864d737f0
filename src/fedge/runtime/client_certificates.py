"""Client certificates for applications behind uvicorn: the ASGI TLS extension, ``scope["extensions"]["tls"]``.

uvicorn checks a client's certificate where it is told to, and does not say whose it was. Works with whichever HTTP and websocket
protocol it has chosen. ASGI TLS extension 0.2: https://asgi.readthedocs.io/en/latest/specs/tls.html
"""

from __future__ import annotations

import ssl
from asyncio import BaseTransport
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def show_client_certificates(config: uvicorn.Config) -> None:
    """From now on each request and websocket of a server with this configuration says which certificate its client proved.

    Certificates are asked for as the configuration has it: ``ssl_cert_reqs=ssl.CERT_OPTIONAL`` lets a client without one through,
    whereas one that ``ssl_ca_certs`` did not sign, or that has expired, ends the handshake.
    """
    if not config.loaded:
        config.load()
    own = None
    if config.ssl_certfile is not None:
        own = _pem(x509.load_pem_x509_certificates(Path(config.ssl_certfile).read_bytes())[0])
    config.http_protocol_class = _showing(config.http_protocol_class, own)
    if config.ws_protocol_class is not None:
        config.ws_protocol_class = _showing(config.ws_protocol_class, own)


def client_certificate(scope: Mapping[str, Any]) -> str | None:
    """The certificate that the client of this request proved, in PEM; None without one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return next(iter(chain), None)


def _showing(protocol: Any, own: str | None) -> Any:
    class Showing(protocol):  # type: ignore[misc]
        """One connection: what its handshake said is read once, and stands in every scope of it."""

        app: Any

        def connection_made(self, transport: BaseTransport) -> None:
            told = _extension(transport.get_extra_info("ssl_object"), own)
            app = self.app

            async def telling(scope: dict[str, Any], receive: Any, send: Any) -> None:
                if told is not None:
                    scope["extensions"] = {**scope.get("extensions", {}), "tls": told}
                await app(scope, receive, send)

            self.app = telling
            super().connection_made(transport)

    return Showing


def _extension(connection: ssl.SSLObject | None, own: str | None) -> dict[str, Any] | None:
    if connection is None:
        return None
    shown = connection.getpeercert(binary_form=True)
    certificate = x509.load_der_x509_certificate(shown) if shown else None
    cipher = connection.cipher()
    numbers = {known["name"]: known["id"] & 0xFFFF for known in connection.context.get_ciphers()}
    return {
        "server_cert": own,
        "client_cert_chain": [_pem(certificate)] if certificate is not None else [],
        "client_cert_name": certificate.subject.rfc4514_string() if certificate is not None else None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(connection.version() or ""),
        "cipher_suite": numbers.get(cipher[0]) if cipher is not None else None,
    }


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
