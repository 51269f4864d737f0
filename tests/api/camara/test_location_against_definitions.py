"""Generated input against the definitions of CAMARA's location APIs and Simple Edge Discovery: taken or refused as documented.

As the operator, as a tenant with consent and as one without. Skips, saying so, where the definitions are not beside the checkout.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.testclient import TestClient

from tests.api.camara.definitions import LOCATION_FILES, definition
from tests.api.camara.studio import NUMBER, SINK, STUDIO, StudioCentre, application, bearing, circle
from tests.api.camara.test_geofencing import PATH, made, wish
from tests.api.centre import TOKEN

EXAMPLES = 25
"""Of each operation, for each caller."""
UNDOCUMENTED = {405}
"""Of all APIs alike (CAMARA Commonalities): no operation documents it."""
CREDENTIAL = {
    "credentialType": "ACCESSTOKEN",
    "accessToken": "abc",
    "accessTokenExpiresUtc": "2199-01-01T00:00:00Z",
    "accessTokenType": "bearer",
}


@cache
def operations(base: str) -> list[Any]:
    schema = schemathesis.openapi.from_dict(yaml.safe_load(definition(base).read_text()))
    return [result.ok() for result in schema.get_all_operations()]


def sent(client: TestClient, base: str, case: Any) -> Any:
    body = {} if not isinstance(case.body, dict | list | str | int | float | None) else {"json": case.body}
    return client.request(
        case.method, base + case.formatted_path, params=case.query, headers=dict(case.headers or {}), **body
    )


@pytest.mark.parametrize("base", LOCATION_FILES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("caller", ["operator", "tenant", "tenant with consent"])
@pytest.mark.timeout(300)
def test_generated_input_is_taken_or_refused_as_documented(
    base: str, mode: GenerationMode, caller: str
) -> None:
    reached = {operation.label: _play(base, operation, mode, caller) for operation in operations(base)}
    for label, statuses in reached.items():
        if mode is GenerationMode.POSITIVE and caller != "tenant":
            assert any(status < 300 for status in statuses), (label, statuses)
        if mode is GenerationMode.POSITIVE and caller == "tenant" and "location" in base:
            assert not any(status < 300 for status in statuses), (label, statuses)


def _play(base: str, operation: Any, mode: GenerationMode, caller: str) -> set[int]:
    centre, token = StudioCentre(), TOKEN if caller == "operator" else STUDIO
    reached: set[int] = set()
    documented = {int(code) for code in operation.definition.raw["responses"]} | UNDOCUMENTED
    with TestClient(application(centre), headers=bearing(token)) as client:
        if caller == "tenant with consent":
            body = {"client": "studio", "device": "player-1"}
            client.post("/api/v1/consents", json=body, headers=bearing(TOKEN))

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode), known=st.data())
        def play(case: Any, known: st.DataObject) -> None:
            centre.plane.state.fences.held.clear()
            centre.place("player-1", 500.0, 500.0)
            if "subscriptionId" in (case.path_parameters or {}) and known.draw(st.integers(0, 3)):
                there = made(client, wish(), token) if caller != "tenant" else {"id": "none"}
                case.path_parameters["subscriptionId"] = there["id"]
            if isinstance(case.body, dict) and known.draw(st.integers(0, 3)):
                case.body = case.body | _known(case.body, known)  # not in place: generators share values
            answer = sent(client, base, case)
            reached.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
            assert "x-correlator" in answer.headers
            assert answer.status_code in documented, (case.body, answer.text)
            if answer.status_code >= 400:
                assert answer.json().keys() == {"status", "code", "message"}
            if answer.status_code != 405:
                case.validate_response(answer, checks=[response_schema_conformance])

        play()
    return reached


def _known(body: dict[str, Any], known: st.DataObject) -> dict[str, Any]:
    """Some of what was generated, put in terms of what there is."""
    device = {"phoneNumber": NUMBER}
    there = {
        "device": device,
        "area": circle(500, 500, 100),
        "maxAge": 60,
        "maxSurface": 1_000_000,
        "sink": SINK,
        "protocol": "HTTP",
        "sinkCredential": CREDENTIAL,
        "config": {"subscriptionDetail": {"device": device, "area": circle(500, 500, 100)}},
    }
    found = {name: value for name, value in there.items() if name in body and known.draw(st.integers(0, 7))}
    return found | ({"device": device} if known.draw(st.integers(0, 3)) and "config" not in body else {})


def test_the_events_are_in_their_form() -> None:
    """The callback's schemas, one for each event: held against what is really sent."""
    text = definition("/geofencing-subscriptions/v0.5").read_text()
    raw = json.loads(json.dumps(yaml.safe_load(text), default=str))  # examples of times are no JSON
    centre = StudioCentre()
    with TestClient(application(centre)) as client:
        made(client, wish(initialEvent=True, subscriptionMaxEvents=1))
        centre.sweep()
        leaving = wish("org.camaraproject.geofencing-subscriptions.v0.area-left", initialEvent=True)
        leaving["config"]["subscriptionDetail"]["area"] = circle(900, 900, 60)
        one = made(client, leaving)
        centre.sweep()
        client.delete(f"{PATH}/{one['id']}", headers=bearing(TOKEN))
    told = centre.told()
    assert [event["type"].rpartition(".")[2] for event in told] == [
        "subscription-started",
        "area-entered",
        "subscription-ended",
        "subscription-started",
        "area-left",
        "subscription-ended",
    ]
    mapping = raw["components"]["schemas"]["CloudEvent"]["discriminator"]["mapping"]
    for event in told:
        schema = {"$ref": mapping[event["type"]], "components": raw["components"]}
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(event)
    assert len({(event["source"], event["id"]) for event in told}) == len(told)
