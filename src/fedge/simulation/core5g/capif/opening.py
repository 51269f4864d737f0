"""The CAPIF core function as a run has it: its authority, its signing key, and who is there from the start.

The exposure function is a provider of its own with every API published. ``developers`` are a second customer with a provider
domain and an invoker whose keys lie in the run folder, for whoever tries the APIs by hand: they stand in ``endpoints.json``
(``programs.endpoints``). What there is already is left as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.core.model import Address
from fedge.runtime.tls import Authority, pem, write_secret
from fedge.simulation.core5g.capif.core import CERTIFICATE_S, CapifCore
from fedge.simulation.core5g.capif.data_types import (
    APIInvokerEnrolmentDetails,
    APIProviderEnrolmentDetails,
    APIProviderFunctionDetails,
    OnboardingInformation,
    RegistrationInformation,
)
from fedge.simulation.core5g.capif.published import (
    AefProfile,
    InterfaceDescription,
    Resource,
    ServiceAPIDescription,
    Version,
)
from fedge.simulation.core5g.exposed import APIS, RESOURCES
from fedge.simulation.core5g.nef.outbox import Letter
from fedge.simulation.core5g.shelf import Disk

FOLDER = "tls/capif"
DEVELOPERS = "developers"
OPERATOR = "operator"
FILE = "capif-developers.json"
ROLES = ("AMF", "APF", "AEF")
STANDING_S = 365 * CERTIFICATE_S
"""The certificates of those who are there from the start outlive any run."""


class Developers(Struct, frozen=True):
    """For trying the APIs. ``onboarding``: the credential; of each party its id, and ``FOLDER/{party}.crt`` and ``.key``."""

    onboarding: str
    domain: str = ""
    amf: str = ""
    apf: str = ""
    aef: str = ""
    invoker: str = ""


def open_authority(folder: Path) -> Authority:
    """Who signs the certificates of invokers and provider functions, and nothing else. ``folder``: the run's."""
    return Authority(folder / FOLDER, "Fedge simulated CAPIF core function")


def open_capif(
    folder: Path,
    root: str,
    nef: Address,
    disk: Disk,
    onboarding: Mapping[str, str],
    post: Callable[[Letter], None],
    now_s: Callable[[], float],
) -> tuple[CapifCore, str]:
    """The core function, and the id of the exposure function as an AEF. ``onboarding``: whose each credential is."""
    file = folder / FILE
    known = read_developers(folder) or Developers(secrets.token_urlsafe(32))
    customers = {**onboarding, known.onboarding: DEVELOPERS}
    core = CapifCore(root, disk, open_authority(folder), _token_key(folder), customers, post, now_s)
    core.ledger.valid_s = STANDING_S
    aef = _publish_exposure_function(core, folder, nef)
    write_secret(file, msgspec.json.encode(_developers(core, folder, known, nef)))
    core.ledger.valid_s = CERTIFICATE_S
    return core, aef


def read_developers(folder: Path) -> Developers | None:
    file = folder / FILE
    return msgspec.json.decode(file.read_bytes(), type=Developers) if file.exists() else None


def _publish_exposure_function(core: CapifCore, folder: Path, nef: Address) -> str:
    domain = next((one for one in core.providers if one.customer == OPERATOR), None)
    if domain is None:
        body = msgspec.json.encode(
            _enrolment(folder, "nef", "the exposure function of the simulated network")
        )
        domain = core.providers.register(OPERATOR, body)
        _keep_certificates(folder, "nef", domain.says)
    (apf,), (aef,) = domain.ids("APF"), domain.ids("AEF")
    there = {one.says.api_name: one for one in core.publications.list(apf)}
    for name in APIS:
        wanted = _description(name, aef, nef)
        if name not in there:
            core.publish(apf, domain.id, msgspec.json.encode(wanted))
        elif replace(there[name].says, api_id=UNSET) != wanted:
            core.republish(apf, domain.id, there[name].id, msgspec.json.encode(wanted))
    return aef


def _developers(core: CapifCore, folder: Path, known: Developers, nef: Address) -> Developers:
    if all(one.id != known.domain for one in core.providers):
        body = msgspec.json.encode(_enrolment(folder, DEVELOPERS, "for trying the APIs"))
        domain = core.providers.register(DEVELOPERS, body)
        _keep_certificates(folder, DEVELOPERS, domain.says)
        (amf,), (apf,), (aef,) = (domain.ids(role) for role in ROLES)
        known = replace(known, domain=domain.id, amf=amf, apf=apf, aef=aef)
    if core.invokers.get(known.invoker) is None:
        key = _public(folder / FOLDER / f"{DEVELOPERS}-invoker.key")
        wanted = APIInvokerEnrolmentDetails(
            OnboardingInformation(key),
            f"https://{nef}/nowhere",
            api_invoker_information="for trying the APIs",
        )
        invoker = core.onboard(DEVELOPERS, msgspec.json.encode(wanted))
        certificate = str(invoker.says.onboarding_information.api_invoker_certificate)
        (folder / FOLDER / f"{DEVELOPERS}-invoker.crt").write_text(certificate)
        known = replace(known, invoker=invoker.id)
    return known


def _enrolment(folder: Path, party: str, information: str) -> APIProviderEnrolmentDetails:
    functions = [
        APIProviderFunctionDetails(
            RegistrationInformation(_public(folder / FOLDER / f"{party}-{role.lower()}.key")), role
        )
        for role in ROLES
    ]
    return APIProviderEnrolmentDetails(
        secrets.token_urlsafe(32), api_prov_funcs=functions, api_prov_dom_info=information
    )


def _keep_certificates(folder: Path, party: str, says: APIProviderEnrolmentDetails) -> None:
    for one in says.api_prov_funcs if says.api_prov_funcs is not UNSET else []:
        file = folder / FOLDER / f"{party}-{one.api_prov_func_role.lower()}.crt"
        file.write_text(str(one.reg_info.api_prov_cert))


def _description(name: str, aef: str, nef: Address) -> ServiceAPIDescription:
    host, _, port = nef.rpartition(":")
    methods = ["OAUTH", "PKI"]
    resources = [
        Resource(
            uri.strip("/"),
            "SUBSCRIBE_NOTIFY" if "subscriptions" in uri else "REQUEST_RESPONSE",
            uri,
            operations=operations.split(),
        )
        for uri, operations in RESOURCES[name]
    ]
    profile = AefProfile(
        aef,
        [Version(APIS[name], resources=resources)],
        protocol="HTTP_1_1",
        data_format="JSON",
        security_methods=methods,
        interface_descriptions=[
            InterfaceDescription(ipv4_addr=host, port=int(port), security_methods=methods)
        ],
    )
    return ServiceAPIDescription(name, aef_profiles=[profile], description="simulated")


def _public(key_file: Path) -> str:
    """The public half of a key that is made if it is not there."""
    if not key_file.exists():
        write_secret(key_file, pem(ec.generate_private_key(ec.SECP256R1())))
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def _token_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """What access tokens are signed with; made once, so that they outlive a restart."""
    file = folder / FOLDER / "tokens.key"
    if not file.exists():
        write_secret(file, pem(ec.generate_private_key(ec.SECP256R1())))
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
