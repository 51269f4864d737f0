"""What a QoSPolicy says of its players, its data's border and its standby; a wrong field is refused by its path."""

from typing import Any

import msgspec
import pytest

from fedge.api.manifests import Invalid, read_objects
from fedge.core.applications.qos import COUNTRY_LABEL, DataBorder, Population, QoSPolicy
from tests.core.applications.objects import changed, deployment, qos


def policy(**spec: Any) -> dict[str, Any]:
    raw = qos()
    raw["spec"].update(spec)
    return raw


def test_everything_of_a_policy_is_read() -> None:
    raw = policy(
        population={"regions": ["west", "east"]},
        dataBorder={"regions": ["west"], "countries": ["AU"]},
        standby={"minSites": 2},
    )
    spec = msgspec.convert(raw, QoSPolicy).spec
    assert spec.population == Population(regions=("west", "east"))
    assert spec.data_border == DataBorder(regions=("west",), countries=("AU",))
    assert spec.standby is not None
    assert spec.standby.min_sites == 2
    assert read_objects([deployment(), raw], {})


def test_what_is_not_said_binds_nobody() -> None:
    spec = msgspec.convert(qos(), QoSPolicy).spec
    assert (spec.population, spec.data_border, spec.standby) == (None, None, None)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"population": {}}, "spec.population"),
        ({"population": {"regions": ["west"], "demand": "live"}}, "spec.population"),
        ({"population": {"regions": []}}, "spec.population.regions"),
        ({"population": {"regions": ["west coast"]}}, "spec.population.regions[0]"),
        ({"population": {"demand": "yesterday"}}, "spec.population.demand"),
        ({"population": {"region": ["west"]}}, "spec.population.region"),
        ({"dataBorder": {}}, "spec.dataBorder"),
        ({"dataBorder": {"countries": []}}, "spec.dataBorder.countries"),
        ({"dataBorder": {"regions": ["west", 7]}}, "spec.dataBorder.regions[1]"),
        ({"dataBorder": {"zones": ["a"]}}, "spec.dataBorder.zones"),
        ({"standby": {}}, "spec.standby.minSites"),
        ({"standby": {"minSites": 0}}, "spec.standby.minSites"),
        ({"standby": {"minSites": 1.5}}, "spec.standby.minSites"),
    ],
)
def test_a_wrong_field_is_refused_by_its_path(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        read_objects([deployment(), policy(**spec)], {})
    assert error.value.field == field


def test_the_message_says_what_to_choose_between() -> None:
    with pytest.raises(Invalid) as error:
        read_objects([deployment(), changed(policy(population={}), "spec/population", {})], {})
    assert "one of regions and demand" in str(error.value)


def test_a_border_keeps_out_sites_that_do_not_say_where_they_are() -> None:
    border = DataBorder(regions=("west",), countries=("AU",))
    assert border.objection("west", {COUNTRY_LABEL: "AU"}) == ""
    assert "region east" in border.objection("east", {COUNTRY_LABEL: "AU"})
    assert "no known region" in border.objection("", {COUNTRY_LABEL: "AU"})
    assert COUNTRY_LABEL in border.objection("west", {})
    assert "NZ" in border.objection("west", {COUNTRY_LABEL: "NZ"})
