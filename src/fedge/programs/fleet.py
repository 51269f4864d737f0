"""The clusters of a run on Karmada, as a file names them: Karmada's kubeconfig, and each member's node that a site agent is.

`make karmada-up` writes such a file for the test bench. Members without a node can be scheduled to, but no site of a demo.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = "bench.json"


class Member(msgspec.Struct, frozen=True):
    """``node_kubeconfig``: acts as system:node:<node>. ``mode``: Push or Pull."""

    name: str
    node: str = ""
    node_kubeconfig: str = ""
    kubeconfig: str = ""
    mode: str = ""


class Karmada(msgspec.Struct, frozen=True):
    kubeconfig: str
    version: str = ""
    server: str = ""


class Fleet(msgspec.Struct, frozen=True):
    karmada: Karmada
    members: tuple[Member, ...]

    @property
    def with_nodes(self) -> tuple[Member, ...]:
        return tuple(each for each in self.members if each.node and each.node_kubeconfig)


class BadFleet(ValueError):
    """The file is not there, or is no such file: the message says which."""


def read_fleet(where: Path) -> Fleet:
    """Of a file, or of the folder that holds one. Raises ``BadFleet``."""
    file = where / FILE if where.is_dir() else where
    try:
        fleet = msgspec.json.decode(file.read_bytes(), type=Fleet)
    except OSError as error:
        raise BadFleet(
            f"{file}: {error.strerror}; `make karmada-up` starts a Karmada and writes it"
        ) from None
    except msgspec.MsgspecError as error:
        raise BadFleet(f"{file}: {error}") from None
    if not Path(fleet.karmada.kubeconfig).is_file():
        raise BadFleet(f"{file}: there is no kubeconfig {fleet.karmada.kubeconfig}")
    return fleet
