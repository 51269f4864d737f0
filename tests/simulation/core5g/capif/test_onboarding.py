"""From a key of one's own to the first call of the exposing function, over real mutual TLS; and its replacement."""

from __future__ import annotations

from fedge.simulation.core5g.capif import scopes
from fedge.simulation.core5g.exposed import APIS
from tests.simulation.core5g.capif.framework import HOOK, INFLUENCE, Framework, Keys, Party

ONBOARDED = "/api-invoker-management/v1/onboardedInvokers"


def test_from_a_key_of_ones_own_to_the_first_call(capif: Framework) -> None:
    keys = Keys(capif.folder, "mine")
    body = capif.enrolment(keys.request, supportedFeatures="7", apiInvokerInformation="a studio's gateway")
    answer = capif.anybody().call("POST", ONBOARDED, body, headers=capif.bearer())
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert answer.headers["location"] == f"{capif.capif_url}{ONBOARDED}/{said['apiInvokerId']}"
    assert {one["apiName"] for one in said["apiList"]["serviceAPIDescriptions"]} == set(APIS)
    assert said["supportedFeatures"] == "5"  # no websockets
    me = Party(capif, said["apiInvokerId"], said["onboardingInformation"]["apiInvokerCertificate"], keys.file)

    query = {"api-invoker-id": me.id, "api-name": INFLUENCE}
    found = me.call("GET", "/service-apis/v1/allServiceAPIs", params=query).json()["serviceAPIDescriptions"]
    (profile,) = found[0]["aefProfiles"]
    (interface,) = profile["interfaceDescriptions"]
    assert f"https://{interface['ipv4Addr']}:{interface['port']}" == capif.nef_url
    assert profile["securityMethods"] == ["OAUTH", "PKI"]

    wanted = {
        "aefId": profile["aefId"], "apiId": found[0]["apiId"], "prefSecurityMethods": ["PSK", "OAUTH", "PKI"],
    }  # fmt: skip
    secured = me.secure(wanted)
    assert secured.status_code == 201, secured.text
    assert secured.headers["location"] == f"{capif.capif_url}/capif-security/v1/trustedInvokers/{me.id}"
    assert secured.json()["securityInfo"] == [wanted | {"selSecurityMethod": "OAUTH"}]

    granted = me.ask_token(f"3gpp#{profile['aefId']}:{INFLUENCE}")
    assert granted.status_code == 200, granted.text
    assert granted.headers["cache-control"] == "no-store"
    assert granted.json()["scope"] == scopes.written({(profile["aefId"], INFLUENCE)})
    called = me.invoke(granted.json()["access_token"])
    assert (called.status_code, called.json()) == (200, {"af": "fedge"})


def test_the_certificate_alone_where_pki_was_agreed(capif: Framework) -> None:
    me = capif.onboarded()
    assert me.secure({"aefId": capif.aef, "prefSecurityMethods": ["PKI"]}).status_code == 201
    assert me.invoke().json() == {"af": "fedge"}
    refused = me.ask_token()
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")


def test_another_key_gets_another_certificate_and_the_old_one_ends_once_the_new_one_is_seen(
    capif: Framework,
) -> None:
    me = capif.onboarded()
    me.secure()
    old = me.token()
    keys = Keys(capif.folder, "next")
    changed = me.call("PUT", f"{ONBOARDED}/{me.id}", capif.enrolment(keys.public))
    assert changed.status_code == 200, changed.text
    assert me.invoke(old).status_code == 200, "the answer may be lost: the old certificate is still good"
    certificate = changed.json()["onboardingInformation"]["apiInvokerCertificate"]
    renewed = Party(capif, me.id, certificate, keys.file)
    assert renewed.invoke(old).status_code == 401, "a token is bound to the certificate that it was given for"
    assert renewed.invoke(renewed.token()).json() == {"af": "fedge"}
    gone = me.invoke(old)
    assert (gone.status_code, gone.json()["cause"]) == (401, "UNAUTHORIZED")
    assert me.ask_token().status_code == 401


def test_an_answer_that_was_lost_twice_locks_nobody_out(capif: Framework) -> None:
    me = capif.onboarded()
    for name in ("lost", "lost-again"):
        keys = Keys(capif.folder, name)
        changed = me.call(
            "PATCH", f"{ONBOARDED}/{me.id}", {"onboardingInformation": {"apiInvokerPublicKey": keys.public}}
        )
        assert changed.status_code == 200, changed.text
    assert me.secure().status_code == 201
    certificate = changed.json()["onboardingInformation"]["apiInvokerCertificate"]
    assert Party(capif, me.id, certificate, keys.file).token()


def test_the_same_key_keeps_its_certificate_until_half_of_its_time_is_over(capif: Framework) -> None:
    me = capif.onboarded()
    same = {"apiInvokerInformation": "renamed"}
    first = me.call("PATCH", f"{ONBOARDED}/{me.id}", same).json()
    assert first["onboardingInformation"]["apiInvokerCertificate"] == me.certificate
    assert first["apiInvokerInformation"] == "renamed"
    capif.late_s = 50_000
    later = me.call("PATCH", f"{ONBOARDED}/{me.id}", same).json()
    assert later["onboardingInformation"]["apiInvokerCertificate"] != me.certificate


def test_an_invoker_asks_for_some_apis(capif: Framework) -> None:
    asked = {"serviceAPIDescriptions": [{"apiName": INFLUENCE}, {"apiName": "unheard-of"}]}
    answer = capif.anybody().call(
        "POST",
        ONBOARDED,
        capif.enrolment(Keys(capif.folder, "k").public, apiList=asked),
        headers=capif.bearer(),
    )
    assert [one["apiName"] for one in answer.json()["apiList"]["serviceAPIDescriptions"]] == [INFLUENCE]


def test_a_customer_that_onboards_again_is_the_same_application_function(capif: Framework) -> None:
    first, second = capif.onboarded(), capif.onboarded()
    assert first.id != second.id
    assert first.call("DELETE", f"{ONBOARDED}/{first.id}").status_code == 204
    second.secure()
    assert second.invoke(second.token()).json() == {"af": "fedge"}
    other = capif.onboarded(credential=capif.developers().onboarding)
    other.secure()
    assert other.invoke(other.token()).json() == {"af": "developers"}


def test_who_let_its_certificate_expire_onboards_again(capif: Framework) -> None:
    former = capif.onboarded()
    former.secure()
    capif.late_s = 90_000
    again = capif.onboarded()
    assert [one.id for one in capif.core.invokers if one.customer == "fedge"] == [again.id]
    assert capif.core.contexts.get(former.id) is None


def test_a_test_notification_on_request(capif: Framework) -> None:
    me = capif.onboarded(requestTestNotification=True)
    assert capif.told() == [{"subscription": f"{capif.capif_url}{ONBOARDED}/{me.id}"}]
    capif.onboarded(requestTestNotification=True, supportedFeatures="0")
    assert capif.told() == []
    assert capif.letters == []
    assert HOOK.startswith("https://127.")


def test_everything_is_there_after_a_kill(capif: Framework) -> None:
    me = capif.onboarded()
    me.secure()
    token, known, aef = me.token(), capif.developers(), capif.aef
    capif.killed()
    assert (capif.developers(), capif.aef) == (known, aef)
    assert len(list(capif.core.publications)) == len(APIS)
    assert me.invoke(token).json() == {"af": "fedge"}
    assert me.invoke(me.token()).json() == {"af": "fedge"}
