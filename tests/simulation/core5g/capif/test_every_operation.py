"""Each operation of TS 29.222's six APIs once and by hand, in the order in which a provider and an invoker come to need them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509

from tests.simulation.core5g.capif.framework import HOOK, Framework, Keys, Party, described

REGISTRATIONS = "/api-provider-management/v1/registrations"
ONBOARDED = "/api-invoker-management/v1/onboardedInvokers"
TRUSTED = "/capif-security/v1/trustedInvokers"
EVENTS = "/capif-events/v1"


def functions(answer: Any) -> dict[str, dict[str, Any]]:
    """By role."""
    return {one["apiProvFuncRole"]: one for one in answer.json()["apiProvFuncs"]}


def published(provider: dict[str, Party], **more: Any) -> Any:
    apf = provider["APF"]
    return apf.call(
        "POST", f"/published-apis/v1/{apf.id}/service-apis", described(provider["AEF"].id, **more)
    )


def test_a_provider_domain(capif: Framework) -> None:
    one = Keys(capif.folder, "one")
    body = {
        "regSec": capif.onboarding,  # the credential may come here, as the standard has it
        "apiProvFuncs": [
            {"regInfo": {"apiProvPubKey": one.request}, "apiProvFuncRole": role}
            for role in ("AMF", "APF", "AEF")
        ],
        "apiProvDomInfo": "weather",
        "suppFeat": "ff",
    }
    made = capif.anybody().call("POST", REGISTRATIONS, body)
    assert made.status_code == 201, made.text
    said, by_role = made.json(), functions(made)
    domain = said["apiProvDomId"]
    assert made.headers["location"] == f"{capif.capif_url}{REGISTRATIONS}/{domain}"
    assert (said["suppFeat"], said["apiProvDomInfo"]) == ("1", "weather")
    certificate = x509.load_pem_x509_certificate(by_role["AEF"]["regInfo"]["apiProvCert"].encode())
    assert by_role["AEF"]["apiProvFuncId"] in certificate.subject.rfc4514_string()

    amf = Party(capif, by_role["AMF"]["apiProvFuncId"], by_role["AMF"]["regInfo"]["apiProvCert"], one.file)
    patched = amf.call("PATCH", f"{REGISTRATIONS}/{domain}", {"apiProvDomInfo": "climate"})
    assert (patched.status_code, patched.json()["apiProvDomInfo"]) == (200, "climate")
    assert functions(patched) == by_role, "nothing else changed"

    said = patched.json()
    said["apiProvFuncs"] = [
        by_role["AMF"],
        {"regInfo": {"apiProvPubKey": one.public}, "apiProvFuncRole": "AEF"},
    ]
    changed = amf.call("PUT", f"{REGISTRATIONS}/{domain}", said)
    assert changed.status_code == 200, changed.text
    assert functions(changed)["AMF"] == by_role["AMF"]
    assert functions(changed)["AEF"]["apiProvFuncId"] != by_role["AEF"]["apiProvFuncId"]
    gone = Party(capif, by_role["APF"]["apiProvFuncId"], by_role["APF"]["regInfo"]["apiProvCert"], one.file)
    assert gone.call("GET", f"/published-apis/v1/{gone.id}/service-apis").status_code == 401

    assert amf.call("DELETE", f"{REGISTRATIONS}/{domain}").status_code == 204
    assert amf.call("DELETE", f"{REGISTRATIONS}/{domain}").status_code == 401
    bearer = capif.bearer()
    assert capif.anybody().call("DELETE", f"{REGISTRATIONS}/{domain}", headers=bearer).status_code == 404


def test_a_domain_without_amf_is_managed_by_its_credential(capif: Framework) -> None:
    domain, _ = capif.provider("APF", "AEF")
    other = capif.bearer(capif.developers().onboarding)
    assert capif.anybody().call("DELETE", f"{REGISTRATIONS}/{domain}", headers=other).status_code == 403
    assert (
        capif.anybody().call("DELETE", f"{REGISTRATIONS}/{domain}", headers=capif.bearer()).status_code == 204
    )


def test_a_published_api(capif: Framework) -> None:
    _, provider = capif.provider()
    apf = provider["APF"]
    path = f"/published-apis/v1/{apf.id}/service-apis"
    made = published(provider, description="it rains", supportedFeatures="7", serviceAPICategory="nature")
    assert made.status_code == 201, made.text
    one = made.json()
    assert made.headers["location"] == f"{capif.capif_url}{path}/{one['apiId']}"
    assert one == described(
        provider["AEF"].id,
        apiId=one["apiId"],
        description="it rains",
        supportedFeatures="3",
        serviceAPICategory="nature",
    )
    assert apf.call("GET", path).json() == [one]
    assert apf.call("GET", f"{path}/{one['apiId']}").json() == one
    patched = apf.call("PATCH", f"{path}/{one['apiId']}", {"description": None, "apiSuppFeats": "a"})
    assert patched.status_code == 200, patched.text
    assert patched.json() == {name: value for name, value in one.items() if name != "description"} | {
        "apiSuppFeats": "a"
    }
    replaced = apf.call("PUT", f"{path}/{one['apiId']}", described(provider["AEF"].id))
    assert (replaced.status_code, replaced.json()) == (200, described(provider["AEF"].id, apiId=one["apiId"]))
    assert apf.call("DELETE", f"{path}/{one['apiId']}").status_code == 204
    assert apf.call("GET", f"{path}/{one['apiId']}").status_code == 404
    assert apf.call("GET", path).json() == []


def test_what_goes_takes_what_it_published_along(capif: Framework) -> None:
    domain, provider = capif.provider()
    published(provider)
    me = capif.onboarded()
    query = {"api-invoker-id": me.id, "api-name": "weather"}
    assert me.call("GET", "/service-apis/v1/allServiceAPIs", params=query).json() != {}
    assert provider["AMF"].call("DELETE", f"{REGISTRATIONS}/{domain}").status_code == 204
    assert me.call("GET", "/service-apis/v1/allServiceAPIs", params=query).json() == {}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"api-name": "weather"}, True),
        ({"api-name": "3gpp-weather"}, False),
        ({"api-version": "v1", "comm-type": "REQUEST_RESPONSE", "protocol": "HTTP_1_1"}, True),
        ({"api-version": "v2"}, False),
        ({"comm-type": "SUBSCRIBE_NOTIFY"}, False),
        ({"protocol": "HTTP_2"}, False),
        ({"data-format": "JSON", "api-cat": "nature"}, True),
        ({"api-cat": "culture"}, False),
        ({"aef-id": "somebody"}, False),
        ({"api-name": "weather", "api-supported-features": "2"}, True),
        ({"api-name": "weather", "api-supported-features": "4"}, False),
        ({"preferred-aef-loc": '{"dcId": "north"}', "supported-features": "1"}, True),
    ],
)
def test_discovery_by_each_parameter(capif: Framework, query: dict[str, str], found: bool) -> None:
    _, provider = capif.provider()
    published(provider, serviceAPICategory="nature", apiSuppFeats="3")
    me = capif.onboarded()
    answer = me.call("GET", "/service-apis/v1/allServiceAPIs", params={"api-invoker-id": me.id} | query)
    assert answer.status_code == 200, answer.text
    names = [one["apiName"] for one in answer.json().get("serviceAPIDescriptions", [])]
    assert ("weather" in names) == found


def test_discovery_of_one_exposing_function_shows_its_profile_only(capif: Framework) -> None:
    _, provider = capif.provider()
    both = described(provider["AEF"].id)
    area = {"shape": "POINT_UNCERTAINTY_CIRCLE", "point": {"lon": 13.4, "lat": 52.5}, "uncertainty": 9.5}
    north = {"dcId": "north", "civicAddr": {"country": "XZ"}, "geoArea": area}
    both["aefProfiles"].append(both["aefProfiles"][0] | {"aefLocation": north, "protocol": "HTTP_2"})
    apf = provider["APF"]
    assert apf.call("POST", f"/published-apis/v1/{apf.id}/service-apis", both).status_code == 201
    me = capif.onboarded()
    query = {"api-invoker-id": me.id, "protocol": "HTTP_2"}
    (one,) = me.call("GET", "/service-apis/v1/allServiceAPIs", params=query).json()["serviceAPIDescriptions"]
    assert [profile["protocol"] for profile in one["aefProfiles"]] == ["HTTP_2"]
    near = {"api-invoker-id": me.id, "preferred-aef-loc": json.dumps(north)}
    shown = me.call("GET", "/service-apis/v1/allServiceAPIs", params=near).json()["serviceAPIDescriptions"]
    assert shown[0]["apiName"] == "weather"
    assert len(shown) > 1
    assert shown[0]["aefProfiles"][1]["aefLocation"] == north


def test_an_invoker_changes_and_goes(capif: Framework) -> None:
    me = capif.onboarded(apiInvokerInformation="first")
    same = capif.enrolment(Keys(capif.folder, "other").public, apiInvokerId=me.id)
    put = me.call("PUT", f"{ONBOARDED}/{me.id}", same)
    assert (put.status_code, put.json()["apiInvokerId"]) == (200, me.id)
    assert "apiInvokerInformation" not in put.json()
    patched = me.call("PATCH", f"{ONBOARDED}/{me.id}", {"apiInvokerInformation": "second"})
    assert (patched.status_code, patched.json()["apiInvokerInformation"]) == (200, "second")
    assert me.call("DELETE", f"{ONBOARDED}/{me.id}").status_code == 204
    assert me.call("DELETE", f"{ONBOARDED}/{me.id}").status_code == 401


def test_a_security_context(capif: Framework) -> None:
    _, provider = capif.provider()
    api, aef = published(provider).json()["apiId"], provider["AEF"]
    me = capif.onboarded()
    wanted = {
        "interfaceDetails": {"ipv4Addr": "127.0.0.9", "port": 4443},
        "prefSecurityMethods": ["OAUTH", "PKI"],
    }
    assert me.secure(wanted).json()["securityInfo"] == [wanted | {"selSecurityMethod": "OAUTH"}]

    wanted = {"aefId": aef.id, "apiId": api, "prefSecurityMethods": ["PKI", "OAUTH"]}
    body = {"securityInfo": [wanted], "notificationDestination": HOOK, "supportedFeatures": "3"}
    updated = me.call("POST", f"{TRUSTED}/{me.id}/update", body)
    assert updated.status_code == 200, updated.text
    assert updated.json() == body | {
        "securityInfo": [wanted | {"selSecurityMethod": "PKI"}], "supportedFeatures": "1",
    }  # fmt: skip

    shown = aef.call("GET", f"{TRUSTED}/{me.id}")
    assert (shown.status_code, shown.json()) == (200, updated.json())
    asked = {"authenticationInfo": "true", "authorizationInfo": "true"}
    (info,) = aef.call("GET", f"{TRUSTED}/{me.id}", params=asked).json()["securityInfo"]
    assert (info["authenticationInfo"], info["authorizationInfo"]) == (me.certificate, "weather")

    revoked = {"apiInvokerId": me.id, "aefId": aef.id, "apiIds": [api], "cause": "OVERLIMIT_USAGE"}
    assert aef.call("POST", f"{TRUSTED}/{me.id}/delete", revoked).status_code == 204
    assert capif.told() == [revoked]
    assert aef.call("GET", f"{TRUSTED}/{me.id}").status_code == 404, "nothing of it was left"

    me.secure()
    assert me.call("DELETE", f"{TRUSTED}/{me.id}").status_code == 204
    assert me.call("DELETE", f"{TRUSTED}/{me.id}").status_code == 404


def test_an_exposing_function_takes_back_its_own_part_only(capif: Framework) -> None:
    _, provider = capif.provider()
    api = published(provider).json()["apiId"]
    me, aef = capif.onboarded(), provider["AEF"]
    mine = {"aefId": aef.id, "apiId": api, "prefSecurityMethods": ["OAUTH"]}
    me.secure({"aefId": capif.aef, "prefSecurityMethods": ["OAUTH"]}, mine)
    (info,) = aef.call("GET", f"{TRUSTED}/{me.id}").json()["securityInfo"]
    assert info["aefId"] == aef.id
    token = me.token()
    assert aef.call("DELETE", f"{TRUSTED}/{me.id}").status_code == 204
    assert [one["apiIds"] for one in capif.told()] == [[api]]
    assert me.invoke(token).status_code == 200
    assert aef.call("DELETE", f"{TRUSTED}/{me.id}").status_code == 403


@pytest.mark.parametrize("extra", [{}, {"client_secret": "wrong"}])
def test_a_token_with_and_without_the_secret(capif: Framework, extra: dict[str, str]) -> None:
    me = capif.onboarded()
    me.secure()
    invoker = capif.core.invokers.read(me.id)
    right = str(invoker.says.onboarding_information.onboarding_secret)
    assert me.ask_token(client_secret=right).status_code == 200
    assert me.ask_token(**extra).status_code == (401 if extra else 200)


def test_events(capif: Framework) -> None:
    _, provider = capif.provider()
    aef, me = provider["AEF"], capif.onboarded()
    capif.told()
    body = {"events": ["SERVICE_API_AVAILABLE", "SERVICE_API_UPDATE", "SERVICE_API_UNAVAILABLE"],
            "notificationDestination": HOOK, "requestTestNotification": True, "supportedFeatures": "7"}  # fmt: skip
    made = me.call("POST", f"{EVENTS}/{me.id}/subscriptions", body)
    assert (made.status_code, made.json()) == (201, body | {"supportedFeatures": "5"})
    location = made.headers["location"]
    assert capif.told() == [{"subscription": location}]
    id = location.rpartition("/")[2]

    one = published(provider).json()
    path = f"/published-apis/v1/{provider['APF'].id}/service-apis/{one['apiId']}"
    changed = provider["APF"].call("PATCH", path, {"description": "dry"}).json()
    provider["APF"].call("DELETE", path)
    available, updated, gone = capif.told()
    assert available == {
        "subscriptionId": id, "events": "SERVICE_API_AVAILABLE",
        "eventDetail": {"serviceAPIDescriptions": [one], "apiIds": [one["apiId"]]},
    }  # fmt: skip
    assert updated["eventDetail"]["serviceAPIDescriptions"] == [changed]
    assert gone == {
        "subscriptionId": id, "events": "SERVICE_API_UNAVAILABLE", "eventDetail": {"apiIds": [one["apiId"]]},
    }  # fmt: skip

    assert me.call("DELETE", f"{EVENTS}/{me.id}/subscriptions/{id}").status_code == 204
    assert me.call("DELETE", f"{EVENTS}/{me.id}/subscriptions/{id}").status_code == 404
    assert published(provider).status_code == 201
    assert aef.call("DELETE", f"{EVENTS}/{aef.id}/subscriptions/{id}").status_code == 404
    assert capif.told() == []


def test_events_of_invokers_are_for_providers_and_for_the_invoker_itself(capif: Framework) -> None:
    _, provider = capif.provider()
    amf, me = provider["AMF"], capif.onboarded()
    events = [
        "API_INVOKER_ONBOARDED", "API_INVOKER_UPDATED", "API_INVOKER_OFFBOARDED", "API_INVOKER_AUTHORIZATION_REVOKED",
    ]  # fmt: skip
    for who in (amf, me):
        body = {"events": events, "notificationDestination": HOOK, "supportedFeatures": "0"}
        assert who.call("POST", f"{EVENTS}/{who.id}/subscriptions", body).status_code == 201
    capif.told()
    other = capif.onboarded()
    assert [one["events"] for one in capif.told()] == ["API_INVOKER_ONBOARDED"], "to the provider alone"
    me.secure()
    me.call("DELETE", f"{TRUSTED}/{me.id}")
    told = capif.told()
    assert [one["events"] for one in told] == ["API_INVOKER_AUTHORIZATION_REVOKED"] * 2
    assert all("eventDetail" not in one for one in told), "the feature was not asked for"
    other.call("DELETE", f"{ONBOARDED}/{other.id}")
    assert [one["events"] for one in capif.told()] == ["API_INVOKER_OFFBOARDED"]


@pytest.mark.parametrize(
    ("more", "heard"),
    [
        ({"eventReq": {"notifMethod": "ONE_TIME"}}, 1),
        ({"eventReq": {"maxReportNbr": 2}}, 2),
        ({"eventReq": {"monDur": "2020-01-01T00:00:00Z"}}, 0),
        ({"eventReq": {"monDur": "2099-01-01T00:00:00+01:00", "notifMethod": "ON_EVENT_DETECTION"}}, 3),
        ({"eventFilters": [{"apiIds": ["unheard-of"]}]}, 0),
        ({"eventFilters": [{"apiIds": ["unheard-of"]}, {"aefIds": ["AEF"]}]}, 3),
        ({"eventFilters": [{"aefIds": ["AEF"], "apiInvokerIds": ["somebody"]}]}, 0),
    ],
)
def test_how_much_is_told(capif: Framework, more: dict[str, Any], heard: int) -> None:
    _, provider = capif.provider()
    for wanted in more.get("eventFilters", []):
        if wanted.get("aefIds") == ["AEF"]:
            wanted["aefIds"] = [provider["AEF"].id]
    apf = provider["APF"]
    body = {"events": ["SERVICE_API_AVAILABLE"], "notificationDestination": HOOK} | more
    assert apf.call("POST", f"{EVENTS}/{apf.id}/subscriptions", body).status_code == 201
    capif.told()
    for name in ("rain", "snow", "wind"):
        assert published(provider, name=name).status_code == 201
    assert len(capif.told()) == heard
