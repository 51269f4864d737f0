"""Every refusal of the exposure function: the status, the cause and the parameter that TS 29.522 and TS 29.122 ask for."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.core.messages import CellChanged
from fedge.core.model import CellId, UeId
from fedge.simulation.core5g.nef.exchange import MAX_BODY, MAX_URI
from tests.simulation.core5g.nef import BASE, BURST, LTE_GPSI, Exposure, body, route

FLOW = {"flowId": 1, "flowDescriptions": ["permit out 17 from 127.9.1.9 7777 to assigned"]}
NEEDS_ONE = "MANDATORY_IE_MISSING"
WRONG = "OPTIONAL_IE_INCORRECT"
NOT_OFFERED = "REQUESTED_SERVICE_NOT_AUTHORIZED"

BODIES: list[tuple[dict[str, Any], int, str, str]] = [
    ({"afAppId": None}, 400, NEEDS_ONE, "/afAppId"),
    ({"trafficFilters": [FLOW]}, 400, "MANDATORY_IE_INCORRECT", "/afAppId"),
    ({"gpsi": None}, 400, NEEDS_ONE, "/ipv4Addr"),
    ({"anyUeInd": True}, 400, "MANDATORY_IE_INCORRECT", "/gpsi"),
    ({"gpsi": None, "anyUeInd": False}, 400, WRONG, "/anyUeInd"),
    ({"gpsi": None, "externalGroupId": "nobody"}, 400, WRONG, "/externalGroupId"),
    ({"gpsi": None, "externalGroupId": "a@b"}, 404, "GROUP_IDENTIFIER_NOT_FOUND", "/externalGroupId"),
    ({"gpsi": "msisdn-4479460000"}, 404, "USER_NOT_FOUND", "/gpsi"),
    ({"gpsi": ""}, 400, WRONG, "/gpsi"),
    ({"gpsi": 5}, 400, WRONG, "/gpsi"),
    ({"gpsi": LTE_GPSI}, 403, NOT_OFFERED, "/trafficRoutes"),
    ({"gpsi": None, "ipv4Addr": "127.9.200.77"}, 404, "USER_NOT_FOUND", "/ipv4Addr"),
    (
        {"gpsi": None, "ipv4Addr": "127.9.200.1", "ipDomain": "elsewhere"},
        404,
        "USER_NOT_FOUND",
        "/ipv4Addr",
    ),
    ({"ipDomain": "fedge"}, 400, WRONG, "/ipDomain"),
    ({"gpsi": None, "ipv6Addr": "2001:db8::1"}, 403, NOT_OFFERED, "/ipv6Addr"),
    ({"gpsi": None, "ipv6Addr": "::g"}, 400, WRONG, "/ipv6Addr"),
    ({"gpsi": None, "macAddr": "00-00-5e-00-53-01"}, 403, NOT_OFFERED, "/macAddr"),
    ({"gpsi": None, "macAddr": "00:00"}, 400, WRONG, "/macAddr"),
    (
        {"afAppId": None, "ethTrafficFilters": [{"ethType": "0800"}]},
        403,
        NOT_OFFERED,
        "/ethTrafficFilters",
    ),
    (
        {"afAppId": None, "trafficFilters": [{"flowId": 1, "flowDescriptions": ["permit out ip"]}]},
        400,
        WRONG,
        "/trafficFilters",
    ),
    ({"afAppId": None, "trafficFilters": [FLOW | {"flowId": 10**30}]}, 400, WRONG, "/trafficFilters/0/flowId"),
    ({"afAppId": None, "trafficFilters": []}, 400, WRONG, "/trafficFilters"),
    ({"notificationDestination": None}, 400, WRONG, "/notificationDestination"),
    ({"notificationDestination": "https://192.0.2.1/hook"}, 400, WRONG, "/notificationDestination"),
    ({"subscribedEvents": ["SOMETHING"]}, 400, WRONG, "/subscribedEvents"),
    ({"subscribedEvents": []}, 400, WRONG, "/subscribedEvents"),
    ({"subscribedEvents": None, "dnaiChgType": None}, 400, WRONG, "/afAckInd"),
    ({"dnaiChgType": None}, 400, WRONG, "/dnaiChgType"),
    ({"dnaiChgType": "SOON"}, 400, WRONG, "/dnaiChgType"),
    ({"trafficRoutes": [route("atlantis")]}, 400, WRONG, "/trafficRoutes/0/dnai"),
    ({"trafficRoutes": [route("a"), route("a")]}, 400, WRONG, "/trafficRoutes/1/dnai"),
    ({"trafficRoutes": [{"dnai": "a", "routeProfId": "p"}]}, 400, WRONG, "/trafficRoutes/0/routeInfo"),
    ({"trafficRoutes": [{"dnai": "a", "routeInfo": {}}]}, 400, NEEDS_ONE, "/trafficRoutes/0/routeInfo/portNumber"),
    ({"trafficRoutes": [route("a", 70_000)]}, 400, WRONG, "/trafficRoutes/0/routeInfo"),
    (
        {"trafficRoutes": [{"dnai": "a", "routeInfo": {"ipv4Addr": "192.0.2.1", "portNumber": 6000}}]},
        400,
        WRONG,
        "/trafficRoutes/0/routeInfo",
    ),
    (
        {
            "afAppId": None,
            "trafficFilters": [
                {"flowId": 1, "flowDescriptions": ["permit out 17 from 127.9.1.999 7777 to assigned"]}
            ],
        },
        400,
        WRONG,
        "/trafficFilters",
    ),
    ({"trafficRoutes": []}, 400, WRONG, "/trafficRoutes"),
    ({"simConnTerm": -1}, 400, WRONG, "/simConnTerm"),
    ({"snssai": {"sst": 256}}, 400, WRONG, "/snssai/sst"),
    ({"snssai": {"sst": 2}}, 403, NOT_OFFERED, "/snssai"),
    ({"dnn": "ims"}, 403, NOT_OFFERED, "/dnn"),
    ({"suppFeat": "xyz"}, 400, WRONG, "/suppFeat"),
    ({"websockNotifConfig": {"requestWebsocketUri": True}}, 400, WRONG, "/websockNotifConfig"),
    ({"tempValidities": [{"startTime": "2030-01-01T00:00:00Z"}]}, 403, NOT_OFFERED, "/tempValidities"),
    ({"validGeoZoneIds": ["z"]}, 403, NOT_OFFERED, "/validGeoZoneIds"),
    ({"eventReq": {"immRep": True}}, 403, NOT_OFFERED, "/eventReq"),
    ({"tfcCorrInd": True}, 403, NOT_OFFERED, "/tfcCorrInd"),
]  # fmt: skip


def refused(answer: Any, status: int, cause: str, param: str = "") -> None:
    """The answer is this refusal, in 3GPP's form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (said["status"], said["cause"]) == (status, cause), said
    if param:
        assert param in [one["param"] for one in said["invalidParams"]], said


@pytest.mark.parametrize(("wrong", "status", "cause", "param"), BODIES)
def test_a_body_that_is_wrong_changes_nothing(
    nef: Exposure, wrong: dict[str, Any], status: int, cause: str, param: str
) -> None:
    refused(nef.call("POST", said=body(**wrong)), status, cause, param)
    assert nef.call("GET").json() == []
    assert nef.posted == []


@pytest.mark.parametrize("junk", [b"{", b"\xff", b"[1]", b"null", b"[" * 20_000, b'{"gpsi": "\\ud800"}', b""])
def test_what_is_no_object(nef: Exposure, junk: bytes) -> None:
    answer = nef.call("POST", said=junk)
    assert answer.status_code == 400, answer.text
    assert answer.json()["cause"] in ("INVALID_MSG_FORMAT", WRONG)


def test_who_is_not_allowed(nef: Exposure) -> None:
    where = f"{BASE}/fedge/subscriptions"
    nobody = nef.http.get(where)
    refused(nobody, 401, "UNAUTHORIZED")
    assert nobody.headers["www-authenticate"] == "Bearer"
    for token in ("Bearer x", "Bearer a.b.c", "Basic ZmVkZ2U6eA==", "Bearer é.é.é"):
        wrong = nef.http.get(where, headers={"authorization": token.encode()})
        refused(wrong, 401, "UNAUTHORIZED")
        assert "invalid_token" in wrong.headers["www-authenticate"]
    refused(nef.http.get(where, headers=nef.headers("another")), 403, "REQUEST_NOT_AUTHORIZED")
    old = nef.headers()
    nef.now_s += 601
    refused(nef.http.get(where, headers=old), 401, "UNAUTHORIZED")


def test_anothers_subscription_is_unknown(nef: Exposure) -> None:
    path = nef.create()
    where = f"{BASE}/another/subscriptions"
    assert nef.http.get(where, headers=nef.headers("another")).json() == []
    for method in ("GET", "DELETE"):
        answer = nef.http.request(method, where + path, headers=nef.headers("another"))
        refused(answer, 404, "SUBSCRIPTION_NOT_FOUND")
    assert nef.call("GET", path).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_for_whom_and_for_what_cannot_be_changed(nef: Exposure, method: str) -> None:
    path = nef.create()
    before = nef.call("GET", path).json()
    for name, value in (("gpsi", "msisdn-99901000003"), ("afAppId", "unheard-of")):
        said = body(**{name: value}) if method == "PUT" else {name: value}
        refused(nef.call(method, path, said), 403, "MODIFICATION_NOT_ALLOWED", f"/{name}")
    assert nef.call("GET", path).json() == before


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ({"trafficRoutes": None}, "/trafficRoutes"),
        ({"trafficRoutes": [route("atlantis")]}, "/trafficRoutes/0/dnai"),
        ({"notificationDestination": "http://10.0.0.1/"}, "/notificationDestination"),
        ({"simConnInd": None}, "/simConnInd"),
        ({"afAckInd": "yes"}, "/afAckInd"),
    ],
)
def test_a_patch_that_is_wrong_changes_nothing(nef: Exposure, patch: dict[str, Any], param: str) -> None:
    path = nef.create()
    before = nef.call("GET", path).json()
    refused(nef.call("PATCH", path, patch), 400, WRONG, param)
    assert nef.call("GET", path).json() == before


def test_a_subscription_that_is_not_there(nef: Exposure) -> None:
    for method, said in (("GET", None), ("PUT", body()), ("PATCH", {}), ("DELETE", None)):
        refused(nef.call(method, "/none", said), 404, "SUBSCRIPTION_NOT_FOUND")


@pytest.mark.parametrize("kind", ["lte", "nsa", "wifi"])
def test_a_ue_that_left_5g_standalone_cannot_be_asked_elsewhere(nef: Exposure, kind: str) -> None:
    path = nef.create()
    nef.core.handle(CellChanged(UeId("ue"), CellId("lte-b"), None, kind, 20.0, 0.0, 0))
    refused(nef.call("PATCH", path, {"trafficRoutes": [route("b")]}), 403, NOT_OFFERED, "/trafficRoutes")
    assert nef.call("PATCH", path, {"appReloInd": False}).status_code == 200, (
        "what asks for no route may pass"
    )
    assert nef.call("DELETE", path).status_code == 204


def test_forms_that_http_refuses(nef: Exposure) -> None:
    path = nef.create()
    refused(
        nef.call("POST", said=body(), headers={"content-type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE"
    )
    refused(
        nef.call("PATCH", path, {}, headers={"content-type": "application/json"}),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    refused(nef.call("POST", said=b" " * (MAX_BODY + 1)), 413, "INCORRECT_LENGTH")

    def chunks() -> Any:
        yield b"{}"

    headers = nef.headers() | {"content-type": "application/json"}
    unsized = nef.http.post(f"{BASE}/fedge/subscriptions", content=chunks(), headers=headers)
    refused(unsized, 411, "INCORRECT_LENGTH")
    refused(nef.call("GET", headers={"accept": "text/html"}), 406, "NOT_ACCEPTABLE")
    refused(nef.call("DELETE"), 405, "METHOD_NOT_ALLOWED")
    refused(nef.http.get("/elsewhere"), 404, "RESOURCE_URI_STRUCTURE_NOT_FOUND")
    refused(nef.call("GET", "/", follow_redirects=False), 404, "RESOURCE_URI_STRUCTURE_NOT_FOUND")
    refused(nef.call("GET", params={"x": "y" * MAX_URI}), 414, "URI_TOO_LONG")
    assert nef.call("GET", headers={"accept": "application/json;q=0.5, text/html"}).status_code == 200


def test_a_client_that_leaves_in_mid_body_is_no_fault_of_ours(nef: Exposure) -> None:
    """An exception of the application would be raised here."""
    headers = nef.headers() | {"content-type": "application/json", "content-length": "9"}
    heard = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    said: list[Any] = []
    path = f"{BASE}/fedge/subscriptions"
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def receive() -> Any:
        return heard.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    assert nef.http.portal is not None
    nef.http.portal.call(nef.app, scope, receive, send)
    assert said[0]["status"] == 400


def test_too_many_requests(nef: Exposure) -> None:
    headers = nef.headers()
    where = f"{BASE}/fedge/subscriptions"
    answers = [nef.http.get(where, headers=headers) for _ in range(BURST + 1)]
    assert answers[-2].status_code == 200
    refused(answers[-1], 429, "NF_CONGESTION_RISK")
    assert answers[-1].headers["retry-after"] == "1"
    nef.now_s += 1
    assert nef.http.get(where, headers=headers).status_code == 200
    assert nef.http.get(f"{BASE}/another/subscriptions", headers=nef.headers("another")).status_code == 200
