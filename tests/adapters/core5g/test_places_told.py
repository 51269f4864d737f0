"""Places that no map has: an operator's mistake is no place, and no circle is larger than the earth."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from fedge.adapters.core5g.monitoring import Monitoring
from fedge.adapters.core5g.parties import Clock, Map, Subscribers
from fedge.core.exposure import PlacesTold, Strange, Topology
from fedge.core.location import MOST_RADIUS_M
from fedge.core.model import UeId


def heard(point: dict[str, Any], **area: Any) -> PlacesTold | Strange:
    """What a notification of one UE's place says."""
    where = Map(Topology(1000.0, 1000.0, (), {}, (45.0, -30.0)))
    subscribers = Subscribers({"msisdn-1": UeId("player-1")}, {})
    monitoring = Monitoring(cast(Any, None), "af", cast(Any, None), subscribers, where, Clock(lambda: 0))
    shape = {"shape": "POINT_UNCERTAINTY_CIRCLE", "point": point, **area}
    report = {
        "monitoringType": "LOCATION_REPORTING",
        "msisdn": "1",
        "locationInfo": {"geographicArea": shape},
    }
    said = {"subscription": "http://nef/1", "monitoringEventReports": [report]}
    found = monitoring.heard("token", msgspec.json.encode(said))
    assert isinstance(found, PlacesTold | Strange)
    return found


@pytest.mark.parametrize(
    ("said_m", "uncertainty_m"), [(80.0, 80.0), (1e200, MOST_RADIUS_M), (1.7e308, MOST_RADIUS_M), (-5.0, 0.0)]
)
def test_an_uncertainty_is_none_or_at_most_the_earth(said_m: float, uncertainty_m: float) -> None:
    told = heard({"lat": 45.0, "lon": -30.0}, uncertainty=said_m)
    assert isinstance(told, PlacesTold)
    assert [place.uncertainty_m for place in told.places] == [uncertainty_m]


@pytest.mark.parametrize("point", [{"lat": 1e300, "lon": 0.0}, {"lat": 0.0, "lon": -1.7e308}])
def test_a_point_that_is_not_on_the_earth_is_no_place(point: dict[str, Any]) -> None:
    assert isinstance(heard(point), Strange)
