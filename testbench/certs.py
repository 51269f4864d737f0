"""A certificate authority for each cluster of the bench, and the certificates and kubeconfigs that it signs."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fedge.runtime import tls


class Authority(tls.Authority):
    """The CA of one cluster."""

    def kubeconfig(self, file: str, server: str, common: str, organisation: str) -> Path:
        """A kubeconfig that acts as ``common`` in the group ``organisation``."""
        target = self.folder / f"{file}.kubeconfig"
        crt, key = self.sign(file, common, organisation)
        encoded = [base64.b64encode(path.read_bytes()).decode() for path in (self.crt, crt, key)]
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": server, "certificate-authority-data": encoded[0]}}
            ],
            "users": [
                {"name": "u", "user": {"client-certificate-data": encoded[1], "client-key-data": encoded[2]}}
            ],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
        text = yaml.safe_dump(config)
        if not target.exists() or target.read_text() != text:  # never while a program may be reading it
            target.touch(mode=0o600)
            target.write_text(text)
        return target


def signing_pair(folder: Path) -> tuple[Path, Path]:
    """(public, private) key for service account tokens: RSA, which every client of them reads."""
    public, private = folder / "sa.pub", folder / "sa.key"
    if not private.exists():
        key = rsa.generate_private_key(65537, 2048)
        public.write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        tls.write_secret(private, tls.pem(key))
    return public, private


def bundle(authority: Authority) -> str:
    """The CA as ``caBundle`` fields want it."""
    return base64.b64encode(authority.crt.read_bytes()).decode()
