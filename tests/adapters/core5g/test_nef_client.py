"""The NEF's client against a small NEF of this test's own, over real TLS on loopback: what is said, and what odd answers mean."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedge.adapters.core5g import AgreedDoor, Caller, Http, NefClient, Token, client_secret
from fedge.adapters.core5g.words import Identity
from fedge.core.model import Address, AppId, UeId
from fedge.core.steering import Acknowledge, Answer, Create, Delete, Held, List, N6Route, Patch
from fedge.runtime.tls import Authority

HOST = "127.0.0.1"
IDENTITY = Identity("https://127.0.0.1:7443", "internet", 1)
ROUTE = N6Route("market", Address("10.0.0.1:6000"))
N6 = {"dnai": "market", "routeInfo": {"ipv4Addr": "10.0.0.1", "portNumber": 6000}}
CREATE = Create(1, "secret-token", "t-1", UeId("ue-1"), AppId("arena"), (ROUTE,))


class SmallNef:
    """``answer``: to every call but that for a token. ``said``: (method, path, headers, body) of each."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, dict[str, str], Any]] = []
        self.answer: Callable[[], Response] = lambda: Response(status_code=204)
        self.token_answer: Callable[[], Response] = self._granted
        self.granted = 0
        self.life_s = 3600.0

    def _granted(self) -> Response:
        self.granted += 1
        said = {"access_token": f"token-{self.granted}", "token_type": "Bearer", "expires_in": self.life_s}
        return JSONResponse(said)

    def app(self) -> Starlette:
        async def token(request: Request) -> Response:
            assert (await request.body()) == b"grant_type=client_credentials"
            assert request.headers["authorization"].startswith("Basic ")
            return self.token_answer()

        async def call(request: Request) -> Response:
            body = await request.body()
            said = json.loads(body) if body else None
            self.said.append((request.method, request.url.path, dict(request.headers), said))
            return self.answer()

        every = ["GET", "POST", "PATCH", "DELETE"]
        return Starlette(
            routes=[Route("/token", token, methods=["POST"]), Route("/{rest:path}", call, methods=every)]
        )


def with_nef(
    folder: Path, story: Callable[[NefClient, SmallNef], Awaitable[None]], trusted: bool = True
) -> None:
    async def play() -> None:
        authority = Authority(folder / "tls", "test")
        crt, key = authority.sign("nef", "nef", hosts=(HOST,))
        other = Authority(folder / "other", "somebody else")
        sock = socket.socket()
        sock.bind((HOST, 0))
        root = f"https://{HOST}:{sock.getsockname()[1]}"
        nef = SmallNef()
        config = uvicorn.Config(
            nef.app(), log_level="error", ssl_certfile=crt, ssl_keyfile=key, lifespan="off"
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
        http = Http(ssl.create_default_context(cafile=(authority if trusted else other).crt))
        door = AgreedDoor(f"{root}/ti/v1", Token(client_secret(http.client, f"{root}/token", "id", "secret")))
        client = NefClient(Caller(http, door), "fedge", IDENTITY, {UeId("ue-1"): "msisdn-99901000001"}.get)
        try:
            await story(client, nef)
        finally:
            await client.close()
            server.should_exit = True
            await serving

    asyncio.run(play())


def test_each_call_as_the_standard_has_it(tmp_path: Path) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        where = "https://nef/ti/v1/fedge/subscriptions/sub-7"
        nef.answer = lambda: JSONResponse({"self": where, "trafficRoutes": [N6]}, 201)
        created = await client.carry_out(CREATE)
        assert created == Answer(1, 201, held=(Held("sub-7", "", ("market",)),))
        nef.answer = lambda: JSONResponse({"self": where, "trafficRoutes": [N6]})
        assert (await client.carry_out(Patch(2, "sub-7", (ROUTE,)))).held == created.held
        ours = {"self": where, "notificationDestination": "https://127.0.0.1:7443/notifications/secret-token"}
        others = {"self": "https://nef/x/sub-8", "notificationDestination": "https://elsewhere/secret-token"}
        nef.answer = lambda: JSONResponse([ours, others])
        assert (await client.carry_out(List(3))).held == (
            Held("sub-7", "secret-token", ()),
            Held("sub-8", "", ()),
        )
        nef.answer = lambda: Response(status_code=204)
        uri = str(nef.said[0][2]["host"])
        acknowledge = Acknowledge(4, f"https://{uri}/acks/1", "t-1", UeId("ue-1"), "SUCCESS", ROUTE)
        assert (await client.carry_out(acknowledge)).done
        refusal = Acknowledge(5, f"https://{uri}/acks/2", "t-1", UeId("ue-1"), "RELOC_NO_ALLOWED")
        assert (await client.carry_out(refusal)).done
        assert (await client.carry_out(Delete(6, "sub-7"))).done
        create, patch, listing, ack, declined, delete = nef.said
        assert create[:2] == ("POST", "/ti/v1/fedge/subscriptions")
        assert create[3] == {
            "afServiceId": "fedge",
            "afAppId": "arena",
            "afTransId": "t-1",
            "dnn": "internet",
            "snssai": {"sst": 1},
            "gpsi": "msisdn-99901000001",
            "subscribedEvents": ["UP_PATH_CHANGE"],
            "dnaiChgType": "EARLY_LATE",
            "notificationDestination": "https://127.0.0.1:7443/notifications/secret-token",
            "trafficRoutes": [N6],
            "afAckInd": True,
            "suppFeat": "4",
        }
        assert (patch[:2], patch[3]) == (
            ("PATCH", "/ti/v1/fedge/subscriptions/sub-7"),
            {"trafficRoutes": [N6]},
        )
        assert patch[2]["content-type"] == "application/merge-patch+json"
        assert listing[:2] == ("GET", "/ti/v1/fedge/subscriptions")
        known = {"afTransId": "t-1", "gpsi": "msisdn-99901000001"}
        assert ack[3] == known | {"ackResult": {"afStatus": "SUCCESS", "trafficRoute": N6}}
        assert declined[3] == known | {"ackResult": {"afStatus": "RELOC_NO_ALLOWED"}}
        assert delete[:2] == ("DELETE", "/ti/v1/fedge/subscriptions/sub-7")
        assert {one[2]["authorization"] for one in nef.said} == {"Bearer token-1"}, "one token for all"

    with_nef(tmp_path, story)


def test_a_token_is_renewed_before_it_expires_and_when_it_is_refused(tmp_path: Path) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        nef.life_s = 1.0
        await client.carry_out(Delete(1, "sub-1"))
        await asyncio.sleep(0.85)
        await client.carry_out(Delete(2, "sub-1"))
        assert nef.granted == 2
        nef.life_s = 3600.0
        await asyncio.sleep(0.85)
        nef.answer = lambda: JSONResponse({"cause": "UNAUTHORIZED"}, 401)
        refused = await client.carry_out(Delete(3, "sub-1"))
        assert (refused.status, refused.doubtful) == (401, True)
        nef.answer = lambda: Response(status_code=204)
        both = await asyncio.gather(*(client.carry_out(Delete(n, "sub-1")) for n in (4, 5)))
        assert [one.status for one in both] == [204, 204]
        assert nef.granted == 4, "side by side they ask once"

    with_nef(tmp_path, story)


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        (JSONResponse({"title": "t", "status": 403, "cause": "REQUEST_NOT_AUTHORIZED"}, 403), (403, "REQUEST_NOT_AUTHORIZED: t")),
        (Response(b"<html>", 502), (502, "status 502")),
        (Response(b"[1]", 404), (404, "status 404")),
        (JSONResponse({"cause": 7}, 400), (400, "status 400")),
        (Response(status_code=307, headers={"location": "https://127.0.0.1:1/"}), (307, "status 307")),
    ],
    ids=["problem", "html", "list", "number", "redirect"],
)  # fmt: skip
def test_refusals_are_read_as_far_as_they_can_be(
    tmp_path: Path, answer: Response, meant: tuple[int, str]
) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        nef.answer = lambda: answer
        for call in (CREATE, Patch(1, "sub-1", (ROUTE,)), List(1), Delete(1, "sub-1")):
            said = await client.carry_out(call)
            assert (said.status, said.reason, said.done) == (*meant, False)

    with_nef(tmp_path, story)


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"self": 7}', b"{}"])
def test_a_success_that_says_nothing_means_what_was_asked_if_that_can_be_found_again(
    tmp_path: Path, body: bytes
) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        nef.answer = lambda: Response(body, 200)
        assert (await client.carry_out(Patch(1, "sub-1", (ROUTE,)))).held == (Held("sub-1", "", ("market",)),)
        assert (await client.carry_out(CREATE)).status == 0, (
            "a subscription without a name is looked for in the list"
        )
        nef.answer = lambda: Response(body, 201, {"location": "https://nef/ti/v1/fedge/subscriptions/sub-2"})
        assert (await client.carry_out(CREATE)).held == (Held("sub-2", "", ("market",)),)
        assert (await client.carry_out(List(2))).status == 0, "no list is not an empty list"

    with_nef(tmp_path, story)


UNREADABLE = [b'{"self": "\xff"}', b"[" * 100_000, b'{"self": "https://[/x"}']


@pytest.mark.parametrize("body", UNREADABLE, ids=["no text", "deep", "no url"])
def test_no_body_ends_a_call_without_an_answer(tmp_path: Path, body: bytes) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        nef.answer = lambda: Response(body, 200)
        assert (await client.carry_out(CREATE)).status == 0
        assert (await client.carry_out(Patch(1, "sub-1", (ROUTE,)))).held == (Held("sub-1", "", ("market",)),)
        assert (await client.carry_out(List(2))).status == 0
        nef.answer = lambda: Response(body, 400)
        assert (await client.carry_out(Delete(3, "sub-1"))).status == 400
        nef.token_answer = lambda: Response(body, 200)
        client.caller.door.refused()
        assert (await client.carry_out(CREATE)).status == 0

    with_nef(tmp_path, story)


def test_one_subscription_with_a_wrong_address_does_not_hide_the_list(tmp_path: Path) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        ours = "https://127.0.0.1:7443/notifications/secret-token"
        good = {"self": "https://nef/x/sub-7", "notificationDestination": ours}
        nef.answer = lambda: JSONResponse([{"self": "https://[/x", "notificationDestination": ours}, good])
        listed = await client.carry_out(List(1))
        assert (listed.status, listed.held) == (200, (Held("", "", ()), Held("sub-7", "secret-token", ())))

    with_nef(tmp_path, story)


@pytest.mark.parametrize(
    "answer",
    [JSONResponse({"error": "invalid_client"}, 401), Response(b"nonsense", 200), JSONResponse({}, 200)],
    ids=["refused", "nonsense", "empty"],
)
def test_without_a_token_nothing_is_said(tmp_path: Path, answer: Response) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        nef.token_answer = lambda: answer
        said = await client.carry_out(CREATE)
        assert (said.status, nef.said) == (0, [])
        assert "token endpoint" in said.reason

    with_nef(tmp_path, story)


def test_a_nef_with_anothers_certificate_is_told_nothing(tmp_path: Path) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        said = await client.carry_out(CREATE)
        assert (said.status, nef.granted, nef.said) == (0, 0, [])
        assert "CERTIFICATE_VERIFY_FAILED" in said.reason

    with_nef(tmp_path, story, trusted=False)


def test_a_ue_without_a_gpsi_is_not_asked_for(tmp_path: Path) -> None:
    async def story(client: NefClient, nef: SmallNef) -> None:
        stranger = Create(1, "t", "t", UeId("ue-9"), AppId("arena"), (ROUTE,))
        assert (await client.carry_out(stranger)).cause == "USER_NOT_FOUND"
        assert nef.said == []

    with_nef(tmp_path, story)
