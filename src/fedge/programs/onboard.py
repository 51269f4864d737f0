"""``fedge access onboard``: become an API invoker of an operator's CAPIF core function, once and by hand.

The control plane does the same by itself when it starts with an account that was not used yet; what is kept is the same.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fedge.adapters.core5g import ApiInvoker, Refused
from fedge.adapters.core5g.door import FAULTS
from fedge.programs.doors import ALL, KEPT, invoker_of
from fedge.runtime.core_account import CoreAccount


class NotOnboarded(Exception):
    """``str`` says why, for a person."""


def onboard(file: Path) -> list[str]:
    """With the account in ``file``: what to tell a person. Raises ``NotOnboarded``."""
    try:
        account = msgspec.json.decode(file.read_bytes(), type=CoreAccount)
        if account.capif is None:
            raise NotOnboarded(f"{file}: this operator has no CAPIF: its APIs are used as the account says.")
        return asyncio.run(_onboard(file.parent, account))
    except (OSError, msgspec.MsgspecError, ssl.SSLError) as error:
        raise NotOnboarded(f"{file} cannot be used: {error}") from None


async def _onboard(folder: Path, account: CoreAccount) -> list[str]:
    assert account.capif is not None
    invoker = invoker_of(folder, account, account.capif)
    fresh = invoker.invoker is None
    try:
        found = await invoker.ready()
    except (Refused, *FAULTS) as error:
        raise NotOnboarded(f"{account.capif.url}: {type(error).__name__}: {error}") from None
    finally:
        await invoker.close()
    until = datetime.fromtimestamp(found.until_s, UTC).isoformat(timespec="minutes")
    return [
        f"{'onboarded as' if fresh else 'onboarded already:'} {found.id}; certificate until {until}, in {folder / KEPT}",
        *(_told(invoker, name) for name in ALL),
    ]


def _told(invoker: ApiInvoker, name: str) -> str:
    at = invoker.at(name)
    return f"{name:<26} {at.url if at is not None else 'not there'}"
