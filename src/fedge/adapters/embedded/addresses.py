"""Who has which loopback address in an embedded run: every program, site, instance and UE is told apart by address.

A run takes a /16 of 127.0.0.0/8, ``127.<net>.0.0``, with ``net`` drawn at start. Needs no root on Linux.
"""

from __future__ import annotations

from fedge.core.model import UeId

CONTROL_PORT, N6_PORT, INSIDE_PORT, PEER_PORT, AGENT_PORT, SERVICE_PORT, PACKET_PORT = (
    7000, 6000, 6001, 6002, 6003, 7777, 6010,
)  # fmt: skip
N3_PORT, N4_PORT, NEF_PORT, CAPIF_PORT, AF_PORT = 2152, 8805, 8443, 8444, 7443
PLAIN_PORTS = (7778, 7779)
"""What the simulated network carries to the sites' own addresses beside ``SERVICE_PORT``: for applications without the SDK."""


def control(net: int) -> str:
    return f"127.{net}.0.1:{CONTROL_PORT}"


def user_plane(net: int) -> str:
    return f"127.{net}.0.3:{N6_PORT}"


def gnb(net: int) -> str:
    """Where all base stations take GTP-U (simulated: one program is all of them)."""
    return f"127.{net}.0.3:{N3_PORT}"


def core_network(net: int) -> str:
    """Where session management takes the links of user plane functions and access network (N4 and N2: direct calls)."""
    return f"127.{net}.0.4:{N4_PORT}"


def nef(net: int) -> str:
    """The core network's exposure function: HTTPS."""
    return f"127.{net}.0.4:{NEF_PORT}"


def capif(net: int) -> str:
    """The core network's CAPIF core function: HTTPS with client certificates."""
    return f"127.{net}.0.4:{CAPIF_PORT}"


def application_function(net: int) -> str:
    """Where Fedge takes the core network's notifications: HTTPS."""
    return f"127.{net}.0.1:{AF_PORT}"


def upf_n3(net: int, site: int) -> str:
    return f"127.{net}.{10 + site}.2:{N3_PORT}"


def upf_n6(net: int, site: int) -> str:
    """The user plane function's end of N6; the gateway's is ``gateway``."""
    return f"127.{net}.{10 + site}.2:{N6_PORT}"


def service(net: int, index: int = 1) -> str:
    """The stable address to which clients of the ``index``-th application send."""
    return f"127.{net}.1.{index}:{SERVICE_PORT}"


def site_service(net: int, site: int) -> str:
    """A site's own public address for applications, beside the stable ones: plain IP routing leads there from any access."""
    return f"127.{net}.2.{1 + site}:{SERVICE_PORT}"


def site_services(net: int, site: int) -> tuple[str, ...]:
    """Everything that UDP reaches at a site's own address."""
    host, _, port = site_service(net, site).rpartition(":")
    return tuple(f"{host}:{each}" for each in (port, *PLAIN_PORTS))


def site_host(net: int, site: int) -> str:
    return f"127.{net}.{10 + site}.1"


def gateway(net: int, site: int) -> str:
    return f"{site_host(net, site)}:{N6_PORT}"


def inside(net: int, site: int) -> str:
    return f"{site_host(net, site)}:{INSIDE_PORT}"


def peer(net: int, site: int) -> str:
    """Where a site's agent takes its peers' lines (TCP), and its gateway the packets that theirs forward (UDP)."""
    return f"{site_host(net, site)}:{PEER_PORT}"


def agent(net: int, site: int) -> str:
    return f"{site_host(net, site)}:{AGENT_PORT}"


def instance(net: int, site: int, number: int) -> str:
    """The packet address of the ``number``-th instance (from 1) of a site."""
    return f"127.{net}.{10 + site}.{10 + number}:{PACKET_PORT}"


def ue(net: int, index: int) -> str:
    """The host address of the ``index``-th UE (from 0)."""
    return f"127.{net}.{200 + index // 250}.{1 + index % 250}"


class SimulatedSubscribers:
    """Who has which address and number: UE ``player-7`` is at ``ue(net, 6)`` and has the number +999 01 000007.

    Country code 999 is assigned to nobody.
    """

    def __init__(self, net: int, players: int) -> None:
        self._by_ipv4 = {ue(net, index): UeId(f"player-{index + 1}") for index in range(players)}
        self._by_number = {f"+99901{index + 1:06d}": UeId(f"player-{index + 1}") for index in range(players)}

    def by_gpsi(self) -> dict[str, UeId]:
        """Everybody by number as the 5G system writes it (TS 29.571): ``msisdn-99901000007``."""
        return {f"msisdn-{number[1:]}": ue for number, ue in self._by_number.items()}

    def by_address(self) -> dict[str, UeId]:
        return dict(self._by_ipv4)


def endpoint(address: str) -> tuple[str, int]:
    """``"127.9.0.1:7000"`` → ``("127.9.0.1", 7000)``."""
    host, _, port = address.rpartition(":")
    return host, int(port)
