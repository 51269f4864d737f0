"""CAPIF's access tokens (TS 33.122, 6.5.2.3; TS 29.222, 8.5.4.2.7): JWTs, signed with ES256, bound to a client certificate.

Bound as RFC 8705, 3.1 has it: who steals a token cannot use it without the private key. An exposing function needs the public
key only, and asks the registry what was revoked since (``gate``).
"""

from __future__ import annotations

import binascii
from collections import OrderedDict

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from msgspec import Struct, field

from fedge.wire.jwt import decoded, encoded

LIFETIME_S = 600
MOST_REMEMBERED = 4096
_HEADER = b'{"alg":"ES256","typ":"JWT","kid":"capif"}'
_SIZE = 32


class Confirmation(Struct, frozen=True):
    """RFC 8705, 3.1: SHA-256 of the certificate, base64url."""

    thumbprint: str = field(name="x5t#S256")


class Claims(Struct, frozen=True):
    """``iss``: the API invoker; ``scope``: see ``scopes``; ``exp``: Unix seconds."""

    iss: str
    scope: str
    exp: int
    cnf: Confirmation


class Signatures:
    """``key``: EC P-256, made once a run. Tokens that were found to be signed are remembered, a bounded number of them."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key, self._public = key, key.public_key()
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def token(self, claims: Claims) -> str:
        head = f"{encoded(_HEADER)}.{encoded(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self._key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{head}.{encoded(r.to_bytes(_SIZE, 'big') + s.to_bytes(_SIZE, 'big'))}"

    def read(self, token: str) -> Claims | None:
        """What a token says that is signed with our key, expired or not; None for any other."""
        known = self._known.get(token)
        if known is not None:
            self._known.move_to_end(token)
            return known
        head, _, signature = token.rpartition(".")
        try:
            both = decoded(signature)
            if len(both) != 2 * _SIZE or not ours(token):
                return None
            r, s = int.from_bytes(both[:_SIZE], "big"), int.from_bytes(both[_SIZE:], "big")
            self._public.verify(encode_dss_signature(r, s), head.encode(), ec.ECDSA(hashes.SHA256()))
            claims = msgspec.json.decode(decoded(head.partition(".")[2]), type=Claims)
        except (ValueError, binascii.Error, msgspec.MsgspecError, InvalidSignature):
            return None
        self._known[token] = claims
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return claims


def ours(token: str) -> bool:
    """Does it say of itself that CAPIF made it?"""
    return token.startswith(f"{encoded(_HEADER)}.")


def bound_to(thumbprint: str) -> Confirmation:
    """``thumbprint``: hexadecimal."""
    return Confirmation(encoded(bytes.fromhex(thumbprint)))
