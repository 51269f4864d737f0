"""What a site's agent is told: one frozen value, parsed once, of an embedded run or of a Pod's environment.

An embedded run derives every address from its loopback net. In a member cluster the environment names a federation file and
this cluster; the agent binds all addresses of its Pod, and others reach it where the file says (Services, load balancers).
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fedge.adapters.embedded import addresses
from fedge.core.model import Address, SiteId
from fedge.runtime.federation import BadFederation, endpoint, read_federation
from fedge.runtime.run import BenchNode, Run
from fedge.simulation.city import read_city

Endpoint = tuple[str, int]
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another site: its agent is dialled at ``peer``, packets that came too late here go to its gateway at ``between``.
    ``rtt_ms``: the round trip to it where that is emulated."""

    site: SiteId
    peer: str
    between: Endpoint
    rtt_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Loopback:
    """An embedded run's addressing: ``net`` is the second octet, ``index`` the site's place in it."""

    net: int
    index: int
    node: BenchNode | None = None


@dataclass(frozen=True, slots=True)
class Kubelets:
    """Kubelets run the Pods. ``kubeconfig`` empty: the Pod's own service account. ``namespaces``: where games live."""

    namespaces: tuple[str, ...]
    kubeconfig: str = ""


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """``bind_*``: where it listens; ``gateway`` (N6) and ``peer``: where others reach it. ``upf``: the user plane's end of N6.

    ``instance_token``: what instances say in ``Join``; ``token``: what programs of the platform say to each other, and the
    operator's. The second does not follow from the first: a tenant chooses what an instance runs.
    ``emulated``: the network between sites is emulated here; else it is a real one.
    ``now``: instants on one machine are monotonic; between machines they are wall-clock time, which has to be kept in step.
    """

    site: SiteId
    token: str
    instance_token: str
    control: str
    upf: Endpoint
    bind_gateway: Endpoint
    bind_inside: Endpoint
    bind_between: Endpoint
    bind_peer: str
    bind_agent: Endpoint
    gateway: Address
    peer: Address
    neighbours: tuple[Neighbour, ...]
    folder: Path
    instances: Loopback | Kubelets
    emulated: bool = False
    seed: int = 0
    fencing: bool = True
    tcp_host: str = ""
    """where clients connect by TCP: the site's own address; empty: the inside one"""
    door_host: str = ""
    """where other sites' gateways find doors (`dataplane/away.py`): their ports are the kernel's choice. Empty: there are none"""
    n6_interface: str = ""
    """where N6 is routed to; empty: it comes in UDP datagrams (`dataplane/driver.py`)"""
    now: Callable[[], int] = time.monotonic_ns


def embedded_site(run: Run, index: int) -> SiteConfig:
    """The ``index``-th site of a run of the supervisor."""
    config, net = run.config, run.config.net
    city = read_city(run.folder / "city.json")
    sites = [each.site for each in city.sites]
    return SiteConfig(
        site=sites[index],
        token=run.token,
        instance_token=hmac.digest(run.token.encode(), b"instances", "sha256").hex(),
        control=addresses.control(net),
        upf=addresses.endpoint(addresses.upf_n6(net, index)),
        bind_gateway=addresses.endpoint(addresses.gateway(net, index)),
        bind_inside=addresses.endpoint(addresses.inside(net, index)),
        bind_between=addresses.endpoint(addresses.peer(net, index)),
        bind_peer=addresses.peer(net, index),
        bind_agent=addresses.endpoint(addresses.agent(net, index)),
        gateway=Address(addresses.gateway(net, index)),
        peer=Address(addresses.peer(net, index)),
        neighbours=tuple(
            Neighbour(
                site,
                addresses.peer(net, other),
                addresses.endpoint(addresses.peer(net, other)),
                city.between_ms(sites[index], site),
            )
            for other, site in enumerate(sites)
            if other != index
        ),
        folder=run.site_dir(sites[index]),
        instances=Loopback(net, index, config.nodes[index] if index < len(config.nodes) else None),
        emulated=True,
        seed=config.seed,
        fencing="no-fencing" not in config.test_switches,
        tcp_host=addresses.endpoint(addresses.site_service(net, index))[0],
        door_host=addresses.endpoint(addresses.peer(net, index))[0],
        n6_interface=config.n6_interface,
    )


def member_site(environ: Mapping[str, str]) -> SiteConfig:
    """The site of a member cluster, of the agent's environment. Raises ``BadFederation`` with the variable that is wrong.

    FEDGE_FEDERATION (file), FEDGE_CLUSTER, FEDGE_TOKEN_FILE, FEDGE_INSTANCE_TOKEN_FILE, FEDGE_STATE_DIR; FEDGE_NAMESPACES (of
    games, commas between). For tests on one machine: FEDGE_KUBECONFIG; FEDGE_BIND_GATEWAY, _INSIDE, _BETWEEN, _PEER,
    _AGENT; FEDGE_BIND_TCP (a host: the ports are the games'). A site has no doors here: no load balancer has their ports.
    """
    federation = read_federation(Path(_told(environ, "FEDGE_FEDERATION")))
    own = federation.of_cluster(_told(environ, "FEDGE_CLUSTER"))
    bind = {
        what: endpoint(environ.get(f"FEDGE_BIND_{what}", f"{EVERYWHERE}:{port}"), f"FEDGE_BIND_{what}")
        for what, port in (
            ("GATEWAY", addresses.N6_PORT),
            ("INSIDE", addresses.INSIDE_PORT),
            ("BETWEEN", addresses.PEER_PORT),
            ("PEER", addresses.PEER_PORT),
            ("AGENT", addresses.AGENT_PORT),
        )
    }
    folder = Path(_told(environ, "FEDGE_STATE_DIR"))
    if not folder.is_dir():
        raise BadFederation(f"FEDGE_STATE_DIR: {folder} is no folder")
    namespaces = tuple(filter(None, environ.get("FEDGE_NAMESPACES", "default").split(",")))
    return SiteConfig(
        site=own.site,
        token=_secret(environ, "FEDGE_TOKEN_FILE"),
        instance_token=_secret(environ, "FEDGE_INSTANCE_TOKEN_FILE"),
        control=federation.control_plane,
        upf=endpoint(own.upf or federation.user_plane, "upf"),
        bind_gateway=bind["GATEWAY"],
        bind_inside=bind["INSIDE"],
        bind_between=bind["BETWEEN"],
        bind_peer="{}:{}".format(*bind["PEER"]),
        bind_agent=bind["AGENT"],
        gateway=own.gateway,
        peer=own.peer,
        neighbours=tuple(
            Neighbour(each.site, each.peer, endpoint(each.between_gateways, "between"))
            for each in federation.sites
            if each.site != own.site
        ),
        folder=folder,
        instances=Kubelets(namespaces, environ.get("FEDGE_KUBECONFIG", "")),
        tcp_host=environ.get("FEDGE_BIND_TCP", EVERYWHERE),
        now=time.time_ns,
    )


def _told(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise BadFederation(f"{name} is not set")
    return value


def _secret(environ: Mapping[str, str], name: str) -> str:
    file = Path(_told(environ, name))
    try:
        secret = file.read_text().strip()
    except OSError as error:
        raise BadFederation(f"{name}: {file}: {error.strerror}") from None
    if not secret:
        raise BadFederation(f"{name}: {file} is empty")
    return secret
