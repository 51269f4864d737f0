"""Tenants on Karmada: the scheduler keeps a namespace's bindings to its tenant's clusters, and says what refused others."""

from __future__ import annotations

import json
from typing import Any

from fedge.core.applications.tenant import allowed_of
from fedge.core.scheduling import TenantGone, TenantSeen
from tests.core.applications.objects import tenant
from tests.core.scheduling.test_scheduler import World, cluster, placed_binding, raw_binding


def world() -> World:
    return World(
        *(
            cluster(name, labels={"fedge.dev/site": site})
            for name, site in (("a", "harbour"), ("b", "market"))
        )
    )


def seen(**sites: Any) -> TenantSeen:
    return TenantSeen("default", allowed_of(tenant("default", sites=sites)))


def test_a_binding_goes_to_its_tenant_s_clusters_and_says_why_not_to_others() -> None:
    here = world()
    here.scheduler.handle(seen(names=["market"]), 0)
    here.sees(raw_binding())
    (write,) = here.writes()
    assert write.clusters == {"b": 4}
    (refused,) = json.loads(write.explanation)["refused"]
    assert (refused["rule"], refused["clusters"]) == ("tenant", ["a"])


def test_a_tenant_that_may_use_none_of_them_is_told_so() -> None:
    here = world()
    here.scheduler.handle(seen(names=["elsewhere"]), 0)
    here.sees(raw_binding())
    (write,) = here.writes()
    assert (write.scheduled, write.reason) == (False, "NoClusterFit")
    assert "2 by tenant" in write.message


def test_another_namespace_is_not_bound_by_it() -> None:
    here = world()
    here.scheduler.handle(TenantSeen("studio", allowed_of(tenant(sites={"names": ["market"]}))), 0)
    here.sees(raw_binding())
    (write,) = here.writes()
    assert write.clusters == {"a": 2, "b": 2}


def test_what_runs_where_its_tenant_may_not_be_any_more_is_placed_anew() -> None:
    here = world()
    here.sees(placed_binding({"a": 2, "b": 2}))
    assert here.writes() == []
    here.scheduler.handle(seen(exclude=["harbour"]), here.now)
    (write,) = here.writes()
    assert write.clusters == {"b": 4}


def test_a_tenant_without_bounds_moves_nothing_and_one_that_goes_frees_its_bindings() -> None:
    here = world()
    here.sees(placed_binding({"a": 2, "b": 2}))
    here.scheduler.handle(TenantSeen("default", allowed_of(tenant("default"))), here.now)
    assert here.writes() == []
    here.scheduler.handle(seen(names=["elsewhere"]), here.now)
    (write,) = here.writes()
    here.hears(write, "done")
    here.scheduler.handle(TenantGone("default"), here.now)
    assert "default" not in here.scheduler.allowed


def test_a_tenant_that_cannot_be_read_may_use_nothing() -> None:
    here = world()
    here.scheduler.handle(
        TenantSeen("default", allowed_of(tenant("default", sites={"planets": ["mars"]}))), 0
    )
    here.sees(raw_binding())
    (write,) = here.writes()
    assert not write.scheduled
