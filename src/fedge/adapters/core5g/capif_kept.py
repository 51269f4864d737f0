"""What an onboarded invoker keeps on disk: its key and certificate, its name, what it discovered. Mode 0600; survives restarts.

Three files in a folder, written when a certificate has come. Killed in between, key and certificate do not belong together, and
count as none.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from fedge.adapters.core5g.capif_words import ApiAt
from fedge.runtime.tls import pem, write_secret


class Invoker(Struct, frozen=True):
    """``id``: the apiInvokerId. ``from_s``, ``until_s``: its certificate's time, Unix seconds. ``apis``: discovered, by name."""

    id: str
    secret: str
    from_s: float
    until_s: float
    apis: dict[str, ApiAt] = {}


class Kept:
    """``folder`` is made when something is kept. A folder that cannot be read counts as empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._crt, self._key, self._facts = (
            folder / "invoker.crt",
            folder / "invoker.key",
            folder / "invoker.json",
        )

    def read(self) -> Invoker | None:
        try:
            found = msgspec.json.decode(self._facts.read_bytes(), type=Invoker)
            return found if self._belong_together() else None
        except (OSError, ValueError):
            return None

    def fresh_key(self) -> tuple[ec.EllipticCurvePrivateKey, str]:
        """A new key, and its public half in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return key, key.public_key().public_bytes(encoding, form).decode()

    def keep(
        self, id: str, secret: str, certificate: str, key: ec.EllipticCurvePrivateKey, apis: dict[str, ApiAt]
    ) -> Invoker:
        """Raises ``ValueError`` for a certificate that cannot be read, or is not for this key."""
        found = x509.load_pem_x509_certificate(certificate.encode())
        if found.public_key() != key.public_key():
            raise ValueError("the certificate is for another key")
        made = Invoker(
            id, secret, found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp(), apis
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._key, pem(key))
        _write(self._crt, certificate.encode())
        self.note(made)
        return made

    def note(self, invoker: Invoker) -> None:
        _write(self._facts, msgspec.json.encode(invoker))

    def forget(self) -> None:
        self._facts.unlink(missing_ok=True)

    def show(self, context: ssl.SSLContext) -> None:
        """From now on connections made with ``context`` show the certificate. Raises ``OSError``, ``ssl.SSLError``."""
        context.load_cert_chain(self._crt, self._key)

    def _belong_together(self) -> bool:
        certificate = x509.load_pem_x509_certificate(self._crt.read_bytes())
        key = serialization.load_pem_private_key(self._key.read_bytes(), None)
        return bool(certificate.public_key() == key.public_key())


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    write_secret(fresh, content)
    fresh.replace(path)
