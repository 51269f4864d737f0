"""Which certificates CAPIF has issued and not taken back: the answer to "whose certificate is this?".

TLS proves that this authority signed a certificate and that its holder has the key; only the ledger knows that it was not
revoked. A certificate that replaces another does not end it at once: the one who asked may never have received the new
one. The older ends when the newer is first seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from msgspec import Struct

from fedge.runtime.tls import PublicKey
from fedge.simulation.core5g.shelf import Disk, Shelf

Role = Literal["invoker", "AMF", "APF", "AEF"]


class Holder(Struct, frozen=True):
    """``id``: the API invoker's, or the provider function's; ``domain``: that function's provider domain.

    ``thumbprint``: of the certificate (SHA-256, hexadecimal); ``replaces``: of the one that it ends; ``until_s``: Unix seconds.
    """

    id: str
    role: Role
    domain: str
    thumbprint: str
    until_s: int
    replaces: str = ""


class Signer(Protocol):
    """``runtime.tls.Authority``."""

    def issue(self, key: PublicKey, common: str, organisation: str, valid_s: float) -> str: ...


class Ledger:
    """``valid_s``: for how long certificates are good from now on; may be set. ``now_s()``: Unix seconds."""

    def __init__(self, disk: Disk, signer: Signer, now_s: Callable[[], float], valid_s: float) -> None:
        self._held = Shelf(disk, "capif-certificate", Holder)
        self._signer, self._now_s, self.valid_s = signer, now_s, valid_s

    def issue(self, key: PublicKey, id: str, role: Role, domain: str = "") -> str:
        """The new certificate in PEM. The one in use ends once this one is seen; one that was never seen ends at once."""
        before = [one for one in self._held if one.id == id]
        pem = self._signer.issue(key, id, role, self.valid_s)
        mark, until_s = _marks(pem)
        for one in before[1:]:
            self._held.drop(one.thumbprint)
        replaces = before[0].thumbprint if before else ""
        self._held.put(mark, Holder(id, role, domain, mark, until_s, replaces))
        return pem

    def renewed(self, pem: str, key: PublicKey, id: str, role: Role, domain: str = "") -> str:
        """The certificate that its holder has for this same key; a new one once half of its time is over."""
        left_s = _marks(pem)[1] - self._now_s()
        return pem if left_s > self.valid_s / 2 else self.issue(key, id, role, domain)

    def holder(self, pem: str) -> Holder | None:
        """Whose certificate it is; None: not, or no longer, one of ours. It is proven by TLS that its sender has the key."""
        mark, until_s = _marks(pem)
        found = self._held.get(mark)
        if found is None or until_s <= self._now_s():
            return None
        if found.replaces and self._held.get(found.replaces) is not None:
            self._held.drop(found.replaces)
        return found

    def lapsed(self, id: str) -> bool:
        """Has the last certificate of its holder expired? It can never again prove who it is."""
        return all(one.until_s <= self._now_s() for one in self._held if one.id == id)

    def revoke(self, id: str) -> None:
        for one in self._held:
            if one.id == id:
                self._held.drop(one.thumbprint)


def thumbprint(pem: str) -> str:
    """SHA-256 of the certificate, hexadecimal."""
    return _marks(pem)[0]


@lru_cache(maxsize=4096)
def _marks(pem: str) -> tuple[str, int]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.fingerprint(hashes.SHA256()).hex(), int(certificate.not_valid_after_utc.timestamp())
