"""Generated input against ETSI's own definitions: accepted or refused with a documented code, never a 5xx, every answer in form.

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

from tests.api.centre import TOKEN
from tests.api.mec.definitions import FILES, definition
from tests.api.mec.platform import MecCentre, application

EXAMPLES = 8
"""Of each operation."""
KNOWN = {
    "appInstanceId": ["harbour.arena-1", "app-1"],
    "serviceId": ["ser-2"],
    "subscriptionId": ["sub-3", "sub-4", "sub-5"],
    "appMobilityServiceId": ["ams-6"],
    "trafficRuleId": ["arena-udp-7777"],
    "dnsRuleId": ["arena-dns"],
}
UNDOCUMENTED = {"confirm_termination": {204}, "confirm_ready": {204}, "user_defined_notification": {400}}
"""The definition documents no success of the first two; the standard's text has 204. Of the last it has no 400, and lets a body
be left out, which is no notification."""


PLACEHOLDERS = (["SEE_DESCRIPTION"], ["source"], ["DUPLICATE_ENCAPSULATED"], ["TERMINATING"])
"""Enumerations that the definitions have only in their descriptions: what is listed is not what may be said."""


@cache
def operations(base: str) -> list[Any]:
    """The definition's, its placeholders taken out."""
    schema = schemathesis.openapi.from_dict(
        _without_placeholders(yaml.safe_load(definition(base).read_text()))
    )
    return [result.ok() for result in schema.get_all_operations()]


def _without_placeholders(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_placeholders(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_placeholders(one)
        for name, one in node.items()
        if name != "enum" or one not in PLACEHOLDERS
    }


def resources(client: TestClient) -> None:
    """One of each, under the names in ``KNOWN``."""
    sink = {"callbackReference": "http://127.0.0.1:9/"}
    instance, one = "/applications/harbour.arena-1", {"appInstanceId": "harbour.arena-1"}
    service = {"serName": "s", "version": "1", "state": "ACTIVE", "serializer": "JSON", "livenessInterval": 1}
    mobility = {"filterCriteria": {}, **sink}
    made = [
        ("/mec_app_support/v1/registrations", {"appName": "a", "endpoint": {"fqdn": ["a.internal"]}}),
        (f"/mec_service_mgmt/v1{instance}/services", service),
        (
            f"/mec_app_support/v1{instance}/subscriptions",
            {"subscriptionType": "AppTerminationNotificationSubscription", **one, **sink},
        ),
        (
            f"/mec_service_mgmt/v1{instance}/subscriptions",
            {"subscriptionType": "SerAvailabilityNotificationSubscription", **sink},
        ),
        ("/amsi/v1/subscriptions", {"subscriptionType": "MobilityProcedureSubscription", **mobility}),
        ("/amsi/v1/app_mobility_services", {"serviceConsumerId": one}),
    ]
    for path, body in made:
        answer = client.post(path, json=body)
        assert answer.status_code == 201, answer.text


def sent(client: TestClient, base: str, case: Any) -> Any:
    body = {} if not isinstance(case.body, dict | list | str | int | float | None) else {"json": case.body}
    return client.request(
        case.method, base + case.formatted_path, params=case.query, headers=dict(case.headers or {}), **body
    )


@pytest.mark.parametrize("base", FILES)
@pytest.mark.timeout(300)
def test_valid_input_is_taken_or_refused_as_documented(base: str) -> None:
    reached: dict[str, set[int]] = {}
    for operation in operations(base):
        reached[operation.label] = _play(base, operation)
    assert len(reached) == len(operations(base))
    assert any(status < 300 for statuses in reached.values() for status in statuses)


def _play(base: str, operation: Any) -> set[int]:
    centre = MecCentre()
    reached: set[int] = set()
    documented = {int(code) for code in operation.definition.raw["responses"]}
    documented |= UNDOCUMENTED.get(operation.path.rpartition("/")[2], set())
    with TestClient(application(centre), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        resources(client)

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), known=st.data())
        def play(case: Any, known: st.DataObject) -> None:
            for name in case.path_parameters or {}:
                if name in KNOWN and known.draw(st.integers(0, 3)):
                    case.path_parameters[name] = known.draw(st.sampled_from(KNOWN[name]))
            answer = sent(client, base, case)
            reached.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", str(answer.request.url)
                assert answer.json()["status"] == answer.status_code
            assert answer.status_code in documented, answer.text
            if answer.status_code != 204:  # some definitions give a 204 a body, which HTTP does not have
                case.validate_response(answer, checks=[response_schema_conformance])

        play()
    return reached
