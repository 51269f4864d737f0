"""CAPIF as an API invoker speaks it: bodies of 3GPP TS 29.222 Rel-17, and what they say. Pure.

Unknown attributes are ignored (TS 29.501, 5.2.2); what Fedge does not use is neither sent nor read.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from fedge.adapters.core5g.words import UNREADABLE, Invalid

INVOKERS, DISCOVERY = "/api-invoker-management/v1/onboardedInvokers", "/service-apis/v1/allServiceAPIs"
TRUSTED, SECURITIES = "/capif-security/v1/trustedInvokers", "/capif-security/v1/securities"
OAUTH = "OAUTH"
"""Security method 3 of TS 33.122: TLS and an OAuth2 token; the only one that Fedge asks for."""


class ApiAt(Struct, frozen=True):
    """A discovered API: its base URL, who exposes it (``aef``), and its id in the registry."""

    name: str
    url: str
    aef: str
    api: str

    @property
    def scope(self) -> str:
        return f"3gpp#{self.aef}:{self.name}"


class OnboardingInformation(Struct, frozen=True, rename="camel"):
    api_invoker_certificate: str = ""
    onboarding_secret: str = ""


class Enrolment(Struct, frozen=True, rename="camel"):
    """Of APIInvokerEnrolmentDetails: what the core function assigns."""

    api_invoker_id: str = ""
    onboarding_information: OnboardingInformation = OnboardingInformation()


class Interface(Struct, frozen=True, rename="camel"):
    ipv4_addr: str = ""
    port: int = 443
    security_methods: tuple[str, ...] = ()


class Version(Struct, frozen=True, rename="camel"):
    api_version: str


class AefProfile(Struct, frozen=True, rename="camel"):
    aef_id: str
    versions: tuple[Version, ...] = ()
    security_methods: tuple[str, ...] = ()
    domain_name: str = ""
    interface_descriptions: tuple[Interface, ...] = ()


class ServiceApi(Struct, frozen=True, rename="camel"):
    api_name: str
    api_id: str = ""
    aef_profiles: tuple[AefProfile, ...] = ()


class Discovered(Struct, frozen=True):
    apis: tuple[ServiceApi, ...] = field(default=(), name="serviceAPIDescriptions")


class Revocation(Struct, frozen=True, rename="camel"):
    """SecurityNotification."""

    api_invoker_id: str
    api_ids: tuple[str, ...]
    cause: str
    aef_id: str = ""


class Completion(Struct, frozen=True, rename="camel"):
    """OnboardingNotification: what became of a request that was answered 202."""

    result: bool
    api_invoker_enrolment_details: Enrolment = Enrolment()


# --- said -----------------------------------------------------------------------------------------------------------------------


def enrolment(public_key: str, destination: str, invoker: str = "") -> dict[str, Any]:
    """APIInvokerEnrolmentDetails; ``invoker``: who is onboarded already."""
    said: dict[str, Any] = {
        "onboardingInformation": {"apiInvokerPublicKey": public_key},
        "notificationDestination": destination,
        "apiInvokerInformation": "Fedge, access API gateway",
    }
    return said | {"apiInvokerId": invoker} if invoker else said


def security(apis: list[ApiAt], destination: str) -> dict[str, Any]:
    """ServiceSecurity: by which method each API shall be invoked."""
    info = [{"aefId": one.aef, "apiId": one.api, "prefSecurityMethods": [OAUTH]} for one in apis]
    return {"securityInfo": info, "notificationDestination": destination}


def token_request(invoker: str, secret: str, api: ApiAt) -> dict[str, str]:
    """AccessTokenReq."""
    said = {"grant_type": "client_credentials", "client_id": invoker, "scope": api.scope}
    return said | {"client_secret": secret} if secret else said


# --- heard ----------------------------------------------------------------------------------------------------------------------


def found(what: Discovered, names: tuple[str, ...], before: dict[str, ApiAt]) -> dict[str, ApiAt]:
    """Each of these APIs where Fedge can invoke it. Of several, the one of ``before``; else the first."""
    there: dict[str, list[ApiAt]] = {}
    for api in what.apis:
        if api.api_name in names:
            there.setdefault(api.api_name, []).extend(_ends(api))
    return {
        name: before[name] if before.get(name) in ends else ends[0] for name, ends in there.items() if ends
    }


def _ends(api: ServiceApi) -> list[ApiAt]:
    ends = []
    for profile in api.aef_profiles:
        for version in profile.versions[-1:]:
            authorities = [
                f"{one.ipv4_addr}:{one.port}"
                for one in profile.interface_descriptions
                if one.ipv4_addr and _by_token(one.security_methods or profile.security_methods)
            ]
            if profile.domain_name and _by_token(profile.security_methods):
                authorities.append(profile.domain_name)
            ends += [
                ApiAt(api.api_name, f"https://{each}/{api.api_name}/{version.api_version}", profile.aef_id, api.api_id)
                for each in authorities
            ]  # fmt: skip
    return ends


def _by_token(methods: tuple[str, ...]) -> bool:
    """An interface that names no method leaves it to the security context."""
    return not methods or OAUTH in methods


def notified(body: bytes) -> Revocation | Completion | None:
    """A notification of the core function; None for a test. Raises ``Invalid``."""
    try:
        raw = msgspec.json.decode(body)
        if isinstance(raw, dict) and "result" in raw:
            return msgspec.convert(raw, Completion)
        if isinstance(raw, dict) and "apiIds" in raw:
            return msgspec.convert(raw, Revocation)
    except UNREADABLE as error:
        raise Invalid(str(error)) from None
    if isinstance(raw, dict) and isinstance(raw.get("subscription"), str):
        return None
    raise Invalid("is no notification of a CAPIF core function")
