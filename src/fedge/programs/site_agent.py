"""A site's agent and data gateway as a program. Of an embedded run: ``python -m fedge.programs.site_agent SITE_INDEX``.

In a member cluster: ``python -m fedge.programs.site_agent``, told by its environment (``site_config``). What it does is
``site_shell``'s, around the pure ``SiteAgent``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import structlog

from fedge.programs.site_config import SiteConfig, embedded_site, member_site
from fedge.programs.site_shell import SiteShell
from fedge.runtime.federation import BadFederation
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import quiet_gc, run, site_pace
from fedge.runtime.run import Run, log_to, log_to_stdout

log = structlog.get_logger("agent")
PLAYERS = 100
"""In a member cluster nobody says how many players there will be: the event loop is paced for so many."""


async def serve(config: SiteConfig) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    end_with_supervisor(loop, stopping.set)
    shell = SiteShell(config)
    await shell.start()
    tasks = [
        loop.create_task(one)
        for one in (shell.wake(), shell.report(), shell.plain.look(), *shell.instances.jobs())
    ]
    quiet_gc(loop)
    log.info("site agent is up", site=shell.site, pid=os.getpid())
    waiting = loop.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    shell.instances.stop()
    for task in done:
        if task is not waiting:
            task.result()


def main() -> None:
    if len(sys.argv) > 1:
        this = Run()
        config = embedded_site(this, int(sys.argv[1]))
        log_to(this.folder, f"agent-{config.site}")
        run(serve(config), site_pace(this.config.players))
        return
    try:
        config = member_site(os.environ)
    except BadFederation as error:
        raise SystemExit(f"site agent: {error}") from None
    log_to_stdout()
    run(serve(config), site_pace(PLAYERS))


if __name__ == "__main__":
    main()
