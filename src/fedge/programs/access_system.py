"""The course of ``fedge access``: core network, user plane functions and access network, simulated, and nothing of the platform.

The supervisor keeps the same programs up in a demo. What a developer needs to talk to them is printed, and stands in the run
folder's ``endpoints.json``.
"""

from __future__ import annotations

import errno
import socket
import sys
import time
from pathlib import Path
from typing import Any

from fedge.adapters.embedded import addresses
from fedge.programs.demo import interruptible
from fedge.programs.endpoints import capif_endpoints, exposed_endpoints
from fedge.programs.settings import Settings
from fedge.programs.staging import Staging
from fedge.programs.supervisor import Supervisor
from fedge.simulation.core5g.nef.operator import EVERYBODY
from fedge.simulation.core5g.nef.qos_references import QOS_REFERENCES

SHOWN_UES = 3


def run(settings: Settings) -> int:
    """Until Ctrl-C or an ``end``. Exit status: 0; 2 if it did not get going."""
    try:
        supervisor = Supervisor(settings)
    except OSError as error:
        print(f"fedge: {error}", file=sys.stderr)
        return 2
    with interruptible() as caught:
        try:
            supervisor.open_run()
            supervisor.start_5g_system()
            supervisor.wait_until("the simulated 5G system", lambda: _all_bound(supervisor))
            found = endpoints(supervisor)
            supervisor.publish(found)
            for line in told(found, supervisor):
                supervisor.say(line)
            staging = Staging(supervisor)
            staging.write_plan()
            while not caught and not staging.ended:
                supervisor.keep_up()
                staging.step()
                supervisor.tell_story()
                time.sleep(0.05)
            staging.write(by_hand=bool(caught))
        except (TimeoutError, OSError) as error:
            print(f"fedge: {error}", file=sys.stderr)
            return 2
        finally:
            supervisor.stop()
    return 0


def endpoints(supervisor: Supervisor) -> dict[str, Any]:
    """Everything that one must know. Raises ``URLError`` while the core network does not answer."""
    net, account = supervisor.net, supervisor.core
    numbers = addresses.SimulatedSubscribers(net, supervisor.settings.players)
    gpsi_of = {ue: gpsi for gpsi, ue in numbers.by_gpsi().items()}
    return {
        "apis": exposed_endpoints(supervisor.folder, account) | capif_endpoints(supervisor.folder, account),
        "network": {
            "af": account.af,
            "dnn": account.dnn,
            "snssai": {"sst": account.sst},
            "notifications": {
                "to": account.receiver,
                "certificate": str(supervisor.folder / account.receiver_crt),
                "key": str(supervisor.folder / account.receiver_key),
            },
            "service": addresses.service(net),
            "group": EVERYBODY,
            "qos_references": list(QOS_REFERENCES),
            "dnais": {
                site.site: {"n6": addresses.upf_n6(net, site.index), "n3": addresses.upf_n3(net, site.index)}
                for site in supervisor.city.sites
            },
            "ues": [
                {"ue": ue, "gpsi": gpsi_of[ue], "ipv4": address}
                for address, ue in numbers.by_address().items()
            ],
        },
    }


def told(found: dict[str, Any], supervisor: Supervisor) -> list[str]:
    """The same for people; ``endpoints.json`` has all of it."""
    apis, network = found["apis"], found["network"]
    nef, references = apis["nef-traffic-influence"], ", ".join(network["qos_references"])
    capif = apis["capif-invoker-management"]
    ues = network["ues"]
    lines = [
        f"simulated 5G system: {len(network['dnais'])} sites, {len(ues)} UEs, seed {supervisor.settings.seed}",
        f"NEF            {nef['url']}   (TS 29.522 Traffic Influence; afId {network['af']})",
        f"monitoring     {apis['nef-monitoring-event']['url']}   (TS 29.122 MonitoringEvent; all UEs: {network['group']})",
        f"quality        {apis['nef-as-session-with-qos']['url']}   (TS 29.122 AsSessionWithQoS; {references})",
        f"radio          {apis['mec-012']['url']}   (ETSI MEC 012)",
        f"token          {nef['token_url']}   client_id {nef['client_id']}, client_secret in endpoints.json",
        f"CAPIF          {capif['url']}   (TS 29.222; certificates in {Path(capif['key']).parent})",
        f"CA             {nef['ca']}",
        f"notifications  to {network['notifications']['to']}, for which {network['notifications']['certificate']} is made",
        f"service        {network['service']} UDP   what afAppId means; UEs send to it",
    ]
    for dnai, ends in network["dnais"].items():
        lines.append(f"DNAI           {dnai:<14} N6 {ends['n6']} UDP, N3 {ends['n3']} UDP (GTP-U)")
    for ue in ues[:SHOWN_UES]:
        lines.append(f"UE             {ue['ue']:<14} {ue['ipv4']}   {ue['gpsi']}")
    if len(ues) > SHOWN_UES:
        lines.append(f"               and {len(ues) - SHOWN_UES} more")
    lines.append(
        f"all of it in {supervisor.folder / 'endpoints.json'}; logs: {supervisor.folder / 'logs'}; Ctrl-C ends it"
    )
    return lines


def _all_bound(supervisor: Supervisor) -> bool:
    """Does the core network give tokens, and has everybody of the user plane taken its address?"""
    exposed_endpoints(supervisor.folder, supervisor.core)
    net = supervisor.net
    ends = [addresses.gnb(net), *(addresses.upf_n6(net, site.index) for site in supervisor.city.sites)]
    return all(_taken(end) for end in ends)


def _taken(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(addresses.endpoint(address))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
