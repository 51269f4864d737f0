"""One run's facts, as every program reads them: ``config.json`` and ``city.json`` in the run directory, and its logs.

The supervisor writes them once; nothing changes while the run lasts.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Literal, TextIO

import msgspec
import structlog

from fedge.runtime.terms import USUAL, Terms


class BenchNode(msgspec.Struct, frozen=True):
    """A site agent as a node of its member ``cluster``: its name, and the kubeconfig that acts as system:node:<name>."""

    node: str
    kubeconfig: str
    cluster: str = ""


class Config(msgspec.Struct, frozen=True):
    """``net``: the second octet of the run's loopback network. ``duration_s`` 0 is endless. Units are in the names."""

    engine: Literal["embedded", "karmada"]
    seed: int
    sites: int
    players: int
    policy: str
    time_scale: float
    state_bytes: int
    backhaul_rtt_ms: float
    net: int
    duration_s: float
    port: int
    started_ns: int
    test_switches: tuple[str, ...] = ()
    demo: bool = True
    nodes: tuple[BenchNode, ...] = ()
    """On Karmada, by site: the bench node that its agent is."""
    karmada: str = ""
    """Karmada's kubeconfig; empty on the embedded engine."""
    terms: Terms = USUAL
    """On which those are served who call the APIs."""
    n6_interface: str = ""
    """Where N6 is routed to a site's gateway; empty: it comes in UDP datagrams, as from the simulated user plane."""


class Run:
    """The run directory named by FEDGE_RUN_DIR, or given."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ["FEDGE_RUN_DIR"])
        self.config = msgspec.json.decode((self.folder / "config.json").read_bytes(), type=Config)

    @property
    def token(self) -> str:
        return (self.folder / "token").read_text().strip()

    def site_dir(self, site: str) -> Path:
        folder = self.folder / "sites" / site
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def log_to(folder: Path, program: str) -> None:
    """Structured logs, one JSON object a line, into ``logs/<program>.log``."""
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    _log_into((logs / f"{program}.log").open("a", buffering=1))


def log_to_stdout() -> None:
    """The same, for a program in a container."""
    _log_into(sys.stdout)


def _log_into(out: TextIO) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
    )
