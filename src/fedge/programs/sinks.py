"""Whose sinks the platform trusts: a CA of its own, and the one that its operator names beside (``--sink-ca``).

Its own signs one certificate, for a sink on this machine's loopback: whoever tries the APIs can serve that at once. Everything
is in ``sinks/`` of the control plane's folder; ``trusted.crt`` is the bundle, which the endpoints file names.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from fedge.runtime.tls import Authority

FOLDER, BUNDLE = "sinks", "trusted.crt"
HERE = ("127.0.0.1", "::1", "localhost")


def sink_trust(folder: Path, more: Path | None = None) -> ssl.SSLContext:
    """What a sink's certificate is held against. Made once. Raises ``SystemExit`` where ``more`` has no certificates."""
    own = Authority(folder / FOLDER, "Fedge sinks")
    own.sign("sink", "sink", hosts=HERE)
    bundle = own.folder / BUNDLE
    further = more.read_bytes() if more is not None else b""
    bundle.write_bytes(own.crt.read_bytes() + further)
    trust = ssl.create_default_context(cafile=bundle)
    if more is not None and len(trust.get_ca_certs()) < 2:
        raise SystemExit(f"--sink-ca: {more} has no certificate of a CA")
    return trust


def sink_endpoint(folder: Path) -> dict[str, str]:
    """For the endpoints file: the bundle, and the certificate and key with which a sink here can be served."""
    own = folder / FOLDER
    return {
        "ca": str(own / BUNDLE),
        "sink_certificate": str(own / "sink.crt"),
        "sink_key": str(own / "sink.key"),
    }
