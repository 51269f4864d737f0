"""How often a caller may ask: 429 in MEC 009's form, each caller for itself; as the definitions have it where they list it."""

from __future__ import annotations

import re

import pytest
import yaml
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from fedge.core.model import SECOND
from fedge.core.pace import Limits
from tests.api.centre import TOKEN
from tests.api.mec.definitions import FILES, definition
from tests.api.mec.platform import MecCentre, application

OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
CAPS = "/mec_app_support/v1/timing/timing_caps"


def test_more_than_the_burst_waits_and_then_passes() -> None:
    centre = MecCentre()
    centre.now = lambda: centre.ahead  # type: ignore[method-assign]
    with TestClient(application(centre, Limits(2.0, burst=3)), headers=OPERATOR) as client:
        assert [client.get(CAPS).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.get(CAPS)
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["status"], refused.headers["retry-after"]) == (429, "1")
        assert "2 requests a second are answered, 3 at once" in refused.json()["detail"]
        centre.ahead += SECOND
        assert [client.get(CAPS).status_code for _ in range(3)] == [200, 200, 429]


def test_who_is_not_known_costs_nobody_a_request() -> None:
    with TestClient(application(MecCentre(), Limits(0.001, burst=1))) as client:
        for _ in range(5):
            assert client.get(CAPS, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get(CAPS, headers=OPERATOR).status_code == 200
        assert client.get("/mec_service_mgmt/v1/services", headers=OPERATOR).status_code == 429, (
            "all of the APIs count together"
        )


@pytest.mark.parametrize("base", FILES)
def test_a_429_is_as_the_definition_has_it(base: str) -> None:
    whole = yaml.safe_load(definition(base).read_text())
    listed = [
        (method.upper(), path, one["responses"]["429"])
        for path, item in whole["paths"].items()
        for method, one in item.items()
        if method in ("get", "post", "put", "patch", "delete") and "429" in one["responses"]
    ]
    with TestClient(application(MecCentre(), Limits(1.0, burst=0)), headers=OPERATOR) as client:
        for method, path, response in listed:
            form = whole["components"]["responses"][response["$ref"].rpartition("/")[2]]
            schema = form["content"]["application/problem+json"]["schema"]
            refused = client.request(method, base + re.sub(r"\{\w+\}", "x", path))
            assert refused.status_code == 429, path
            Draft202012Validator({**schema, "components": whole["components"]}).validate(refused.json())
    wanted = {"/mec_app_support/v1": 2, "/mec_service_mgmt/v1": 0, "/amsi/v1": 13}
    assert len(listed) == wanted[base]
