"""A certificate authority for each cluster of the bench, and the certificates and kubeconfigs that it signs."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = datetime.timedelta(days=365)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


class Authority:
    """One CA in a folder; what it signs stays there too. Everything is made once."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.crt, self.key = folder, folder / "ca.crt", folder / "ca.key"
        folder.mkdir(parents=True, exist_ok=True)
        if self.key.exists():
            return
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + _DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(_pem(key))
        self.key.chmod(0o600)

    def sign(
        self, file: str, common: str, organisation: str = "", hosts: tuple[str, ...] = ()
    ) -> tuple[Path, Path]:
        """(certificate, key) for a client, and for a server at ``hosts`` where some are named."""
        crt, key_file = self.folder / f"{file}.crt", self.folder / f"{file}.key"
        if key_file.exists():
            return crt, key_file
        authority = x509.load_pem_x509_certificate(self.crt.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common, organisation))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + _DAYS)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(one) for one in hosts]), critical=False
            )
        certificate = builder.sign(signer, hashes.SHA256())
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + self.crt.read_bytes())
        key_file.write_bytes(_pem(key))
        key_file.chmod(0o600)
        return crt, key_file

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
        private.write_bytes(_pem(key))
        private.chmod(0o600)
    return public, private


def bundle(authority: Authority) -> str:
    """The CA as ``caBundle`` fields want it."""
    return base64.b64encode(authority.crt.read_bytes()).decode()


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=not signs, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
