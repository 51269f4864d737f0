"""Where an application's replicas go as its players do: the control plane's own placement, from what it heard."""

from __future__ import annotations

from typing import Any

from fedge.core.control import ControlSettings, Knowledge
from fedge.core.control.demand import overloaded, picture, seen
from fedge.core.control.placing import placement_of
from fedge.core.federation import Site, SiteView
from fedge.core.messages import AccessHello, Cell, InstanceStatus, UeSighting, UesSighted
from fedge.core.model import SECOND, Address, AppId, CellId, InstanceId, SiteId, UeId
from fedge.core.placement import Placement
from fedge.core.placement.demand import AT_LEAST
from tests.core.applications.objects import deployment, qos

SITES = ("s1", "s2", "s3")
ARENA = AppId("arena")
DYNAMIC = {
    "replicaSchedulingType": "Divided",
    "replicaDivisionPreference": "Weighted",
    "weightPreference": {"dynamicWeight": "AvailableReplicas"},
}


def policy(**placement: Any) -> dict[str, Any]:
    selector = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "arena"}
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "arena"},
        "spec": {"resourceSelectors": [selector], "placement": {"replicaScheduling": DYNAMIC, **placement}},
    }


class Centre:
    """Three sites, a cell near each: 4 ms to it and 60 ms to the others."""

    def __init__(self, replicas: int = 4, placement: dict[str, Any] | None = None, **spec: Any) -> None:
        asked = qos()
        asked["spec"] |= spec
        self.known = Knowledge(ControlSettings())
        objects = (deployment(replicas=replicas), policy(**(placement or {})), asked)
        self.known.state.objects = {each["kind"]: each for each in objects}
        self.known.read_objects()
        paths = {site: {other: 4.0 if other == site else 60.0 for other in SITES} for site in SITES}
        cells = tuple(
            Cell(
                CellId(f"x{site}"),
                "nr",
                0,
                0,
                100,
                SiteId(site),
                {SiteId(k): v for k, v in paths[site].items()},
            )
            for site in SITES
        )
        self.known.access.hello(AccessHello(1.0, 1.0, cells, ()), 0)
        for site in SITES:
            address = Address(f"{site}:6000")
            self.known.state.sites[SiteId(site)] = Site(SiteId(site), address, address)

    def answer(self, now: int, **players: int) -> Placement:
        """Placement with so many players near each site, carried out at once."""
        self.known.access.ues.clear()
        self.known.access.sighted(
            UesSighted(
                now,
                tuple(
                    UeSighting(UeId(f"{site}-{number}"), 0, 0, CellId(f"x{site}"), "nr", -80, 8.0)
                    for site, count in players.items()
                    for number in range(count)
                ),
            )
        )
        for site in SITES:
            view = self.known.sites.setdefault(SiteId(site), SiteView())
            view.heard_at = now
        placement = placement_of(self.known, self.known.applications[ARENA], now)
        for name, site_ in self.known.state.sites.items():
            site_.placed = {ARENA: placement.chosen[name]} if placement.chosen.get(name) else {}
        return placement


def test_replicas_follow_live_demand_at_most_every_half_minute() -> None:
    centre = Centre()
    assert centre.answer(SECOND, s1=30, s2=10).chosen == {"s1": 3, "s2": 1}
    assert centre.answer(2 * SECOND, s3=40).chosen == {"s1": 3, "s2": 1}
    moved = centre.answer(SECOND + AT_LEAST, s3=40)
    assert (moved.chosen, moved.within) == ({"s3": 4}, 1.0)


def test_noise_moves_nothing_and_asks_nobody() -> None:
    centre = Centre()
    first = centre.answer(SECOND, s1=30, s2=10)
    centre.answer(2 * SECOND, s1=30, s2=10)
    held = centre.known.answered[ARENA]
    for second in range(60, 600, 31):
        assert centre.answer(second * SECOND, s1=30 - second % 3, s2=10 + second % 2).chosen == first.chosen
    assert centre.known.answered[ARENA] is held


def test_more_replicas_take_none_away_even_one_decision_later() -> None:
    centre = Centre(replicas=2)
    assert centre.answer(SECOND, s1=40).chosen == {"s1": 2}
    assert centre.answer(40 * SECOND, s1=20, s2=20).chosen == {"s1": 1, "s2": 1}
    centre.known.state.objects["Deployment"] = deployment(replicas=5)
    centre.known.read_objects()
    grown = centre.answer(41 * SECOND, s1=20, s2=20).chosen
    assert sum(grown.values()) == 5
    assert min(grown.get(SiteId("s1"), 0), grown.get(SiteId("s2"), 0)) >= 1
    assert centre.answer(42 * SECOND, s1=20, s2=20).chosen == grown


def test_given_regions_count_wherever_the_players_are_now() -> None:
    regions = [{"region": "s2", "weight": 3}, {"region": "s3"}]
    centre = Centre(latency={"objectiveMs": 40, "population": {"regions": regions}})
    assert centre.answer(SECOND, s1=30).chosen == {"s2": 3, "s3": 1}


def test_data_does_not_leave_its_border() -> None:
    centre = Centre(border={"clusters": ["s2", "s3"]})
    placement = centre.answer(SECOND, s1=40, s2=1)
    assert "s1" not in placement.chosen
    assert placement.refused[SiteId("s1")].rule == "border"
    assert "objective" in placement.mend


def test_a_copy_everywhere_stays_a_copy_everywhere() -> None:
    centre = Centre(placement={"replicaScheduling": {"replicaSchedulingType": "Duplicated"}})
    assert centre.answer(SECOND, s1=40).chosen == {"s1": 4, "s2": 4, "s3": 4}


def test_a_site_that_joins_may_take_replicas_at_once() -> None:
    centre = Centre()
    gone = centre.known.state.sites.pop(SiteId("s2"))
    assert (centre.answer(SECOND, s1=10, s2=30).within or 0) < 0.5
    centre.known.state.sites[SiteId("s2")] = gone
    assert centre.answer(2 * SECOND, s1=10, s2=30).chosen == {"s1": 1, "s2": 3}


def test_a_figure_of_load_counts_less_the_older_it_is() -> None:
    known = Centre().known
    one = (InstanceStatus(InstanceId("i1"), ARENA, "ready", 0, 4, "arena/1"),)
    known.sites = {
        SiteId("s1"): SiteView(heard_at=20 * SECOND, load=0.95, instances=one),
        SiteId("s2"): SiteView(heard_at=20 * SECOND, load=0.1, instances=one),
        SiteId("s3"): SiteView(heard_at=8 * SECOND, load=1.0, instances=one),
    }
    assert overloaded(known, 20 * SECOND) == {"s1"}


def test_players_who_were_not_seen_lately_are_nowhere() -> None:
    centre = Centre()
    centre.answer(SECOND, s1=3)
    assert seen(centre.known, 5 * SECOND).players == 3
    assert seen(centre.known, 20 * SECOND).players == 0
    assert picture(centre.known, 20 * SECOND).players == 3  # and that is believed only after a while
    assert picture(centre.known, SECOND + AT_LEAST).players == 0
