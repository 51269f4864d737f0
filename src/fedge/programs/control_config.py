"""What the control plane is told: one frozen value, parsed once, of an embedded run or of the command line on a real fleet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fedge.adapters.embedded import addresses
from fedge.core.model import Address, SiteId, UeId
from fedge.runtime.federation import Federation
from fedge.runtime.run import Run
from fedge.runtime.terms import USUAL, Terms
from fedge.simulation.city import read_city

Endpoint = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """``bind_links``: for agents and the access network; ``bind_api``: HTTP. ``places``: each site's name and map position.

    ``clusters``: on Karmada, the member cluster that each site is; ``kubeconfig``: Karmada's. ``bench_nodes``: sites' agents are
    nodes of the test bench; else kubelets run the Pods.
    ``between_ms``: the emulated round trip between two sites. ``net``, ``players``: of the simulated subscribers, 0 without them.
    """

    folder: Path
    token: str
    bind_links: str
    bind_api: Endpoint
    service: str
    places: Mapping[SiteId, tuple[str, float, float]]
    engine: Literal["embedded", "karmada"] = "embedded"
    kubeconfig: str = ""
    clusters: dict[SiteId, str] = field(default_factory=dict)
    bench_nodes: bool = False
    policy: str = "follow"
    seed: int = 0
    time_scale: float = 1.0
    between_ms: Callable[[SiteId, SiteId], float] = lambda one, other: 0.0
    started_ns: int = 0
    net: int = 0
    players: int = 0
    simulated: tuple[str, ...] = ()
    terms: Terms = USUAL
    """On which those are served who call the HTTP APIs."""
    site_services: Mapping[SiteId, Address] = field(default_factory=dict)
    """Each site's own address beside the stable ``service``: for clients whom no core network steers."""
    udp_ports: frozenset[int] = frozenset()
    """What the network carries to those addresses beside the shared port."""
    ue_addresses: Mapping[UeId, str] = field(default_factory=dict)
    dnais: Mapping[SiteId, str] = field(default_factory=dict)
    """The core network's name of each site's data network access, where it is not the site's own."""
    now: Callable[[], int] = time.monotonic_ns


def embedded_control(run: Run) -> ControlConfig:
    """Of a run of the supervisor: everything on loopback."""
    config = run.config
    city = read_city(run.folder / "city.json")
    return ControlConfig(
        folder=run.folder,
        token=run.token,
        bind_links=addresses.control(config.net),
        bind_api=("127.0.0.1", config.port),
        service=addresses.service(config.net),
        places={site.site: (site.name, site.x_m, site.y_m) for site in city.sites},
        engine=config.engine,
        kubeconfig=config.karmada,
        clusters={site.site: node.cluster for site, node in zip(city.sites, config.nodes, strict=False)},
        bench_nodes=bool(config.nodes),
        policy=config.policy,
        seed=config.seed,
        time_scale=config.time_scale,
        between_ms=city.between_ms,
        started_ns=config.started_ns,
        net=config.net,
        players=config.players,
        terms=config.terms,
        simulated=("city and movement", "radio", "5G core", "backhaul delay", "players"),
        site_services={
            site.site: Address(addresses.site_service(config.net, index))
            for index, site in enumerate(city.sites)
        },
        udp_ports=frozenset(addresses.PLAIN_PORTS),
        ue_addresses={
            ue: host
            for host, ue in addresses.SimulatedSubscribers(config.net, config.players).by_address().items()
        },
    )


def fleet_control(
    federation: Federation,
    folder: Path,
    token: str,
    bind_links: Endpoint,
    bind_api: Endpoint,
    kubeconfig: str,
    terms: Terms,
) -> ControlConfig:
    """Of a federation file: member clusters are the sites, kubelets run the Pods. Instants are wall-clock time."""
    return ControlConfig(
        folder=folder,
        token=token,
        bind_links="{}:{}".format(*bind_links),
        bind_api=bind_api,
        service=federation.service,
        places={each.site: (each.name or each.site, each.x_m, each.y_m) for each in federation.sites},
        engine="karmada",
        terms=terms,
        kubeconfig=kubeconfig,
        clusters={each.site: each.cluster for each in federation.sites},
        site_services={each.site: each.service for each in federation.sites if each.service is not None},
        dnais={each.site: each.dnai for each in federation.sites if each.dnai},
        started_ns=time.time_ns(),
        now=time.time_ns,
    )
