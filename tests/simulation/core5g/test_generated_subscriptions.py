"""MonitoringEvent and AsSessionWithQoS under generated bodies, patches and queries: no 5xx; what is accepted can be read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.simulation.core5g.nef.monitoring.api import API as MONITORING
from fedge.simulation.core5g.nef.quality.api import API as QUALITY
from tests.simulation.core5g import test_monitoring_event as monitoring
from tests.simulation.core5g import test_session_with_qos as quality
from tests.simulation.core5g.nef import Exposure, exposure
from tests.simulation.core5g.test_generated_bodies import JSON, documented

EXAMPLES = 120
NUMBERS = ["99901000001", "99901000002", "12345"]
LIKELY: dict[str, dict[str, list[Any]]] = {
    MONITORING.name: {
        "msisdn": NUMBERS, "externalId": ["ue@fedge.example"], "externalGroupId": ["players@fedge.example"],
        "ipv4Addr": ["127.9.200.1"], "ueIpAddr": [{"ipv4Addr": "127.9.200.1"}, {}], "excludedMsisdns": [NUMBERS[:1]],
        "addedExternalIds": [["ue@fedge.example"]], "monitoringType": ["LOSS_OF_CONNECTIVITY", "UE_REACHABILITY"],
        "locationType": ["LAST_KNOWN_LOCATION", "CURRENT_OR_LAST_KNOWN_LOCATION"], "accuracy": ["CGI_ECGI", "GEO_AREA"],
        "maximumNumberOfReports": [1, 2], "monitorExpireTime": ["9999-12-31T23:59:59-12:00", "2030-01-01T00:00:60Z", "x"],
        "repPeriod": [0, 1], "groupReportGuardTime": [0, 5], "maximumDetectionTime": [0, 5], "reachabilityType": ["DATA", "SMS"],
        "minimumReportInterval": [1], "linearDistance": [10], "ldrType": ["MOTION", "PERIODIC"], "immediateRep": [True],
        "supportedGADShapes": [["POINT"], []], "locQoS": [{"hAccuracy": 1e308}], "supportedFeatures": ["", "FFFFF", "4"],
        "requestTestNotification": [True], "self": ["x"], "monitoringEventReport": [{}],
    },
    QUALITY.name: {
        "ueIpv4Addr": ["127.9.200.1", "127.9.200.2"], "ipDomain": ["fedge"], "exterAppId": ["arena"],
        "flowInfo": [[quality.FLOW], [{"flowId": 10**30}]], "qosReference": ["QOS_S", "QOS_X"],
        "altQoSReferences": [["QOS_M", "QOS_S"]], "usageThreshold": [{"duration": 5}, {"duration": 10**30}, {}],
        "events": [["QOS_GUARANTEED"], ["x"]], "supportedFeatures": ["", "FFFF"], "dnn": ["internet"], "snssai": [{"sst": 1}],
        "requestTestNotification": [True], "self": ["x"], "macAddr": ["00-00-5e-00-53-01"],
    },
}  # fmt: skip
POINTER = st.sampled_from(
    [
        "",
        "/",
        "/excludedMsisdns",
        "/excludedMsisdns/0",
        "/excludedMsisdns/-",
        "/~01",
        "/msisdn",
        "/a/b",
        "x",
        "/excludedMsisdns/00",
    ]
)
STEP = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]) | JSON, "path": POINTER},
    optional={"from": POINTER, "value": st.sampled_from([NUMBERS[:1], NUMBERS[0], None]) | JSON},
)


def good(nef: Exposure, api: str) -> dict[str, Any]:
    return monitoring.body(nef, **monitoring.group()) if api == MONITORING.name else quality.body()


@pytest.mark.parametrize("api", [MONITORING, QUALITY])
def test_any_body(tmp_path: Path, api: Any) -> None:
    likely = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) | JSON for name, values in LIKELY[api.name].items()}
    )
    nearly = st.sets(st.sampled_from(sorted(LIKELY[api.name])), max_size=4)
    patch = st.lists(STEP, max_size=4) | JSON if api is MONITORING else likely | JSON
    with exposure(tmp_path) as nef:
        monitoring.seen(nef)

        @settings(max_examples=EXAMPLES, deadline=None)
        @given(st.sampled_from(["POST", "PUT", "PATCH"]), likely, nearly, patch, JSON, st.data())
        def any_body(
            method: str, new: Any, kept: set[str], change: Any, junk: Any, draw: st.DataObject
        ) -> None:
            nef.later(1)
            said = good(nef, api.name) | {name: new[name] for name in kept if name in new}
            if method == "PATCH":
                said = change
            elif draw.draw(st.integers(0, 5)) == 0:
                said = junk
            path = "" if method == "POST" else _made(nef, api, good(nef, api.name))
            answer = nef.call(
                method, path, json.dumps(said), base=api.base, headers={"content-type": _type(api, method)}
            )
            documented(answer)
            if answer.status_code == 201:
                path = "/" + answer.headers["location"].rpartition("/")[2]
                held = {
                    name: value for name, value in answer.json().items() if name != "monitoringEventReport"
                }
                again = nef.call("GET", path, base=api.base)
                if again.status_code == 200:  # its reports may all have been made
                    assert again.json() == held
                    del held["self"]
                    assert nef.call("PUT", path, held, base=api.base).json() == again.json()
            monitoring.seen(nef)
            if path:
                assert nef.call("DELETE", path, base=api.base).status_code in (200, 204, 404)

        any_body()


@pytest.mark.parametrize("api", [MONITORING, QUALITY])
def test_any_query(tmp_path: Path, api: Any) -> None:
    names = st.sampled_from(["ip-addrs", "ip-domain", "mac-addrs", "x"])
    values = (
        JSON.map(json.dumps)
        | st.text(max_size=12)
        | st.sampled_from(['[{"ipv4Addr": "127.9.200.1"}]', "[[[["])
    )
    with exposure(tmp_path) as nef:
        _made(nef, api, good(nef, api.name))

        @settings(max_examples=EXAMPLES, deadline=None)
        @given(st.dictionaries(names, values, max_size=3))
        def any_query(query: dict[str, str]) -> None:
            nef.now_s += 1
            documented(nef.call("GET", base=api.base, params=query))

        any_query()


def _type(api: Any, method: str) -> str:
    return str(api.patch_type) if method == "PATCH" else "application/json"


def _made(nef: Exposure, api: Any, said: dict[str, Any]) -> str:
    made = nef.call("POST", said=said, base=api.base)
    assert made.status_code == 201, made.text
    return "/" + str(made.headers["location"]).rpartition("/")[2]
