"""``fedge completion``: the script by which a shell completes verbs, options, and the names of sites and
sessions.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Shell completion for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell. Names of sites and sessions are completed from the running platform.

    \b
    Examples:
      source <(fedge completion bash)              # or in ~/.bashrc
      fedge completion zsh > ~/.zfunc/_fedge       # a folder of $fpath
      fedge completion fish > ~/.config/fish/completions/fedge.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"click knows no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "fedge", "_FEDGE_COMPLETE").source())
