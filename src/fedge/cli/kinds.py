"""The nouns of the command line: what can be listed, under which spellings, and what ``deployment/arena``
means.
"""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

from fedge.api.manifests import PLURALS
from fedge.cli.platform import Platform

LIVE = ("sites", "sessions", "moves", "instances", "steering", "operator")
STORED = tuple(PLURALS)

_SPELLINGS = {
    "sites": ("site",),
    "sessions": ("session",),
    "moves": ("move",),
    "steering": (),
    "instances": ("instance", "pod", "pods"),
    "operator": ("gateway",),
    "deployments": ("deployment", "deploy"),
    "services": ("service", "svc"),
    "propagationpolicies": ("propagationpolicy", "pp"),
    "clusterpropagationpolicies": ("clusterpropagationpolicy", "cpp"),
    "overridepolicies": ("overridepolicy", "op"),
    "clusteroverridepolicies": ("clusteroverridepolicy", "cop"),
    "priorityclasses": ("priorityclass", "pc"),
    "qospolicies": ("qospolicy", "qos"),
    "tenants": ("tenant",),
}
_NOUNS = {spelling: noun for noun, others in _SPELLINGS.items() for spelling in (noun, *others)}


def noun_of(word: str) -> str:
    """``svc`` is ``services``. Raises a usage error that lists the nouns."""
    noun = _NOUNS.get(word.lower())
    if noun is None:
        raise click.UsageError(f"There are no {word!r} here. Fedge has: {', '.join((*LIVE, *STORED))}.")
    return noun


def named(words: tuple[str, ...]) -> tuple[str, str]:
    """(noun, name) from ``deployment/arena`` or from the two words ``deployment arena``."""
    if len(words) == 1 and "/" in words[0]:
        kind, _, name = words[0].partition("/")
    elif len(words) == 2:
        kind, name = words
    else:
        raise click.UsageError("Say what: KIND/NAME or KIND NAME, such as deployment/arena.")
    if not name:
        raise click.UsageError(f"Say which one: {kind}/NAME.")
    return noun_of(kind), name


def path_of(noun: str, *name: str) -> tuple[str, ...]:
    """Where the API has it."""
    return ("objects", noun, *name) if noun in STORED else (noun, *name)


def name_in(row: dict[str, object], noun: str) -> str:
    """The name of an object, or of a row of the collection ``noun``: a session's row names a site and a move too."""
    metadata = row.get("metadata")
    if isinstance(metadata, dict):
        return str(metadata.get("name", ""))
    return str(row.get(noun.removesuffix("s")) or row.get("name") or "")


def read_noun(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """An argument that is a noun in any spelling."""
    return noun_of(value)


def complete_noun(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(noun) for noun in (*LIVE, *STORED) if noun.startswith(incomplete)]


def completing(noun: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """The shell completes a name of this noun by asking the platform; nothing where none runs."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            names = [name_in(row, noun) for row in Platform.running().items(*path_of(noun))]
        except click.ClickException:
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete
