"""The control plane as a program. Wiring only. Of an embedded run: ``python -m fedge.programs.control_plane``.

On a fleet: the same with ``--federation FILE`` and the other options. The core with its journal and links (``control_shell``),
HTTP APIs, dashboard and metrics, the engine on Karmada, a 5G operator: all of it until the first of them ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Any

import click
import structlog
import uvicorn

from fedge.adapters.embedded.link import listen
from fedge.api.admin import admin_app
from fedge.api.camara import BASES as CAMARA_BASES
from fedge.api.mec import BASES, Platform, mec_routes
from fedge.api.pace import limits_of, paced
from fedge.programs.control_config import ControlConfig, embedded_control, fleet_control
from fedge.programs.control_shell import ControlShell
from fedge.programs.northbound import Northbound
from fedge.programs.terms_options import take_terms, terms_options
from fedge.runtime.federation import BadFederation, endpoint, read_federation
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.run import Run, log_to, log_to_stdout

log = structlog.get_logger("control")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


async def serve(told: ControlConfig) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    shell = ControlShell(told)
    host, port = told.bind_api
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    await listen(told.bind_links, told.token, shell.accept)
    names = {site: name for site, (name, _, _) in shell.facts.places.items()}
    shell.northbound = Northbound(shell, told, shell.subscribers, shell.notifications, shell.base, names)
    asked = paced(limits_of(told.terms.mec_rate), told.now)
    mec = mec_routes(Platform(shell, shell.subscribers, shell.notifications, shell.base, shell.notify, asked))
    config = uvicorn.Config(
        admin_app(shell, [*shell.northbound.routes(), *mec], own=(*CAMARA_BASES, *BASES)),
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # an address that a caller may write itself says nothing of where it is
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    end_with_supervisor(loop, stopping.set)
    serving = loop.create_task(server.serve())
    deciding = loop.create_task(shell.loop.run())
    engine = [loop.create_task(shell.engine.run())] if shell.engine is not None else []
    if shell.operated is not None:
        engine.append(loop.create_task(shell.operated.run(shell.loop.post)))
    engine.append(loop.create_task(shell.audit.flush_often()))
    stopped = loop.create_task(stopping.wait())
    log.info("control plane is up", port=port, moves=len(shell.plane.state.moves))
    done, _ = await asyncio.wait([serving, deciding, stopped, *engine], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    deciding.cancel()
    for one in engine:
        one.cancel()
    if engine:
        await asyncio.wait(engine, timeout=2)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(serving, 2)
    await shell.notifications.close()
    shell.audit.flush(all=True)
    shell.journal.close()
    for task in done:
        if task is not stopped:
            task.result()


@click.command()
@click.option("--federation", type=FILE, help="Which sites there are; without it: FEDGE_RUN_DIR's run.")
@click.option(
    "--state", type=click.Path(file_okay=False, exists=True, path_type=Path), help="Its journal's folder."
)
@click.option("--token-file", type=FILE, help="What agents and callers of the API have to say.")
@click.option("--kubeconfig", default="", help="Karmada's; empty: that of the Pod this runs in.")
@click.option("--bind-links", default="0.0.0.0:7000", show_default=True, help="For agents.")
@click.option("--bind-api", default="0.0.0.0:8080", show_default=True, help="HTTP.")
@terms_options
def main(
    federation: Path | None,
    state: Path | None,
    token_file: Path | None,
    kubeconfig: str,
    bind_links: str,
    bind_api: str,
    **given: Any,
) -> None:
    """Fedge's control plane."""
    if federation is None:
        run = Run()
        log_to(run.folder, "control-plane")
        asyncio.run(serve(embedded_control(run)))
        return
    if state is None or token_file is None:
        raise click.UsageError("--federation needs --state and --token-file")
    token = token_file.read_text().strip()
    if not token:
        raise click.UsageError(f"{token_file} is empty")
    try:
        links, api = endpoint(bind_links, "--bind-links"), endpoint(bind_api, "--bind-api")
        sites = read_federation(federation)
        told = fleet_control(sites, state, token, links, api, kubeconfig, take_terms(given))
    except BadFederation as error:
        raise click.UsageError(str(error)) from None
    log_to_stdout()
    asyncio.run(serve(told))


if __name__ == "__main__":
    main()
