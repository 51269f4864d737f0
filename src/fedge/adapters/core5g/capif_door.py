"""How an API that CAPIF has is entered: at the URL that was discovered, with a token for it (``door.Door``)."""

from __future__ import annotations

from fedge.adapters.core5g.capif import ApiInvoker
from fedge.adapters.core5g.token import NoToken


class CapifDoor:
    """Of one API."""

    def __init__(self, invoker: ApiInvoker, name: str) -> None:
        self._invoker, self._name = invoker, name

    @property
    def here(self) -> str:
        at = self._invoker.at(self._name)
        return at.url if at is not None else ""

    async def url(self) -> str:
        why = self._invoker.missing(self._name)
        if why:
            raise NoToken(why)
        return self.here

    async def header(self) -> dict[str, str]:
        return await self._invoker.token(self._name).header()

    def refused(self) -> None:
        self._invoker.token(self._name).refused()
