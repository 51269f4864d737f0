"""Fedge as an API invoker, against the simulated CAPIF core function over real TLS: onboarded once, and it stays so."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from fedge.adapters.core5g import ApiInvoker, Caller, CapifDoor, Kept, Refused, capif_enrolment
from fedge.adapters.core5g.capif_core import CoreFunction
from fedge.adapters.core5g.capif_words import (
    AefProfile,
    ApiAt,
    Discovered,
    Interface,
    ServiceApi,
    Version,
    found,
)
from fedge.adapters.core5g.token import NoToken
from fedge.adapters.core5g.words import Invalid
from fedge.programs.doors import ALL, MONITORING, QOS, RADIO
from fedge.programs.onboard import NotOnboarded, onboard
from fedge.runtime.core_account import Capif
from fedge.runtime.tls import pem
from tests.simulation.core5g.capif.framework import HOOK, INFLUENCE, Framework, framework

pytestmark = pytest.mark.system


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Framework]:
    with framework(tmp_path) as one:
        yield one


def invoker_at(core: Framework, onboarding: str = "") -> ApiInvoker:
    account = Capif(core.capif_url, onboarding or core.onboarding, "tls/ca.crt")
    kept = Kept(core.folder / "capif")
    return ApiInvoker(account, core.folder, kept, core.folder / "tls/ca.crt", HOOK, ALL)


def played(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))  # type: ignore[arg-type]


async def called(invoker: ApiInvoker, core: Framework, api: str = INFLUENCE) -> httpx2.Response:
    """The exposing function says who calls."""
    return await Caller(invoker.http, CapifDoor(invoker, api))("GET", f"{core.nef_url}/{api}")


def test_onboarded_it_finds_every_api_and_is_let_in_by_token_and_certificate(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        assert invoker.missing(INFLUENCE) == "CAPIF: not onboarded yet"
        await invoker.ready()
        for api in ALL:
            assert invoker.missing(api) == ""
            assert (await called(invoker, core, api)).json() == {"af": "fedge"}
        at = invoker.at(RADIO)
        assert at is not None
        assert at.url == f"{core.nef_url}/rni/v2"
        assert CapifDoor(invoker, RADIO).here == at.url
        await invoker.close()

    played(story)


def test_what_it_keeps_is_its_own_and_a_restart_needs_no_onboarding(core: Framework) -> None:
    async def story() -> None:
        first = invoker_at(core)
        await first.ready()
        await first.close()
        folder = core.folder / "capif"
        for file in folder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        second = invoker_at(core, onboarding="no longer good")
        assert CapifDoor(second, MONITORING).here == f"{core.nef_url}/3gpp-monitoring-event/v1"
        assert (await second.ready()).id == first.invoker.id  # type: ignore[union-attr]
        assert (await called(second, core)).status_code == 200
        await second.close()

    played(story)


def test_a_wrong_credential_is_told_and_keeps_nothing(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core, onboarding="guessed")
        with pytest.raises(Refused, match="onboarding: 401"):
            await invoker.ready()
        assert invoker.invoker is None
        assert not (core.folder / "capif" / "invoker.json").exists()
        with pytest.raises(NoToken):
            await called(invoker, core)
        await invoker.close()

    played(story)


def test_the_certificate_is_replaced_before_it_expires(core: Framework) -> None:
    """It goes on with another key; calls with the earlier certificate end, the name stays."""

    async def story() -> None:
        core.core.ledger.valid_s = 3.0
        invoker = invoker_at(core)
        before = await invoker.ready()
        key = (core.folder / "capif" / "invoker.key").read_bytes()
        await asyncio.sleep(max(0.0, (before.from_s + before.until_s) / 2 - time.time()) + 0.1)
        core.core.ledger.valid_s = 3600.0
        after = await invoker.ready()
        assert after.id == before.id
        assert after.until_s > before.until_s + 3000
        assert (core.folder / "capif" / "invoker.key").read_bytes() != key
        assert (await called(invoker, core)).json() == {"af": "fedge"}
        await invoker.close()

    played(story)


def test_one_that_has_expired_is_onboarded_anew(core: Framework) -> None:
    async def story() -> None:
        core.core.ledger.valid_s = 2.0  # a certificate's time is in whole seconds: it may live one less
        invoker = invoker_at(core)
        before = await invoker.ready()
        await asyncio.sleep(max(0.0, before.until_s - time.time()) + 0.1)
        core.core.ledger.valid_s = 3600.0
        after = await invoker.ready()
        assert after.id != before.id
        assert (await called(invoker, core)).status_code == 200
        await invoker.close()

    played(story)


def test_a_certificate_that_the_operator_took_back_is_not_used_on(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        before = await invoker.ready()
        core.core.offboard(before.id)
        invoker.again()
        with pytest.raises(Refused, match="401"):
            await invoker.ready()
        assert invoker.invoker is None
        assert (await invoker.ready()).id != before.id
        assert (await called(invoker, core)).status_code == 200
        await invoker.close()

    played(story)


def past_half(invoker: ApiInvoker) -> None:
    """Its certificate is to be replaced."""
    assert invoker.invoker is not None
    now, until_s = time.time(), invoker.invoker.until_s
    invoker.enrolled.invoker = msgspec.structs.replace(invoker.invoker, from_s=now - 2 * (until_s - now))


def test_one_that_was_offboarded_when_its_certificate_is_to_be_replaced_is_onboarded_anew(
    core: Framework,
) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        before = await invoker.ready()
        core.core.offboard(before.id)
        past_half(invoker)
        with pytest.raises(Refused):
            await invoker.ready()
        assert invoker.invoker is None
        assert (await invoker.ready()).id != before.id
        assert (await called(invoker, core)).status_code == 200
        await invoker.close()

    played(story)


def refusing(monkeypatch: pytest.MonkeyPatch, status: int, *whats: str) -> list[str]:
    """The core function answers these calls so. Returns all calls that are made of it from now on."""
    real, calls = CoreFunction._call, list[str]()

    async def call(
        self: CoreFunction,
        what: str,
        method: str,
        where: str,
        body: object = None,
        header: dict[str, str] | None = None,
    ) -> httpx2.Response:
        calls.append(what)
        if what in whats:
            raise Refused(what, httpx2.Response(status))
        return await real(self, what, method, where, body, header)

    monkeypatch.setattr(CoreFunction, "_call", call)
    return calls


@pytest.mark.parametrize("status", [401, 403, 404])
def test_however_it_is_said_that_a_certificate_is_unknown_it_is_onboarded_anew(
    core: Framework, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        before = await invoker.ready()
        invoker.again()
        with monkeypatch.context() as patched:
            refusing(patched, status, "discovery")
            with pytest.raises(Refused, match=str(status)):
                await invoker.ready()
        assert invoker.invoker is None
        assert (await invoker.ready()).id != before.id
        await invoker.close()

    played(story)


def test_a_certificate_that_is_not_replaced_is_used_while_it_is_good(
    core: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        before = await invoker.ready()
        past_half(invoker)
        with monkeypatch.context() as patched:
            refusing(patched, 403, "replacing the certificate")
            with pytest.raises(Refused, match="replacing"):
                await invoker.ready()
        assert invoker.missing(INFLUENCE) == ""
        assert (await called(invoker, core)).status_code == 200
        assert (await invoker.ready()).id == before.id
        await invoker.close()

    played(story)


def test_a_certificate_that_was_never_good_is_not_followed_by_another_at_once(
    core: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        calls = refusing(monkeypatch, 403, "discovery")
        for _ in range(3):
            with pytest.raises(Refused, match="discovery"):
                await invoker.ready()
        assert calls.count("onboarding") == 1
        await invoker.close()

    played(story)


def test_a_core_function_that_was_killed_is_used_as_before(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        before = await invoker.ready()
        await asyncio.to_thread(core.killed)
        assert invoker.settled
        invoker.again()
        assert not invoker.settled, "that it cannot be entered now is no verdict"
        assert (await invoker.ready()).id == before.id
        assert (await called(invoker, core)).status_code == 200
        await invoker.close()

    played(story)


def test_it_gets_ready_by_itself_once_the_core_function_is_there(core: Framework) -> None:
    async def story() -> None:
        await asyncio.to_thread(core.stop)
        invoker = invoker_at(core)
        running = asyncio.get_running_loop().create_task(invoker.run())
        while "ConnectError" not in invoker.missing(INFLUENCE):
            await asyncio.sleep(0.01)
        assert not invoker.settled
        await asyncio.to_thread(core._start)
        while invoker.missing(INFLUENCE):
            await asyncio.sleep(0.02)
        assert (await called(invoker, core)).status_code == 200
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    played(story)


def test_a_revoked_api_is_closed_and_the_others_stay_open(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        told = await invoker.ready()
        aef = core.party("nef-aef")
        api_id = told.apis[QOS].api
        said = {"apiInvokerId": told.id, "apiIds": [api_id], "cause": "OVERLIMIT_USAGE", "aefId": core.aef}
        where = f"/capif-security/v1/trustedInvokers/{told.id}/delete"
        assert (await asyncio.to_thread(aef.call, "POST", where, said)).status_code == 204
        for notification in core.told():
            invoker.receive(json.dumps(notification).encode())
        assert "OVERLIMIT_USAGE" in invoker.missing(QOS)
        with pytest.raises(NoToken, match="revoked"):
            await called(invoker, core, QOS)
        assert (await called(invoker, core, MONITORING)).status_code == 200
        await invoker.ready()
        assert "OVERLIMIT_USAGE" in invoker.missing(QOS), "not asked for again at once"
        await invoker.close()

    played(story)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"7",
        b'{"apiIds": 7}',
        b'{"result": "yes"}',
        b"\xff",
        b'{"somethingElse": 1}',
        b"[" * 9999,
    ],
)
def test_what_is_no_notification_of_a_core_function_is_refused(core: Framework, body: bytes) -> None:
    with pytest.raises(Invalid):
        invoker_at(core).receive(body)


def test_a_revocation_of_somebody_else_changes_nothing(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        told = await invoker.ready()
        said = {"apiInvokerId": "another", "apiIds": [told.apis[QOS].api], "cause": "UNEXPECTED_REASON"}
        invoker.receive(json.dumps(said).encode())
        assert invoker.missing(QOS) == ""
        await invoker.close()

    played(story)


def test_a_core_function_with_another_certificate_is_not_spoken_to(core: Framework, tmp_path: Path) -> None:
    async def story() -> None:
        account = Capif(core.capif_url, core.onboarding, "tls/capif/ca.crt")
        invoker = ApiInvoker(
            account, core.folder, Kept(tmp_path / "elsewhere"), core.folder / "tls/ca.crt", HOOK, ALL
        )
        with pytest.raises((httpx2.ConnectError, ssl.SSLError)):
            await invoker.ready()
        await invoker.close()

    played(story)


def test_onboarding_that_is_only_accepted_is_completed_by_a_notification(
    core: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        real = CoreFunction.onboard

        async def accepted(self: CoreFunction, public_key: str, credential: str) -> httpx2.Response:
            said = {
                "result": True,
                "apiInvokerEnrolmentDetails": (await real(self, public_key, credential)).json(),
            }
            asyncio.get_running_loop().call_later(0.05, invoker.receive, json.dumps(said).encode())
            return httpx2.Response(202)

        monkeypatch.setattr(CoreFunction, "onboard", accepted)
        await invoker.ready()
        assert (await called(invoker, core)).status_code == 200
        await invoker.close()

    played(story)


def test_onboarding_whose_result_never_comes_is_told(
    core: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr(capif_enrolment, "COMPLETED_WITHIN_S", 0.05)
        invoker = invoker_at(core)

        async def accepted(self: CoreFunction, public_key: str, credential: str) -> httpx2.Response:
            return httpx2.Response(202)

        monkeypatch.setattr(CoreFunction, "onboard", accepted)
        with pytest.raises(ValueError, match="told no result"):
            await invoker.ready()
        await invoker.close()

    played(story)


def test_key_and_certificate_that_do_not_belong_together_count_as_none(core: Framework) -> None:
    async def story() -> None:
        invoker = invoker_at(core)
        await invoker.ready()
        await invoker.close()

    played(story)
    kept = Kept(core.folder / "capif")
    assert kept.read() is not None
    other, _ = kept.fresh_key()
    (core.folder / "capif" / "invoker.key").write_bytes(pem(other))
    assert kept.read() is None


def test_one_command_onboards_and_says_what_is_there(core: Framework) -> None:
    account = core.folder / "core5g.json"
    lines = onboard(account)
    assert lines[0].startswith("onboarded as invoker-")
    assert [line.split()[0] for line in lines[1:]] == list(ALL)
    assert all("https://" in line for line in lines[1:])
    assert onboard(account)[0].startswith("onboarded already: invoker-")


def test_one_command_says_what_is_wrong(core: Framework, tmp_path: Path) -> None:
    said = json.loads((core.folder / "core5g.json").read_bytes())
    account = core.folder / "other.json"
    for change, reason in (
        ({"capif": None}, "has no CAPIF"),
        ({"capif": {**said["capif"], "onboarding": "guessed"}}, "onboarding: 401"),
        ({"capif": {**said["capif"], "url": "https://127.0.0.1:1"}}, "ConnectError"),
        ({"af": 7}, "cannot be used"),
        ({"ca": "nowhere.crt"}, "cannot be used"),
    ):
        account.write_text(json.dumps({**said, **change}))
        with pytest.raises(NotOnboarded, match=reason):
            onboard(account)


def api(name: str, *profiles: AefProfile) -> ServiceApi:
    return ServiceApi(name, f"id-{name}", profiles)


def test_discovered_are_the_apis_that_can_be_invoked_by_token() -> None:
    by_token, by_key = ("OAUTH", "PKI"), ("PSK",)
    one = Interface("10.0.0.1", 443, by_token)
    what = Discovered(
        (
            api("a", AefProfile("aef", (Version("v1"),), interface_descriptions=(one,))),
            api(
                "b",
                AefProfile("aef", (Version("v1"),), by_key, interface_descriptions=(Interface("10.0.0.1"),)),
            ),
            api("c", AefProfile("aef", (Version("v1"), Version("v2")), domain_name="nef.operator.example")),
            api("d", AefProfile("aef", (Version("v1"),), interface_descriptions=(one,))),
            api("e"),
        )
    )
    chosen = found(what, ("a", "b", "c", "e", "f"), {})
    assert {name: at.url for name, at in chosen.items()} == {
        "a": "https://10.0.0.1:443/a/v1",
        "c": "https://nef.operator.example/c/v2",
    }
    assert chosen["a"].scope == "3gpp#aef:a"


def test_of_two_who_publish_an_api_the_one_that_is_used_stays() -> None:
    ends = tuple(
        AefProfile(f"aef-{n}", (Version("v1"),), interface_descriptions=(Interface(f"10.0.0.{n}"),))
        for n in (1, 2)
    )
    known = ApiAt("a", "https://10.0.0.2:443/a/v1", "aef-2", "id-a")
    assert found(Discovered((api("a", *ends),)), ("a",), {"a": known}) == {"a": known}
    assert found(Discovered((api("a", *ends),)), ("a",), {})["a"].aef == "aef-1"
