"""The simulated operator's contract with Fedge: a CA, the certificates of both sides, a client's secret; all in the run folder.

Made once a run, before the programs start or by the first that needs it: ``core5g.json`` (``runtime.core_account``) and ``tls/``.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from fedge.core.model import Address
from fedge.runtime.core_account import FILE, Capif, CoreAccount, read_account, write_account
from fedge.runtime.tls import Authority, write_secret
from fedge.simulation.core5g.exposed import MONITORING, QOS, RADIO, path_of
from fedge.simulation.core5g.nef.influence.api import BASE
from fedge.simulation.core5g.nef.operator import EVERYBODY
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES
from fedge.simulation.core5g.nef.token_api import TOKEN

AF = "fedge"
TLS = "tls"
TOPOLOGY = "topology.json"


def open_account(folder: Path, nef: Address, capif: Address, receiver: Address) -> CoreAccount:
    """The run's account; made if there is none. ``nef``, ``capif``, ``receiver``: where its servers and Fedge listen.

    CAPIF's authority is another than the servers': who was given a client certificate cannot pose as the operator with it.
    """
    if (folder / FILE).exists():
        return read_account(folder)
    authority = Authority(folder / TLS, "Fedge simulated core network")
    authority.sign("nef", "nef", hosts=(_host(nef),))
    authority.sign("capif", "capif", hosts=(_host(capif),))
    authority.sign("af", AF, hosts=(_host(receiver),))
    account = CoreAccount(
        nef=f"https://{nef}{BASE}",
        token=f"https://{nef}{TOKEN}",
        af=AF,
        client_id=AF,
        client_secret=secrets.token_urlsafe(32),
        ca=f"{TLS}/ca.crt",
        receiver=f"https://{receiver}",
        receiver_crt=f"{TLS}/af.crt",
        receiver_key=f"{TLS}/af.key",
        simulated=True,
        apis={api: f"https://{nef}{path_of(api)}" for api in (MONITORING, QOS, RADIO)},
        group=EVERYBODY,
        references=tuple(QOS_REFERENCES),
        topology=TOPOLOGY,
        capif=Capif(f"https://{capif}", secrets.token_urlsafe(32), f"{TLS}/ca.crt"),
    )
    write_account(folder, account)
    return account


def token_key(folder: Path) -> bytes:
    """What the simulated core signs access tokens with; made once, so that tokens outlive a restart."""
    path = folder / TLS / "tokens.key"
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()


def _host(address: Address) -> str:
    return address.rpartition(":")[0]
