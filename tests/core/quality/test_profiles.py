"""What is said of the profiles is what the simulated network does for the QoS references of their names."""

from __future__ import annotations

from fedge.core.quality import CATALOGUE, profile_of, status_of, suits
from fedge.core.quality.profiles import offered
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES


def test_every_profile_has_the_figures_of_its_reference() -> None:
    assert {one.reference for one in CATALOGUE} == set(QOS_REFERENCES)
    for one in CATALOGUE:
        quality = QOS_REFERENCES[one.reference]
        assert (one.min_up_kbit_s, one.min_down_kbit_s) == (
            quality.guaranteed_up_kbit_s,
            quality.guaranteed_down_kbit_s,
        )
        assert (one.most_up_kbit_s, one.most_down_kbit_s) == (
            quality.most_up_kbit_s,
            quality.most_down_kbit_s,
        )
        assert one.delay_ms == quality.delay_ms


def test_a_reference_that_the_catalogue_has_not_is_a_profile_without_figures() -> None:
    gold = profile_of("gold", ("gold", "QOS_E"))
    assert gold is not None
    assert (gold.reference, gold.min_up_kbit_s, gold.delay_ms) == ("gold", 0, 0)
    assert profile_of("gold", ("QOS_E",)) is None
    assert [one.name for one in offered(("gold", "QOS_E"))][-1] == "gold"


def test_a_profile_is_active_while_it_is_served_and_not_taken_back() -> None:
    one = CATALOGUE[0]
    assert status_of(one, ("QOS_E",), {}) == "ACTIVE"
    assert status_of(one, (), {}) == "INACTIVE"
    assert status_of(one, ("QOS_E",), {"QOS_E": "DEPRECATED"}) == "DEPRECATED"
    assert status_of(one, (), {"QOS_E": "ACTIVE"}) == "INACTIVE"


def test_nothing_is_served_behind_a_hotspot() -> None:
    assert [kind for kind in ("nr", "lte", "nsa", "wifi", "") if not suits(kind)] == ["wifi"]
