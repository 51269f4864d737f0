"""What the control plane is told: one frozen value, parsed once, of an embedded run or of the command line on a real fleet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fedge.adapters.embedded import addresses
from fedge.adapters.notifications import LOOPBACK
from fedge.core.model import Address, SiteId, UeId
from fedge.runtime.federation import Federation
from fedge.runtime.run import Run
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
    sink_ca: Path | None = None
    """A CA more whose certificates studios' sinks may show."""
    client_rate: float = 50.0
    client_quota: int = 0
    """Requests to CAMARA's APIs that one client may make a second, and a day; 0: any number."""
    mec_rate: float = 200.0
    """Requests to ETSI MEC's APIs that one caller (the operator, a tenant) may make a second."""
    public_url: str = ""
    """Under which callers reach the HTTP APIs: the base of every link in an answer. Empty: the address that they bind."""
    callback_networks: Sequence[str] = LOOPBACK
    """Where notifications and events for sinks may go."""
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
        sink_ca=Path(config.sink_ca) if config.sink_ca else None,
        client_rate=config.client_rate,
        client_quota=config.client_quota,
        mec_rate=config.mec_rate,
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


def public_base(url: str) -> str:
    """The URL that callers are given, without the slash at its end. Raises ``ValueError`` where none can be made of it."""
    if any(ord(letter) <= 0x20 or ord(letter) > 0x7E for letter in url):
        raise ValueError("a URL has neither spaces nor control characters nor letters beyond ASCII")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("an http or https URL with a host is wanted")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it has neither a user nor a query nor a fragment")
    return url.rstrip("/")


def fleet_control(
    federation: Federation,
    folder: Path,
    token: str,
    bind_links: Endpoint,
    bind_api: Endpoint,
    kubeconfig: str,
    sink_ca: Path | None = None,
    public_url: str = "",
    callback_networks: Sequence[str] = LOOPBACK,
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
        sink_ca=sink_ca,
        public_url=public_url,
        callback_networks=callback_networks,
        kubeconfig=kubeconfig,
        clusters={each.site: each.cluster for each in federation.sites},
        site_services={each.site: each.service for each in federation.sites if each.service is not None},
        dnais={each.site: each.dnai for each in federation.sites if each.dnai},
        started_ns=time.time_ns(),
        now=time.time_ns,
    )
