"""Which site is which data network access identifier (DNAI, TS 23.501): the one table between Fedge's names and the core's."""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.model import SiteId


class Dnais:
    """``table``: DNAI by site. Another site has its own name for a DNAI. Raises ``ValueError`` if two sites share one."""

    def __init__(self, table: Mapping[SiteId, str] | None = None) -> None:
        self._of_site = dict(table or {})
        self._of_dnai = {dnai: site for site, dnai in self._of_site.items()}
        if len(self._of_dnai) < len(self._of_site):
            raise ValueError("two sites have the same DNAI")

    def of(self, site: SiteId) -> str:
        return self._of_site.get(site, site)

    def site(self, dnai: str) -> SiteId:
        """The site; where nobody has that DNAI, a name that no site has is as good as any."""
        return self._of_dnai.get(dnai, SiteId(dnai))
