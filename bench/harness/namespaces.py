"""A UE, a gateway and two instances, each in a network namespace of its own, joined by routed links. Needs root."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable
from typing import TypeVar

from fedge.dataplane import nftables

T = TypeVar("T")
UE, OTHER_UE = "10.45.0.2", "10.45.0.3"
SERVICE = ("10.60.0.1", 7777)
INSTANCES = (("10.70.1.2", 6010), ("10.70.2.2", 6011))


def missing() -> str:
    """Why no namespaces can be made here; empty if they can."""
    if shutil.which("ip") is None:
        return "there is no ip command (iproute2)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    return nftables.unusable()


class Namespaces:
    """``ue`` ⇄ ``gateway`` ⇄ ``instance 0 | 1``. All traffic between them is routed by the gateway."""

    def __init__(self) -> None:
        tag = f"fedge-{uuid.uuid4().hex[:6]}"
        self.ue, self.gateway, *rest = self.all = [f"{tag}-{name}" for name in ("ue", "gw", "i0", "i1")]
        self.instances = rest
        for name in self.all:
            _do("ip", "netns", "add", name)
            _do("ip", "-n", name, "link", "set", "lo", "up")
        self._join(self.gateway, self.ue, "10.45.0", (UE, OTHER_UE))
        for name, (address, _) in zip(rest, INSTANCES, strict=True):
            self._join(self.gateway, name, address.rpartition(".")[0], (address,))
        _forwards(self.gateway)

    def behind(self, gateway: str, address: str) -> str:
        """One more namespace, reached through another one, which routes from now on."""
        name = f"{self.ue.removesuffix('-ue')}-x{len(self.all)}"
        self.all.append(name)
        _do("ip", "netns", "add", name)
        self._join(gateway, name, address.rpartition(".")[0], (address,))
        _forwards(gateway)
        return name

    def _join(self, gateway: str, name: str, net: str, hosts: tuple[str, ...]) -> None:
        end = f"g{name[-2:]}"
        _do(
            "ip",
            "-n",
            gateway,
            "link",
            "add",
            end,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            name,
        )
        _do("ip", "-n", gateway, "addr", "add", f"{net}.1/24", "dev", end)
        _do("ip", "-n", gateway, "link", "set", end, "up")
        for host in hosts:
            _do("ip", "-n", name, "addr", "add", f"{host}/24", "dev", "eth0")
        _do("ip", "-n", name, "link", "set", "eth0", "up")
        _do("ip", "-n", name, "route", "add", "default", "via", f"{net}.1")

    def nft(self, at: str = "") -> tuple[str, ...]:
        return ("ip", "netns", "exec", at or self.gateway, "nft")

    def socket_in(self, name: str, kind: socket.SocketKind, address: tuple[str, int]) -> socket.socket:
        """A bound socket that lives in a namespace."""

        def made() -> socket.socket:
            opened = socket.socket(socket.AF_INET, kind)
            opened.bind(address)
            opened.settimeout(2)
            return opened

        return inside(name, made)

    def close(self) -> None:
        for name in self.all:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def inside(name: str, act: Callable[[], T]) -> T:
    """Do something with this thread in a namespace, and come back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{name}") as there:
        if libc.setns(there.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            return act()
        finally:
            libc.setns(home.fileno(), 0x40000000)


def _forwards(name: str) -> None:
    """``accept_local``: what a door's gateway forwards to the UE bears an address of its own."""
    for key in (
        "net.ipv4.ip_forward=1",
        "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.all.accept_local=1",
    ):
        _do("ip", "netns", "exec", name, "sysctl", "-qw", key)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
