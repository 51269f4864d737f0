"""No 5xx from any generated body, header or path, and what is accepted can be read back, changed and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.core5g.nef import BASE, GPSI, HOOK, LTE_GPSI, MERGE_PATCH, body, exposure, route

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FLOW = {"flowId": 1, "flowDescriptions": ["permit out 17 from 127.9.1.9 7777 to assigned"]}
LIKELY: dict[str, Any] = {
    "afServiceId": ["arena"], "afAppId": ["arena"], "afTransId": ["t"], "appReloInd": [True, False], "dnn": ["internet", "x"],
    "snssai": [{"sst": 1}, {"sst": 1, "sd": "00000a"}], "externalGroupId": ["players@fedge.example"], "anyUeInd": [True, False],
    "subscribedEvents": [["UP_PATH_CHANGE"]], "gpsi": [GPSI, LTE_GPSI, "extid-a@b"], "ipv4Addr": ["127.9.200.1"],
    "ipDomain": ["fedge"], "ipv6Addr": ["::1"], "macAddr": ["00-00-5e-00-53-01"], "dnaiChgType": ["EARLY", "LATE", "EARLY_LATE"],
    "notificationDestination": [HOOK, "https://192.0.2.1/"], "requestTestNotification": [True],
    "websockNotifConfig": [{}, {"requestWebsocketUri": True}], "self": ["x"],
    "trafficFilters": [[FLOW], [FLOW | {"flowId": 10**30}]],
    "ethTrafficFilters": [[{"ethType": "0800"}]],
    "trafficRoutes": [[route("a")], [route("b"), route("a")], [{"dnai": "a", "routeProfId": "p"}]],
    "tfcCorrInd": [False], "tempValidities": [[]], "validGeoZoneIds": [["z"]], "geoAreas": [[{}]], "afAckInd": [True, False],
    "addrPreserInd": [True], "simConnInd": [True], "simConnTerm": [0, 5], "maxAllowedUpLat": [5], "easIpReplaceInfos": [[{}]],
    "easRedisInd": [True], "eventReq": [{}], "eventReports": [[{}]], "suppFeat": ["", "106", "ffffffffffff"],
}  # fmt: skip
SUBSCRIPTION = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) | JSON for name, values in LIKELY.items()}
)
NEARLY = st.dictionaries(st.sampled_from(sorted(LIKELY)), JSON, max_size=2).map(lambda more: body(**more))
BODY = st.one_of(SUBSCRIPTION, NEARLY, JSON).map(lambda said: json.dumps(said).encode()) | st.binary(
    max_size=40
)
ACK = st.fixed_dictionaries(
    {},
    optional={
        "ackResult": st.fixed_dictionaries(
            {},
            optional={
                "afStatus": st.sampled_from(["SUCCESS", "OTHER"]) | JSON,
                "trafficRoute": st.sampled_from([route("a"), None]) | JSON,
            },
        )
        | JSON,
        "afTransId": st.sampled_from(["t-1"]) | JSON,
        "gpsi": st.sampled_from([GPSI]) | JSON,
    },
)
WORD = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


def documented(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] in ("application/problem+json", "application/json")
        assert answer.json()


def test_any_body(tmp_path: Path) -> None:
    with exposure(tmp_path) as nef:

        @settings(max_examples=120, deadline=None)
        @given(st.sampled_from(["POST", "PUT", "PATCH"]), BODY)
        def any_body(method: str, said: bytes) -> None:
            nef.now_s += 1
            path = "" if method == "POST" else nef.create()
            answer = nef.call(method, path, said)
            documented(answer)
            if answer.status_code == 201:
                path = "/" + answer.headers["location"].rpartition("/")[2]
                assert nef.call("GET", path).json() == answer.json()
                same = {name: value for name, value in answer.json().items() if name != "self"}
                assert nef.call("PUT", path, same).json() == answer.json(), "what was read can be written"
            if path:
                assert nef.call("DELETE", path).status_code == 204

        any_body()


def test_any_acknowledgement(tmp_path: Path) -> None:
    with exposure(tmp_path) as nef:
        nef.create()
        uri = nef.notification(0)["afAckUri"].rpartition("/")[2]

        @settings(max_examples=80, deadline=None)
        @given(st.sampled_from([uri]) | WORD.map(lambda word: word.replace("/", "")), ACK | JSON)
        def any_acknowledgement(transaction: str, said: Any) -> None:
            nef.now_s += 1
            where = "/af-acknowledgements/" + transaction.replace("?", "").replace("#", "").replace("%", "")
            headers = nef.headers() | {"content-type": "application/json"}
            documented(nef.http.post(where, content=json.dumps(said), headers=headers))

        any_acknowledgement()


def test_any_header_and_path(tmp_path: Path) -> None:
    headers = st.dictionaries(
        st.sampled_from(["authorization", "accept", "content-type", "content-length", "x-anything"]), WORD
    )
    with exposure(tmp_path) as nef:

        @settings(max_examples=80, deadline=None)
        @given(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), headers, WORD)
        def any_request(method: str, given_headers: dict[str, str], word: str) -> None:
            nef.now_s += 1
            said = {"content-type": MERGE_PATCH} | nef.headers() | given_headers
            path = "".join(letter for letter in word if letter.isalnum())
            for where in (
                f"{BASE}/fedge/subscriptions/{path}",
                f"{BASE}/{path}/subscriptions",
                "/oauth2/token",
            ):
                answer = nef.http.request(method, where, headers=said)
                assert answer.status_code < 500, answer.text

        any_request()
