"""A certificate authority of a run's own, and the certificates that it signs: EC P-256, made once, keys of mode 0600.

For the simulated core network's HTTPS and for the receiver of its notifications (``simulation.core5g.account``), and for what its
CAPIF core function signs for others; the Karmada test bench makes its clusters' authorities of the same.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = datetime.timedelta(days=365)
_SKEW = datetime.timedelta(hours=1)
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
"""What certificates are signed for."""


class Authority:
    """One CA in a folder; what it signs stays there too. Everything is made once."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.crt, self.key = folder, folder / "ca.crt", folder / "ca.key"
        folder.mkdir(parents=True, exist_ok=True)
        if self.crt.exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_distinguished_name(name), _distinguished_name(name), key.public_key(), _VALID)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        write_secret(self.key, pem(key))
        self.crt.write_bytes(_pem(builder.sign(key, hashes.SHA256())))

    def sign(
        self, file: str, common: str, organisation: str = "", hosts: tuple[str, ...] = ()
    ) -> tuple[Path, Path]:
        """(certificate and its CA, key) for a client, and for a server at ``hosts`` (names or addresses) where some are named."""
        crt, key_file = self.folder / f"{file}.crt", self.folder / f"{file}.key"
        if crt.exists():
            return crt, key_file
        key = ec.generate_private_key(ec.SECP256R1())
        both = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        signed = self._signed(
            key.public_key(), _distinguished_name(common, organisation), _VALID, both, hosts
        )
        write_secret(key_file, pem(key))
        crt.write_bytes(_pem(signed) + self.crt.read_bytes())
        return crt, key_file

    def issue(self, key: PublicKey, common: str, organisation: str, valid_s: float) -> str:
        """A client's certificate, in PEM, for a key that the client keeps. ``valid_s``: for how many seconds from now."""
        name = _distinguished_name(common, organisation)
        valid = datetime.timedelta(seconds=valid_s)
        return _pem(self._signed(key, name, valid, [ExtendedKeyUsageOID.CLIENT_AUTH])).decode()

    def _signed(
        self,
        key: PublicKey,
        subject: x509.Name,
        valid: datetime.timedelta,
        uses: list[x509.ObjectIdentifier],
        hosts: tuple[str, ...] = (),
    ) -> x509.Certificate:
        authority = x509.load_pem_x509_certificate(self.crt.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = (
            _builder(subject, authority.subject, key, valid)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(issuer, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(one) for one in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256())


def write_secret(path: Path, content: bytes) -> None:
    """A file that only its owner may read, from its first byte on."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out:
        os.fchmod(file, 0o600)
        out.write(content)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _distinguished_name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, valid: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + valid)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=False, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
