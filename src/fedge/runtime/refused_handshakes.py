"""TLS handshakes that a server refuses: heard where asyncio says nothing of them.

A refused handshake ends before any protocol of the server's is told of a connection, and asyncio keeps the error to itself.
So the context's own ``SSLObject`` says it. Who it was is not known there: neither the address nor, unproven, the certificate.
A connection that merely goes away is no refusal. Neighbour: `client_certificates.py`, of handshakes that succeed.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable


def hear_refused_handshakes(context: ssl.SSLContext, refused: Callable[[str], None]) -> None:
    """``refused`` hears why, in OpenSSL's words, from now on of each connection of this context."""

    class Telling(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                refused(getattr(error, "verify_message", "") or error.reason or str(error))
                raise

    context.sslobject_class = Telling
