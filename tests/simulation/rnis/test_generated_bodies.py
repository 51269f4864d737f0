"""No 5xx from any body, query, header or path, and what is accepted can be read back, written again and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.simulation.rnis.wants import TYPES
from tests.simulation.rnis.radio import HOOK, NR_UE, cell_change, ecgi, nrcgi, radio, ue

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def filters(**likely: list[Any]) -> st.SearchStrategy[Any]:
    return (
        st.fixed_dictionaries({}, optional={k: st.sampled_from(v) | JSON for k, v in likely.items()}) | JSON
    )


CRITERIA = filters(
    appInstanceId=["app-1"],
    associateId=[[], [ue(NR_UE)], [{"type": 4, "value": "1"}]],
    ecgi=[[], [ecgi(1)], [ecgi(10**6)]],
    nrcgi=[[], [nrcgi(2)]],
    hoStatus=[[], [1], [1, 3], [2]],
    trigger=[[1], [12], [0]],
    triggerNr=[[1], [1, 12], [30]],
    qci=[3, 9],
    erabId=[6],
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "subscriptionType": st.sampled_from(sorted(TYPES)) | JSON,
    "callbackReference": st.sampled_from([HOOK, "https://192.0.2.1/"]) | JSON,
    "requestTestNotification": st.booleans() | JSON,
    "websockNotifConfig": st.sampled_from([{}, {"requestWebsocketUri": True}, {"websocketUri": "x"}]) | JSON,
    "expiryDeadline": st.sampled_from([{"seconds": 1_900_000_000, "nanoSeconds": 1}, {"seconds": 0, "nanoSeconds": 0}]) | JSON,
    "_links": st.sampled_from([{"self": {"href": "x"}}]) | JSON,
    **{kind.criteria: CRITERIA for kind in TYPES.values()},
}  # fmt: skip
SUBSCRIPTION = st.fixed_dictionaries({}, optional=LIKELY)
NEARLY = st.builds(
    lambda kind, more: cell_change(**{"subscriptionType": kind, **more}),
    st.sampled_from(sorted(TYPES)),
    SUBSCRIPTION,
)
WRAPPED = st.builds(
    lambda kind, said: {kind: {**said, "subscriptionType": kind}}, st.sampled_from(sorted(TYPES)), NEARLY
)
BODY = st.one_of(SUBSCRIPTION, NEARLY, WRAPPED, JSON).map(lambda said: json.dumps(said).encode()) | st.binary(
    max_size=40
)
WORD = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
PARAMETERS = (
    "app_ins_id", "cell_id", "ue_ipv4_address", "ue_ipv6_address", "nated_ip_address", "gtp_teid", "erab_id", "qci",
    "erab_mbr_dl", "temp_ue_id", "dl_total_prb_usage_cell", "dl_gbr_pdr_ue", "subscription_type", "other",
)  # fmt: skip


def documented(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def test_any_body(tmp_path: Path) -> None:
    with radio(tmp_path) as rnis:
        rnis.attach()

        @settings(max_examples=200, deadline=None)
        @given(st.sampled_from(["POST", "PUT"]), BODY)
        def any_body(method: str, said: bytes) -> None:
            path = "/subscriptions" if method == "POST" else rnis.create(cell_change())
            answer = rnis.call(method, path, said)
            documented(answer)
            if answer.status_code == 201:
                path = "/subscriptions/" + answer.headers["location"].rpartition("/")[2]
                assert rnis.call("GET", path).json() == answer.json()
                assert rnis.call("PUT", path, answer.json()).json() == answer.json(), (
                    "what was read can be written"
                )
            if path != "/subscriptions":
                assert rnis.call("DELETE", path).status_code == 204

        any_body()


def test_any_query_and_header(tmp_path: Path) -> None:
    query = st.dictionaries(
        st.sampled_from(PARAMETERS), st.text(max_size=12) | st.sampled_from(["1", "0000001", "127.9.200.1"])
    )
    headers = st.dictionaries(st.sampled_from(["authorization", "accept", "content-type", "if-match"]), WORD)
    paths = st.sampled_from(["rab_info", "plmn_info", "s1_bearer_info", "layer2_meas"]).map(
        "/queries/{}".format
    )
    with radio(tmp_path) as rnis:
        rnis.attach()

        @settings(max_examples=150, deadline=None)
        @given(
            st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
            paths | st.just("/subscriptions"),
            query,
            headers,
        )
        def any_request(method: str, path: str, asked: dict[str, str], given_headers: dict[str, str]) -> None:
            documented(rnis.call(method, path, params=asked))
            documented(rnis.call(method, path, params=asked, headers=given_headers))

        any_request()
