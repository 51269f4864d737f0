"""The options that say a control plane's `Terms`: of ``fedge demo`` and ``fedge up``, and of the control plane's own program."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from fedge.runtime.terms import USUAL, Terms

Command = TypeVar("Command", bound=Callable[..., Any])


def public_base(url: str) -> str:
    """The URL that callers are given, without the slash at its end. Raises ``ValueError`` where none can be made of it."""
    if any(ord(letter) <= 0x20 or ord(letter) > 0x7E for letter in url):
        raise ValueError("a URL has neither spaces nor control characters nor letters beyond ASCII")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("an http or https URL with a host is wanted")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it has neither a user nor a query nor a fragment")
    return url.rstrip("/")


def _public_url(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
    try:
        return public_base(given) if given else None
    except ValueError as error:
        raise click.BadParameter(f"{given!r}: {error}") from None


def _networks(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for one in given:
        try:
            ip_network(one)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return given


def _file(context: click.Context, option: click.Parameter, given: Path | None) -> str | None:
    """Wherever whoever reads it was started."""
    return str(given.absolute()) if given is not None else None


_OPTIONS = (
    click.option(
        "--public-url",
        callback=_public_url,
        metavar="URL",
        help="Under which callers reach the APIs.  [default: the address that they bind]",
    ),
    click.option(
        "--callback-network",
        "callback_networks",
        multiple=True,
        callback=_networks,
        metavar="CIDR",
        help="Where notifications and events for sinks may go; may be given more than once.  [default: this machine]",
    ),
    click.option(
        "--sink-ca",
        type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
        callback=_file,
        metavar="FILE",
        help="Send events to studios' sinks that show a certificate of this CA, too.",
    ),
    click.option(
        "--client-rate",
        type=click.FloatRange(0.1, 100_000),
        default=USUAL.client_rate,
        show_default=True,
        metavar="N",
        help="Requests a second to CAMARA's APIs that one client may make on average; of four seconds at once.",
    ),
    click.option(
        "--client-quota",
        type=click.IntRange(0, 10**9),
        default=USUAL.client_quota,
        metavar="N",
        help="Such requests a day.  [default: any number]",
    ),
    click.option(
        "--mec-rate",
        type=click.FloatRange(0.1, 100_000),
        default=USUAL.mec_rate,
        show_default=True,
        metavar="N",
        help="Requests a second to ETSI MEC's APIs that one caller may make on average; of four seconds at once.",
    ),
)


def terms_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_terms(given: dict[str, Any]) -> Terms:
    """Of a command's parameters, whose own these are then no more. What is not given, or is no option of it, is as usual."""
    said = {name: given.pop(name, None) for name in Terms.__struct_fields__}
    return Terms(**{name: value for name, value in said.items() if value is not None})
