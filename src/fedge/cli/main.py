"""``fedge``: the group of all verbs, in the order in which a newcomer meets them."""

from __future__ import annotations

import click

from fedge.cli import (
    access,
    apply,
    audit,
    completion,
    consent,
    delete,
    demo,
    describe,
    doctor,
    down,
    drain,
    explain,
    get,
    locate,
    logs,
    move,
    qod,
    tenant,
    top,
    up,
    version,
)


class InOrder(click.Group):
    """Lists its commands as they were added, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Fedge: a federated edge cloud whose sessions follow their players from site to site.

    \b
    See it:         fedge demo
    Use it:         fedge up --detach
                    fedge apply -f examples/arena/
                    fedge get sites
                    fedge explain player-7
                    fedge move player-7 --to SITE
                    fedge down

    Every verb has a --help with examples. The verbs find the running platform through the folder $FEDGE_HOME
    (~/.local/state/fedge unless it is set).
    """


for verb in (
    demo.demo,
    up.up,
    access.access,
    down.down,
    apply.apply,
    delete.delete,
    get.get,
    top.top,
    describe.describe,
    explain.explain,
    move.move,
    drain.drain,
    drain.undrain,
    tenant.tenant,
    qod.qod,
    locate.locate,
    consent.consent,
    audit.audit,
    logs.logs,
    doctor.doctor,
    version.version,
    completion.completion,
):
    main.add_command(verb)


if __name__ == "__main__":
    main(prog_name="fedge")
