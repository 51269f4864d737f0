"""Generated input against CAMARA's own definitions: accepted or refused with a documented code, never a 5xx, all in form.

Skips, saying so, where the definitions are not beside the checkout.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.testclient import TestClient

from fedge.core.control.events.quality import QualityEnded
from tests.api.camara.definitions import FILES, definition
from tests.api.camara.platform import DEVICE, CamaraCentre, application
from tests.api.centre import TOKEN

EXAMPLES = 12
"""Of each operation."""
WISH = {
    "device": DEVICE,
    "applicationServer": {"ipv4Address": "127.1.1.1"},
    "qosProfile": "QOS_E",
    "duration": 600,
}
UNDOCUMENTED = {405}
"""Of all APIs alike (CAMARA Commonalities): no operation documents it."""


@cache
def operations(base: str) -> list[Any]:
    schema = schemathesis.openapi.from_dict(yaml.safe_load(definition(base).read_text()))
    return [result.ok() for result in schema.get_all_operations()]


def sent(client: TestClient, base: str, case: Any) -> Any:
    body = {} if not isinstance(case.body, dict | list | str | int | float | None) else {"json": case.body}
    return client.request(
        case.method, base + case.formatted_path, params=case.query, headers=dict(case.headers or {}), **body
    )


@pytest.mark.parametrize("base", FILES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.timeout(300)
def test_generated_input_is_taken_or_refused_as_documented(base: str, mode: GenerationMode) -> None:
    reached = {operation.label: _play(base, operation, mode) for operation in operations(base)}
    assert len(reached) == len(operations(base))
    for label, statuses in reached.items():
        if mode is GenerationMode.POSITIVE:
            assert any(status < 300 for status in statuses), (label, statuses)
        else:
            assert any(400 <= status < 500 for status in statuses), (label, statuses)


def _play(base: str, operation: Any, mode: GenerationMode) -> set[int]:
    centre = CamaraCentre()
    reached: set[int] = set()
    documented = {int(code) for code in operation.definition.raw["responses"]} | UNDOCUMENTED
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), known=st.data())
        def play(case: Any, known: st.DataObject) -> None:
            for name in tuple(centre.plane.state.quality.sessions):
                centre.say(QualityEnded(name, "DELETE_REQUESTED", "the example before is over"))
            session = client.post("/quality-on-demand/v1/sessions", json=WISH).json()["sessionId"]
            centre.operator()
            if "sessionId" in (case.path_parameters or {}) and known.draw(st.integers(0, 3)):
                case.path_parameters["sessionId"] = session
            if "name" in (case.path_parameters or {}) and known.draw(st.integers(0, 3)):
                case.path_parameters["name"] = known.draw(st.sampled_from(["QOS_E", "QOS_S"]))
            if isinstance(case.body, dict) and known.draw(st.integers(0, 3)):
                case.body = case.body | _known(case.body, operation.path)
            answer = sent(client, base, case)
            reached.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
            assert "x-correlator" in answer.headers
            assert answer.status_code in documented, answer.text
            if answer.status_code >= 400:
                assert answer.json().keys() == {"status", "code", "message"}
            if answer.status_code != 405:
                case.validate_response(answer, checks=[response_schema_conformance])

        play()
    return reached


def _known(body: dict[str, Any], path: str) -> dict[str, Any]:
    """What was generated, put in terms of what there is."""
    there = {
        "device": DEVICE,
        "applicationServer": {"ipv4Address": "198.51.100.0/24"},
        "qosProfile": "QOS_L",
        "duration": 60,
        "sink": "https://127.0.0.1:9/sink",
        "sinkCredential": {
            "credentialType": "ACCESSTOKEN",
            "accessToken": "abc",
            "accessTokenExpiresUtc": "2199-01-01T00:00:00Z",
            "accessTokenType": "bearer",
        },
    }
    needed = {"device", *(("sink",) if "sinkCredential" in body else ())} if "extend" not in path else set()
    return {name: value for name, value in there.items() if name in body or name in needed}
