"""What CAPIF refuses: foreign, expired and revoked certificates, another's resources, wrong scopes, and bodies that are wrong.

Each refusal has the standard's form, and changes nothing.
"""

from __future__ import annotations

import base64
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulation.core5g.capif.framework import (
    HOOK,
    INFLUENCE,
    Framework,
    Keys,
    Party,
    described,
    forged,
)

ONBOARDED = "/api-invoker-management/v1/onboardedInvokers"
REGISTRATIONS = "/api-provider-management/v1/registrations"
TRUSTED = "/capif-security/v1/trustedInvokers"


def refused(answer: Any) -> tuple[int, str]:
    """Status and cause of an answer in the form of TS 29.122."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["title"]
    return answer.status_code, said["cause"]


# --- certificates --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["Fedge simulated CAPIF core function", "another"])
def test_a_foreign_certificate_ends_the_handshake(capif: Framework, issuer: str) -> None:
    certificate, key = forged(capif.folder, issuer, timedelta(days=1))
    stranger = Party(capif, "x", certificate, key)
    for at in (capif.capif_url, capif.nef_url):
        with pytest.raises(httpx2.TransportError):
            stranger.call("GET", "/service-apis/v1/allServiceAPIs", at=at)


def test_the_operators_server_certificates_are_no_client_certificates(capif: Framework) -> None:
    crt, key = capif.folder / "tls" / "nef.crt", capif.folder / "tls" / "nef.key"
    with pytest.raises(httpx2.TransportError):
        Party(capif, "x", crt.read_text(), key).call("GET", "/service-apis/v1/allServiceAPIs")


def test_an_invokers_certificate_is_not_the_operators(capif: Framework) -> None:
    """Who is trusted for servers and for notifications is another authority: no invoker can pose as the operator."""
    me = capif.onboarded()
    context = ssl.create_default_context(cafile=capif.folder / "tls" / "ca.crt")
    assert (
        context.get_ca_certs()
        != ssl.create_default_context(cafile=capif.folder / "tls" / "capif" / "ca.crt").get_ca_certs()
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = capif.folder / "posing.crt"
    file.write_text(me.certificate)
    assert me.key is not None
    server.load_cert_chain(file, me.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(outgoing, incoming, server_hostname="127.0.0.1")
    posing = server.wrap_bio(incoming, outgoing, server_side=True)
    with pytest.raises(ssl.SSLCertVerificationError):  # noqa: PT012
        for _ in range(4):
            for end in (client, posing):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue


def test_an_expired_certificate_ends_the_handshake(capif: Framework) -> None:
    capif.core.ledger.valid_s = -60
    late = capif.onboarded()
    with pytest.raises(httpx2.TransportError):
        late.secure()


def test_a_certificate_that_expires_on_an_open_connection_is_refused(capif: Framework) -> None:
    me = capif.onboarded()
    me.secure()
    token = me.token()
    assert me.invoke(token).status_code == 200
    capif.late_s = 90_000
    assert refused(me.invoke(token)) == (401, "UNAUTHORIZED")
    assert refused(me.secure()) == (401, "UNAUTHORIZED")
    assert me.ask_token().json()["error"] == "invalid_client"


def test_an_invoker_that_is_offboarded_can_do_nothing_more(capif: Framework) -> None:
    me = capif.onboarded()
    me.secure()
    token = me.token()
    assert me.call("DELETE", f"{ONBOARDED}/{me.id}").status_code == 204
    assert refused(me.invoke(token)) == (401, "UNAUTHORIZED")
    assert refused(me.secure()) == (401, "UNAUTHORIZED")
    query = {"api-invoker-id": me.id}
    assert refused(me.call("GET", "/service-apis/v1/allServiceAPIs", params=query)) == (401, "UNAUTHORIZED")
    assert me.ask_token().status_code == 401
    capif.killed()
    assert refused(me.invoke(token)) == (401, "UNAUTHORIZED"), "and that outlives a crash"


def test_without_a_certificate(capif: Framework) -> None:
    me, nobody = capif.onboarded(), capif.anybody()
    for method, path in (
        ("GET", f"/service-apis/v1/allServiceAPIs?api-invoker-id={me.id}"),
        ("DELETE", f"{ONBOARDED}/{me.id}"),
        ("DELETE", f"{TRUSTED}/{me.id}"),
        ("GET", f"{TRUSTED}/{me.id}"),
        ("GET", "/published-apis/v1/apf/service-apis"),
        ("DELETE", f"/capif-events/v1/{me.id}/subscriptions/x"),
        ("DELETE", f"{REGISTRATIONS}/x"),
    ):
        assert refused(nobody.call(method, path)) == (401, "UNAUTHORIZED"), path
    token = nobody.http.post(f"{capif.capif_url}/capif-security/v1/securities/{me.id}/token", data={"a": "b"})
    assert (token.status_code, token.json()["error"]) == (401, "invalid_client")
    assert me.secure().status_code == 201, "nothing of that had an effect"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer guessed"}, {"authorization": "Basic eDp5"}]
)
def test_without_the_onboarding_credential(capif: Framework, headers: dict[str, str]) -> None:
    body = capif.enrolment(Keys(capif.folder, "k").public)
    answer = capif.anybody().call("POST", ONBOARDED, body, headers=headers)
    assert refused(answer) == (401, "UNAUTHORIZED")
    assert "Bearer" in answer.headers["www-authenticate"]
    provider = capif.anybody().call("POST", REGISTRATIONS, {"regSec": "guessed"}, headers=headers)
    assert refused(provider) == (401, "UNAUTHORIZED")


# --- another's resources, and roles -------------------------------------------------------------------------------------------


def test_another_invokers_resources(capif: Framework) -> None:
    mine, other = capif.onboarded(), capif.onboarded()
    other.secure()
    subscribed = {"events": ["SERVICE_API_AVAILABLE"], "notificationDestination": HOOK}
    made = other.call("POST", f"/capif-events/v1/{other.id}/subscriptions", subscribed)
    subscription = made.headers["location"].rpartition("/")[2]
    body = capif.enrolment(Keys(capif.folder, "k").public)
    context = {
        "securityInfo": [{"aefId": capif.aef, "prefSecurityMethods": ["OAUTH"]}],
        "notificationDestination": HOOK,
    }
    for method, path, said in (
        ("PUT", f"{ONBOARDED}/{other.id}", body),
        ("PATCH", f"{ONBOARDED}/{other.id}", {}),
        ("DELETE", f"{ONBOARDED}/{other.id}", None),
        ("PUT", f"{TRUSTED}/{other.id}", context),
        ("POST", f"{TRUSTED}/{other.id}/update", context),
        ("DELETE", f"{TRUSTED}/{other.id}", None),
        ("GET", f"/service-apis/v1/allServiceAPIs?api-invoker-id={other.id}", None),
        ("POST", f"/capif-events/v1/{other.id}/subscriptions", subscribed),
        ("DELETE", f"/capif-events/v1/{other.id}/subscriptions/{subscription}", None),
    ):
        assert refused(mine.call(method, path, said)) == (403, "REQUEST_NOT_AUTHORIZED"), path
    own = f"/capif-events/v1/{mine.id}/subscriptions/{subscription}"
    assert refused(mine.call("DELETE", own)) == (404, "SUBSCRIPTION_NOT_FOUND")
    url = f"{capif.capif_url}/capif-security/v1/securities/{other.id}/token"
    form = {"grant_type": "client_credentials", "client_id": other.id}
    assert refused(mine.http.post(url, data=form)) == (403, "REQUEST_NOT_AUTHORIZED")
    assert other.token(), "everything of the other's is as it was"


def test_another_providers_resources(capif: Framework) -> None:
    domain, provider = capif.provider()
    _, other = capif.provider()
    path = f"/published-apis/v1/{provider['APF'].id}/service-apis"
    made = provider["APF"].call("POST", path, described(provider["AEF"].id)).json()
    assert refused(other["AMF"].call("DELETE", f"{REGISTRATIONS}/{domain}")) == (
        403,
        "REQUEST_NOT_AUTHORIZED",
    )
    assert refused(other["APF"].call("GET", path)) == (403, "REQUEST_NOT_AUTHORIZED")
    own = f"/published-apis/v1/{other['APF'].id}/service-apis"
    assert refused(other["APF"].call("GET", f"{own}/{made['apiId']}")) == (404, "RESOURCE_NOT_FOUND")
    for method in ("PUT", "DELETE"):
        body = described(other["AEF"].id) if method == "PUT" else None
        assert refused(other["APF"].call(method, f"{own}/{made['apiId']}", body)) == (
            404,
            "RESOURCE_NOT_FOUND",
        )
    foreign = other["APF"].call("POST", own, described(provider["AEF"].id))
    assert refused(foreign) == (400, "OPTIONAL_IE_INCORRECT"), (
        "nobody publishes at another's exposing function"
    )
    me = capif.onboarded()
    me.secure()
    assert refused(other["AEF"].call("GET", f"{TRUSTED}/{me.id}")) == (403, "REQUEST_NOT_AUTHORIZED")
    said = {"apiInvokerId": me.id, "apiIds": [capif.api_id()], "cause": "UNEXPECTED_REASON"}
    assert other["AEF"].call("POST", f"{TRUSTED}/{me.id}/delete", said).status_code == 404
    assert me.invoke(me.token()).status_code == 200


def test_each_role_has_its_own_apis(capif: Framework) -> None:
    domain, provider = capif.provider()
    me = capif.onboarded()
    for who, method, path in (
        (me, "GET", f"/published-apis/v1/{me.id}/service-apis"),
        (me, "DELETE", f"{REGISTRATIONS}/{domain}"),
        (me, "GET", f"{TRUSTED}/{me.id}"),
        (provider["AEF"], "DELETE", f"{REGISTRATIONS}/{domain}"),
        (provider["AMF"], "GET", f"/published-apis/v1/{provider['AMF'].id}/service-apis"),
        (provider["APF"], "GET", f"/service-apis/v1/allServiceAPIs?api-invoker-id={provider['APF'].id}"),
        (provider["AEF"], "DELETE", f"{ONBOARDED}/{provider['AEF'].id}"),
    ):
        assert refused(who.call(method, path)) == (403, "REQUEST_NOT_AUTHORIZED"), path
    assert refused(provider["AEF"].invoke()) == (401, "UNAUTHORIZED")


# --- tokens --------------------------------------------------------------------------------------------------------------------


def test_a_scope_must_be_of_the_security_context(capif: Framework) -> None:
    me = capif.onboarded()
    me.secure({"aefId": capif.aef, "apiId": capif.api_id(), "prefSecurityMethods": ["OAUTH"]})
    for scope in (
        f"3gpp#{capif.aef}:rni",
        f"3gpp#another:{INFLUENCE}",
        "3gpp#",
        "rni",
        f"3gpp#{capif.aef}:{INFLUENCE},",
    ):
        answer = me.ask_token(scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope
    token = me.token()
    assert me.invoke(token).status_code == 200
    wrong = me.invoke(token, "rni")
    assert refused(wrong) == (403, "REQUEST_NOT_AUTHORIZED")
    assert "insufficient_scope" in wrong.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_no_token(capif: Framework, change: dict[str, str], status: int, error: str) -> None:
    me = capif.onboarded()
    me.secure()
    answer = me.ask_token(**change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_no_token_without_a_security_context(capif: Framework) -> None:
    assert refused(capif.onboarded().ask_token()) == (404, "SECURITY_CONTEXT_NOT_FOUND")


def test_a_token_is_good_for_its_certificate_and_its_time_only(capif: Framework) -> None:
    me, thief = capif.onboarded(), capif.onboarded()
    me.secure()
    thief.secure()
    token = me.token()
    assert refused(thief.invoke(token)) == (401, "UNAUTHORIZED"), (
        "stolen, and shown with the thief's certificate"
    )
    assert refused(capif.anybody().invoke(token)) == (401, "UNAUTHORIZED")
    head, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert said["iss"] == me.id
    said["scope"] = said["scope"].replace(capif.aef, "another")
    forged_claims = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    cut = [f"{head}.{claims}.", f"{head}.{claims}.!!!", f"{head}..", f"{token}A", "x"]
    for wrong in (f"{head}.{forged_claims}.{signature}", *cut):
        answer = me.invoke(wrong)
        assert refused(answer) == (401, "UNAUTHORIZED"), wrong
        assert "invalid_token" in answer.headers["www-authenticate"]
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"capif"}').rstrip(b"=").decode()
    assert refused(me.invoke(f"{none}.{claims}.")) == (401, "UNAUTHORIZED")
    capif.late_s = 601
    expired = me.invoke(token)
    assert refused(expired) == (401, "UNAUTHORIZED")
    assert "expired" in expired.json()["detail"]


def test_what_was_revoked_opens_nothing(capif: Framework) -> None:
    me, nef = capif.onboarded(), capif.party("nef-aef")
    me.secure()
    token = me.token()
    said = {"apiInvokerId": me.id, "apiIds": [capif.api_id()], "cause": "OVERLIMIT_USAGE"}
    assert nef.call("POST", f"{TRUSTED}/{me.id}/delete", said).status_code == 204
    assert refused(me.invoke(token)) == (403, "REQUEST_NOT_AUTHORIZED")
    assert me.invoke(token, "rni").status_code == 200, "only one API was taken back"
    assert me.call("DELETE", f"{TRUSTED}/{me.id}").status_code == 204
    assert refused(me.invoke(token, "rni")) == (403, "REQUEST_NOT_AUTHORIZED")
    assert me.ask_token().status_code == 404


def test_a_certificate_alone_opens_nothing_that_was_agreed_by_token(capif: Framework) -> None:
    me = capif.onboarded()
    assert refused(me.invoke()) == (403, "REQUEST_NOT_AUTHORIZED")
    me.secure()
    assert refused(me.invoke()) == (403, "REQUEST_NOT_AUTHORIZED")


def test_an_api_that_is_withdrawn_is_granted_no_longer(capif: Framework) -> None:
    _, provider = capif.provider()
    apf = provider["APF"]
    made = apf.call("POST", f"/published-apis/v1/{apf.id}/service-apis", described(provider["AEF"].id)).json()
    me = capif.onboarded()
    me.secure({"aefId": provider["AEF"].id, "prefSecurityMethods": ["OAUTH"]})
    assert me.token()
    apf.call("DELETE", f"/published-apis/v1/{apf.id}/service-apis/{made['apiId']}")
    assert me.ask_token().json()["error"] == "unauthorized_client"


# --- bodies --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (
            {"onboardingInformation": {"apiInvokerPublicKey": "no key"}},
            "/onboardingInformation/apiInvokerPublicKey",
        ),
        ({"onboardingInformation": {}}, "/onboardingInformation/apiInvokerPublicKey"),
        ({"onboardingInformation": None}, "/onboardingInformation"),
        ({"notificationDestination": "https://203.0.113.7/hook"}, "/notificationDestination"),
        ({"notificationDestination": "https://somewhere.example/hook"}, "/notificationDestination"),
        ({"notificationDestination": "file:///etc/passwd"}, "/notificationDestination"),
        ({"websockNotifConfig": {"requestWebsocketUri": True}}, "/websockNotifConfig"),
        ({"apiInvokerId": "chosen"}, "/apiInvokerId"),
        ({"apiList": {"serviceAPIDescriptions": []}}, "/apiList/serviceAPIDescriptions"),
        ({"supportedFeatures": "no"}, "/supportedFeatures"),
    ],
)
def test_an_enrolment_that_is_wrong(capif: Framework, change: dict[str, Any], pointer: str) -> None:
    body = capif.enrolment(Keys(capif.folder, "k").public) | change
    answer = capif.anybody().call("POST", ONBOARDED, body, headers=capif.bearer())
    assert refused(answer)[0] == 400
    assert [one["param"] for one in answer.json()["invalidParams"]] == [pointer]
    assert [one.customer for one in capif.core.invokers] == ["developers"]


def test_weak_and_broken_keys(capif: Framework, tmp_path: Path) -> None:
    request = Keys(tmp_path, "k").request.splitlines()
    request[2] = request[2][::-1]
    curve = ec.generate_private_key(ec.SECP521R1())
    weak = rsa.generate_private_key(65537, 1024)
    others = [public(key) for key in (curve, weak, x25519.X25519PrivateKey.generate())]
    for key in (
        "\n".join(request),
        *others,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "\ud800",
    ):
        body = json.dumps(capif.enrolment(key))
        answer = capif.anybody().call("POST", ONBOARDED, body, headers=capif.bearer())
        assert refused(answer)[0] == 400, key


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)])
def test_other_kinds_of_keys(capif: Framework, key: Any) -> None:
    body = capif.enrolment(public(key))
    assert capif.anybody().call("POST", ONBOARDED, body, headers=capif.bearer()).status_code == 201


def public(key: Any) -> str:
    """The public half, in PEM."""
    encoded = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(encoded.decode())


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"apiName": "a:b"}, "/apiName"),
        ({"apiName": ""}, "/apiName"),
        ({"apiId": "chosen"}, "/apiId"),
        ({"aefProfiles": []}, "/aefProfiles"),
        ({"aefProfiles": [{"domainName": "a.example"}]}, "/aefProfiles/0/aefId"),
        (
            {
                "aefProfiles": [
                    {"domainName": "a.example", "interfaceDescriptions": [{"ipv4Addr": "127.0.0.1"}]}
                ]
            },
            "/aefProfiles/0",
        ),
        ({"aefProfiles": [{"interfaceDescriptions": [{}]}]}, "/aefProfiles/0/interfaceDescriptions/0"),
        (
            {"aefProfiles": [{"interfaceDescriptions": [{"ipv4Addr": "300.1.1.1"}]}]},
            "/aefProfiles/0/interfaceDescriptions/0",
        ),
        (
            {"aefProfiles": [{"domainName": "d", "aefLocation": {"geoArea": {"shape": "POINT"}}}]},
            "/aefProfiles/0/aefLocation/geoArea",
        ),
        (
            {"aefProfiles": [{"domainName": "d", "aefLocation": {"civicAddr": {"PC": 12345}}}]},
            "/aefProfiles/0/aefLocation",
        ),
        (
            {"aefProfiles": [{"domainName": "d", "versions": [{"apiVersion": "v1", "expiry": "soon"}]}]},
            "/aefProfiles/0/versions/0/expiry",
        ),
    ],
)
def test_a_description_that_is_wrong(capif: Framework, change: dict[str, Any], pointer: str) -> None:
    _, provider = capif.provider()
    for one in change.get("aefProfiles", []):
        if pointer != "/aefProfiles/0/aefId":
            one["aefId"] = provider["AEF"].id
        one.setdefault("versions", [{"apiVersion": "v1"}])
    apf = provider["APF"]
    path = f"/published-apis/v1/{apf.id}/service-apis"
    answer = apf.call("POST", path, described(provider["AEF"].id) | change)
    assert refused(answer)[0] == 400
    assert [one["param"] for one in answer.json()["invalidParams"]] == [pointer]
    assert apf.call("GET", path).json() == []


def test_a_name_is_published_once_at_an_exposing_function_and_does_not_change(capif: Framework) -> None:
    _, provider = capif.provider()
    apf = provider["APF"]
    path = f"/published-apis/v1/{apf.id}/service-apis"
    made = apf.call("POST", path, described(provider["AEF"].id)).json()
    assert refused(apf.call("POST", path, described(provider["AEF"].id))) == (403, "OPERATION_PROHIBITED")
    renamed = apf.call("PUT", f"{path}/{made['apiId']}", described(provider["AEF"].id, "storm"))
    assert refused(renamed) == (403, "MODIFICATION_NOT_ALLOWED")
    assert refused(apf.call("PATCH", f"{path}/{made['apiId']}", {"apiName": "storm"})) == (
        403,
        "MODIFICATION_NOT_ALLOWED",
    )
    assert apf.call("GET", path).json() == [made]


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ({"prefSecurityMethods": ["OAUTH"]}, "/securityInfo/0"),
        ({"aefId": "unheard-of", "prefSecurityMethods": ["OAUTH"]}, "/securityInfo/0"),
        ({"aefId": "AEF", "apiId": "unheard-of", "prefSecurityMethods": ["OAUTH"]}, "/securityInfo/0"),
        ({"aefId": "AEF", "prefSecurityMethods": ["PSK"]}, "/securityInfo/0/prefSecurityMethods"),
        ({"aefId": "AEF", "prefSecurityMethods": []}, "/securityInfo/0/prefSecurityMethods"),
        ({"aefId": "AEF"}, "/securityInfo/0/prefSecurityMethods"),
        (
            {"aefId": "AEF", "interfaceDetails": {"ipv4Addr": "127.0.0.1"}, "prefSecurityMethods": ["OAUTH"]},
            "/securityInfo/0",
        ),
        (
            {"interfaceDetails": {"ipv4Addr": "x"}, "prefSecurityMethods": ["OAUTH"]},
            "/securityInfo/0/interfaceDetails",
        ),
    ],
)
def test_a_security_context_that_is_wrong(capif: Framework, entry: dict[str, Any], pointer: str) -> None:
    me = capif.onboarded()
    if entry.get("aefId") == "AEF":
        entry = entry | {"aefId": capif.aef}
    answer = me.secure(entry)
    assert refused(answer)[0] == 400
    assert [one["param"] for one in answer.json()["invalidParams"]] == [pointer]
    assert me.ask_token().status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"events": []}, 400),
        ({"events": ["EARTHQUAKE"]}, 400),
        ({"events": ["SERVICE_API_INVOCATION_FAILURE"]}, 403),
        ({"notificationDestination": "https://10.0.0.1/"}, 400),
        ({"eventReq": {"notifMethod": "PERIODIC", "repPeriod": 5}}, 403),
        ({"eventReq": {"notifMethod": "SOMETIMES"}}, 400),
        ({"eventReq": {"immRep": True}}, 403),
        ({"eventReq": {"monDur": "tomorrow"}}, 400),
        ({"eventReq": {"maxReportNbr": 0}}, 400),
    ],
)
def test_a_subscription_that_is_wrong(capif: Framework, change: dict[str, Any], status: int) -> None:
    me = capif.onboarded()
    body = {"events": ["SERVICE_API_AVAILABLE"], "notificationDestination": HOOK} | change
    assert refused(me.call("POST", f"/capif-events/v1/{me.id}/subscriptions", body))[0] == status
    assert list(capif.core.subscriptions) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "api-invoker-id"),
        ({"api-supported-features": "1"}, "api-supported-features"),
        ({"supported-features": "x"}, "supported-features"),
        ({"preferred-aef-loc": "north"}, "preferred-aef-loc"),
        ({"preferred-aef-loc": "[" * 5000}, "preferred-aef-loc"),
    ],
)
def test_a_query_that_is_wrong(capif: Framework, query: dict[str, str], parameter: str) -> None:
    me = capif.onboarded()
    own = {"api-invoker-id": me.id} if query else {}
    answer = me.call("GET", "/service-apis/v1/allServiceAPIs", params=own | query)
    assert refused(answer)[0] == 400
    assert [one["param"] for one in answer.json()["invalidParams"]] == [parameter]


def test_how_a_request_comes(capif: Framework) -> None:
    me = capif.onboarded()
    path = f"{ONBOARDED}/{me.id}"
    plain = {"content-type": "application/json"}
    assert refused(me.call("PATCH", path, {}, headers=plain)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert refused(me.call("PUT", path, b"{", headers=plain)) == (400, "INVALID_MSG_FORMAT")
    assert refused(me.call("PUT", path, b"\xff\xfe", headers=plain)) == (400, "INVALID_MSG_FORMAT")
    assert refused(me.call("PUT", path, b"[" * 60_000, headers=plain))[0] == 400
    assert refused(me.call("PUT", path, b"x" * 70_000, headers=plain)) == (413, "INCORRECT_LENGTH")
    assert refused(me.call("GET", path)) == (405, "METHOD_NOT_ALLOWED")
    assert refused(me.call("GET", "/service-apis/v2/allServiceAPIs")) == (
        404,
        "RESOURCE_URI_STRUCTURE_NOT_FOUND",
    )
    query = {"api-invoker-id": me.id}
    picky = me.call("GET", "/service-apis/v1/allServiceAPIs", params=query, headers={"accept": "text/html"})
    assert refused(picky) == (406, "NOT_ACCEPTABLE")
    assert refused(me.call("PATCH", path, {"supportedFeatures": "1"})) == (403, "MODIFICATION_NOT_ALLOWED")
    assert refused(me.call("PATCH", path, {"notificationDestination": None})) == (400, "MANDATORY_IE_MISSING")
