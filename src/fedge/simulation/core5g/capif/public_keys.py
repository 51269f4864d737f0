"""The public key in what a provider or an invoker hands in: a key in PEM (SubjectPublicKeyInfo), or a signing request (PKCS #10).

Pure. A signing request proves that its sender has the private key; with a bare key the first TLS handshake does.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from fedge.runtime.tls import PublicKey

LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 8192


class Unusable(ValueError):
    """``str`` says why no certificate is signed for that."""


def public_key(text: str) -> PublicKey:
    """Raises ``Unusable``."""
    data = text.strip().encode("utf-8", "replace")
    try:
        if b"CERTIFICATE REQUEST-----" in data[:64]:
            request = x509.load_pem_x509_csr(data)
            if not request.is_signature_valid:
                raise Unusable("the signing request is not signed by its own key")
            key: object = request.public_key()
        else:
            key = serialization.load_pem_public_key(data)
    except Unusable:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        raise Unusable("is neither a public key nor a certificate signing request in PEM") from None
    if isinstance(key, rsa.RSAPublicKey) and not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise Unusable(f"an RSA key must have {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in ("secp256r1", "secp384r1"):
        raise Unusable("an elliptic curve must be P-256 or P-384")
    if not isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey)):
        raise Unusable("must be a key of EC P-256 or P-384, RSA or Ed25519")
    return key
