"""The federation scheduler as a program: ``python -m fedge.programs.scheduler --kubeconfig KARMADA``. Wiring only.

It places every binding whose ``spec.schedulerName`` is its own. Several may run: one leads. Without the control plane's figures
it places all the same; then no copy waits for its sessions, and of a QoSPolicy only the border is followed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import click
import structlog

from fedge.adapters.karmada.lease import Leadership
from fedge.adapters.karmada.scheduling import Figures, SchedulerShell
from fedge.adapters.kubernetes.client import connect
from fedge.core.scheduling import Scheduler, SchedulerSettings
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.run import log_to

log = structlog.get_logger("scheduler")


@click.command()
@click.option("--kubeconfig", default="", help="Karmada's; empty: that of the Pod this runs in.")
@click.option("--scheduler-name", default="fedge-scheduler", show_default=True)
@click.option("--lease-namespace", default="karmada-system", show_default=True)
@click.option(
    "--lease-duration", default=15.0, show_default=True, help="Seconds until a silent leader is replaced."
)
@click.option("--identity", default="", help="Of this instance in the lease; default: host and process.")
@click.option("--figures", default="", help="URL of the control plane's figures: sessions, players.")
@click.option("--token-file", type=click.Path(path_type=Path), help="The bearer token for --figures.")
@click.option("--in-flight", default=16, show_default=True, help="Writes at once.")
def main(
    kubeconfig: str,
    scheduler_name: str,
    lease_namespace: str,
    lease_duration: float,
    identity: str,
    figures: str,
    token_file: Path | None,
    in_flight: int,
) -> None:
    """Place Karmada's bindings by Fedge's rules."""
    folder = os.environ.get("FEDGE_RUN_DIR")
    if folder:
        log_to(Path(folder), "scheduler")
    token = token_file.read_text().strip() if token_file is not None else ""
    core = Scheduler(SchedulerSettings(scheduler_name, in_flight, counted=bool(figures)))
    name = identity or f"{socket.gethostname()}_{os.getpid()}"
    asyncio.run(
        _run(
            kubeconfig,
            core,
            name,
            lease_namespace,
            lease_duration,
            Figures(figures, token) if figures else None,
        )
    )


async def _run(
    kubeconfig: str,
    core: Scheduler,
    identity: str,
    namespace: str,
    duration_s: float,
    figures: Figures | None,
) -> None:
    client = connect(kubeconfig, "fedge-scheduler")
    leadership = Leadership(client, identity, core.settings.name, namespace, duration_s)
    shell = SchedulerShell(client, core, leadership, figures)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, stopping.set)
    if "FEDGE_LIFELINE" in os.environ:
        end_with_supervisor(loop, stopping.set)
    running, stopped = loop.create_task(shell.run()), loop.create_task(stopping.wait())
    log.info("scheduler is up", name=core.settings.name, identity=identity)
    await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await leadership.give_up()


if __name__ == "__main__":
    main()
