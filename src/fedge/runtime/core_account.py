"""What Fedge needs to use a core network: ``core5g.json`` of the run folder, mode 0600. Nothing else says which NEF is used.

The simulated core writes one for itself (``simulation.core5g.account``); an operator's is written by hand.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from fedge.runtime.tls import write_secret

FILE = "core5g.json"


class Capif(msgspec.Struct, frozen=True):
    """The operator's CAPIF core function (TS 29.222). ``url``: the root beneath which its APIs are, ``https://address:port``.

    ``onboarding``: the credential for onboarding, a bearer token given out of band; ``ca``: who signed its server's certificate.
    """

    url: str
    onboarding: str
    ca: str


class Subscriber(msgspec.Struct, frozen=True):
    """A UE as the operator knows it: ``gpsi`` (TS 29.571: ``msisdn-…`` or ``extid-…``), its IPv4 address."""

    ue: str
    gpsi: str
    ipv4: str


class CoreAccount(msgspec.Struct, frozen=True):
    """``nef``: the API's root, ``https://…/3gpp-traffic-influence/v1``; ``token``: the OAuth2 token endpoint.

    ``af``: the afId in the API's paths. ``ca``: who signed the NEF's certificate, and the client certificate that its
    notifications come with. ``dnn``, ``sst``: data network and slice of the subscribers' sessions. ``receiver``: where
    notifications are taken, ``https://address:port``, with ``receiver_crt`` and ``receiver_key``. Files are relative to the run
    folder, in PEM. ``capif``: where the operator has one, its tokens open the NEF's APIs, and ``token`` is not needed.

    For the access API gateway: ``apis``: base URLs of further APIs by apiName, where no CAPIF tells them; ``group``: the external
    group id of all subscribers, whose places come every ``every_s``; ``references``: the qualities that were agreed, by name;
    ``topology``: the file with the operator's cells (``core.exposure.Topology``), empty: cells and places are not followed;
    ``subscribers``: the file that says whose device has which number and address (``Subscriber``), empty: the simulated ones.
    """

    nef: str
    token: str
    af: str
    client_id: str
    client_secret: str
    ca: str
    receiver: str
    receiver_crt: str
    receiver_key: str
    dnn: str = "internet"
    sst: int = 1
    simulated: bool = False
    capif: Capif | None = None
    apis: dict[str, str] = {}
    group: str = ""
    every_s: int = 1
    references: tuple[str, ...] = ()
    topology: str = ""
    subscribers: str = ""


def read_account(folder: Path) -> CoreAccount:
    """Raises ``OSError`` where there is none, ``msgspec.ValidationError`` where it is wrong."""
    return msgspec.json.decode((folder / FILE).read_bytes(), type=CoreAccount)


def write_account(folder: Path, account: CoreAccount) -> None:
    """Whoever reads it meanwhile sees the old or the new one, whole."""
    new = folder / f"{FILE}.new"
    write_secret(new, msgspec.json.format(msgspec.json.encode(account)))
    new.rename(folder / FILE)
