"""One success by hand of every operation that the operator's servers have: the NEF's three APIs and CAPIF's six.

Held against 3GPP's definitions where ``FEDGE_3GPP`` names them (`tests/definitions.py`); the operations are those of the routes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fedge.core.pace import Pace
from fedge.simulation.core5g.capif import core
from fedge.simulation.core5g.capif.api import capif_routes
from fedge.simulation.core5g.capif.callers import Callers
from fedge.simulation.core5g.exposed import INFLUENCE, MONITORING, QOS, path_of
from fedge.simulation.core5g.nef.access import LIMITS
from tests.definitions import Seen, of_3gpp, served
from tests.simulation.core5g import test_monitoring_event as monitoring
from tests.simulation.core5g import test_session_with_qos as quality
from tests.simulation.core5g import test_traffic_influence as influence
from tests.simulation.core5g.capif import test_every_operation as capif
from tests.simulation.core5g.capif.framework import framework
from tests.simulation.core5g.nef import Exposure

NEF = {
    INFLUENCE: ("TS29522_TrafficInfluence", [influence.test_create_read_update_delete]),
    MONITORING: (
        "TS29122_MonitoringEvent",
        [monitoring.test_create_read_replace_delete, monitoring.test_members_leave_a_group_and_come_back],
    ),
    QOS: ("TS29122_AsSessionWithQoS", [quality.test_create_read_update_delete]),
}
CAPIF = {
    core.PROVIDERS_BASE: "API_Provider_Management",
    core.PUBLISH_BASE: "Publish_Service",
    core.DISCOVER_BASE: "Discover_Service",
    core.INVOKERS_BASE: "API_Invoker_Management",
    core.SECURITY_BASE: "Security",
    core.EVENTS_BASE: "Events",
}


def nothing_is_missing(apis: list[Seen]) -> None:
    assert [wrong for one in apis for wrong in one.wrong] == []
    assert {one.base: one.missing for one in apis if one.missing} == {}


@pytest.mark.parametrize("api", NEF)
def test_of_the_exposure_function(nef: Exposure, api: str) -> None:
    name, chains = NEF[api]
    one = Seen(path_of(api), of_3gpp(name), served(nef.app.routes, path_of(api)))
    nef.http.event_hooks["response"].append(one.hear)
    for chain in chains:
        chain(nef)
    assert len(one.operations) == 6
    nothing_is_missing([one])


def test_of_the_capif_core_function(tmp_path: Path) -> None:
    with framework(tmp_path) as one:
        routes = capif_routes(one.core, Callers(one.core, Pace(LIMITS)))
        apis = [
            Seen(base, of_3gpp(f"TS29222_CAPIF_{name}_API"), served(routes, base))
            for base, name in CAPIF.items()
        ]
        one.hear = [api.hear for api in apis]
        capif.test_a_provider_domain(one)
        capif.test_a_published_api(one)
        capif.test_discovery_by_each_parameter(one, {"api-name": "weather"}, found=True)
        capif.test_an_invoker_changes_and_goes(one)
        capif.test_a_security_context(one)
        capif.test_a_token_with_and_without_the_secret(one, {})
        capif.test_events(one)
        assert sum(len(api.operations) for api in apis) == 23
        nothing_is_missing(apis)
