"""On which terms the platform serves those who call its APIs: one frozen value, however the control plane is started.

A run's ``config.json`` carries it, or the control plane's own command line says it (``programs/terms_options.py``).
"""

from __future__ import annotations

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """``public_url``: under which callers reach the HTTP APIs, the base of every link in an answer; empty: the address that they
    bind.

    ``callback_networks``: where notifications and events for sinks may go; none: this machine. ``sink_ca``: a file, a CA more
    whose certificates studios' sinks may show.

    ``client_rate``, ``client_quota``: requests to CAMARA's APIs that one client may make a second, and a day (0: any number).
    ``mec_rate``: to ETSI MEC's that one caller (the operator, a tenant) may make a second.
    """

    public_url: str = ""
    callback_networks: tuple[str, ...] = ()
    sink_ca: str = ""
    client_rate: float = 50.0
    client_quota: int = 0
    mec_rate: float = 200.0


USUAL = Terms()
