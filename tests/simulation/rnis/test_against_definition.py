"""Every operation and notification against ETSI's own definition of MEC 012, with generated input too. Skips where it is absent.

The definition contradicts itself where it says ``$ref`` to a string or number and ``type: object`` beside it (cellId, trigger …):
nothing true fits, whoever answers. So RabInfo, S1BearerInfo and L2Meas are answered bare, as the standard's text has them, and
notifications are held against the definition without those words, and with the links of the text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from fedge.core.messages.user_plane import InstallQos, QosInstalled, Quality, RemoveQos
from fedge.simulation.rnis.subscriptions import BASE
from tests.api.mec.definitions import ETSI
from tests.definitions import Definition, Seen, served
from tests.simulation.rnis.radio import (
    NR_UE,
    Radio,
    cell_change,
    ecgi,
    lte_reports,
    measured,
    moved,
    nr_reports,
    predicted,
    radio,
    ue,
)

EXAMPLES = 15
"""Of each operation."""
OPERATIONS = 9


@cache
def definition() -> Any:
    """Skips the test where the file is absent."""
    found = ETSI / "RniAPI.yaml"
    if not found.is_file():
        pytest.skip(f"ETSI's definition {found.name} is not beside this checkout")
    return yaml.safe_load(found.read_text())


@cache
def operations() -> list[Any]:
    return [result.ok() for result in schemathesis.openapi.from_dict(definition()).get_all_operations()]


def conforms(answer: Any, label: str) -> None:
    """Is it documented, and in the form of the definition as it stands?"""
    (operation,) = [one for one in operations() if one.label == label]
    assert str(answer.status_code) in operation.definition.raw["responses"], answer.text
    if answer.status_code != 204:
        case = operation.Case(path_parameters={"subscriptionId": "s"} if "{" in label else {})
        case.validate_response(answer, checks=[response_schema_conformance])


def test_each_operation_succeeds_in_its_form(tmp_path: Path) -> None:
    definition()
    with radio(tmp_path) as rnis:
        seen = Seen(BASE, Definition(ETSI / "RniAPI.yaml"), served(rnis.app.routes, BASE))
        rnis.http.event_hooks["response"].append(seen.hear)
        rnis.attach()
        for name in ("rab_info", "s1_bearer_info", "layer2_meas", "plmn_info"):
            answer = rnis.call("GET", f"/queries/{name}", params={"app_ins_id": "app-1"})
            assert (answer.status_code, bool(answer.json())) == (200, True)
            conforms(answer, f"GET /queries/{name}")
        wrapped = {"CellChangeSubscription": cell_change(filterCriteriaAssocHo={"associateId": [ue(NR_UE)]})}
        made = rnis.call("POST", "/subscriptions", wrapped)
        conforms(made, "POST /subscriptions")
        path = made.headers["location"].partition(BASE)[2]
        for method, body in (("GET", None), ("PUT", made.json()), ("DELETE", None)):
            answer = rnis.call(method, path, body)
            assert answer.status_code < 300, answer.text
            conforms(answer, f"{method} /subscriptions/{{subscriptionId}}")
        rnis.create(nr_reports())
        conforms(rnis.call("GET", "/subscriptions"), "GET /subscriptions")
        assert (seen.wrong, seen.missing, len(seen.operations)) == ([], set(), OPERATIONS)


def test_each_refusal_is_documented(tmp_path: Path) -> None:
    definition()
    with radio(tmp_path) as rnis:
        for operation in operations():
            path = operation.path.replace("{subscriptionId}", "none")
            method = operation.method.upper()
            conforms(rnis.http.request(method, BASE + path), operation.label)
            if "{" in operation.path:
                conforms(rnis.call(method, path, {} if method == "PUT" else None), operation.label)
            if method == "GET":
                conforms(rnis.call(method, path, headers={"accept": "text/plain"}), operation.label)
        conforms(rnis.call("POST", "/subscriptions", b"{"), "POST /subscriptions")
        conforms(
            rnis.call("POST", "/subscriptions", b"", headers={"content-type": "a/b"}), "POST /subscriptions"
        )
        refused = cell_change(subscriptionType="MeasTaSubscription", filterCriteriaAssoc={})
        conforms(rnis.call("POST", "/subscriptions", refused), "POST /subscriptions")


@pytest.mark.timeout(300)
def test_valid_input_is_taken_or_refused_as_documented(tmp_path: Path) -> None:
    assert len(operations()) == OPERATIONS
    for number, operation in enumerate(operations()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with radio(folder) as rnis:
            rnis.attach()
            reached = _play(rnis, operation)
        assert 401 not in reached


def _play(rnis: Radio, operation: Any) -> set[int]:
    reached: set[int] = set()
    known = rnis.create(cell_change()).rpartition("/")[2]
    documented = {int(code) for code in operation.definition.raw["responses"]}

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), data=st.data())
    def play(case: Any, data: st.DataObject) -> None:
        if case.path_parameters and data.draw(st.integers(0, 3)):
            case.path_parameters["subscriptionId"] = known
        body = (
            {} if not isinstance(case.body, dict | list | str | int | float | None) else {"json": case.body}
        )
        headers = dict(case.headers or {}) | rnis.headers()
        answer = rnis.http.request(
            case.method, BASE + case.formatted_path, params=case.query, headers=headers, **body
        )
        reached.add(answer.status_code)
        assert answer.status_code in documented, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        if answer.status_code != 204:
            case.validate_response(answer, checks=[response_schema_conformance])

    play()
    return reached


def test_notifications_have_the_form_of_the_definition(tmp_path: Path) -> None:
    definition()
    with radio(tmp_path) as rnis:
        rnis.attach()
        known = {"filterCriteriaQci": {"qci": 3, "erabId": 6}}
        rnis.create(cell_change(filterCriteriaAssocHo={"hoStatus": [1, 3]}, requestTestNotification=True))
        rnis.create(
            cell_change(
                filterCriteriaAssocHo={"ecgi": [ecgi(5)]},
                expiryDeadline={"seconds": 1_800_000_009, "nanoSeconds": 0},
            )
        )
        rnis.create(nr_reports())
        rnis.create(lte_reports())
        for name in ("RabEst", "RabMod", "RabRel"):
            rnis.create(cell_change(subscriptionType=f"{name}Subscription", **known))
        flow, done = InstallQos("f", NR_UE, (), Quality(3, 1000, 2000)), QosInstalled("f", NR_UE)
        changed = InstallQos("f", NR_UE, (), Quality(3, 1, 1))
        rnis.say(measured(), flow, done, changed, done, RemoveQos("f", NR_UE))
        rnis.say(predicted(NR_UE, "nr-2"), moved(NR_UE, "nr-2", "nr-1"))
        rnis.wake(1)
        told = {body["notificationType"]: body for body in rnis.notifications(10)}
    assert len(told) == 8
    for name, body in told.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _repaired()}}
        jsonschema_rs.Draft202012Validator(schema).validate(body)
        assert list(body["_links"]) == ["subscription"]


def _repaired() -> Any:
    schemas = _without_contradictions(definition()["components"]["schemas"])
    for name, schema in schemas.items():
        if name.endswith("Notification") and "subscription" in schema.get("required", ()):
            schema["properties"]["_links"] = schemas["_links2"]
            schema["required"].remove("subscription")
    return schemas


def _without_contradictions(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_contradictions(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_contradictions(one)
        for name, one in node.items()
        if not (name == "type" and isinstance(node.get("$ref"), str))
    }
