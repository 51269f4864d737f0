"""Who is who between Fedge and the operator: subscribers and cells by the operator's names for them, and whose clock it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from fedge.core.exposure import Topology
from fedge.core.location.earth import earth_of
from fedge.core.model import SECOND, CellId, Nanoseconds, UeId

STEP_NS = 50_000_000
"""Clocks that drift apart by less are left so: instants of one source keep their order and their distances."""
GPSI_MSISDN = "msisdn-"


class Subscribers:
    """``by_gpsi``: whose identifier it is (TS 29.571: ``msisdn-…``, ``extid-…``); ``by_address``: whose IPv4 address."""

    def __init__(self, by_gpsi: Mapping[str, UeId], by_address: Mapping[str, UeId]) -> None:
        self._by_gpsi, self._by_address = by_gpsi, by_address
        self._gpsi = {ue: gpsi for gpsi, ue in by_gpsi.items()}
        self._address = {ue: address for address, ue in by_address.items()}

    def by_ipv4(self, address: str) -> UeId | None:
        return self._by_address.get(address)

    def identifiers_of(self, ue: UeId) -> dict[str, str] | None:
        """``phoneNumber`` and ``ipv4``, as far as it has them; None of somebody else's device."""
        gpsi, address = self._gpsi.get(ue, ""), self._address.get(ue)
        number = f"+{gpsi.removeprefix(GPSI_MSISDN)}" if gpsi.startswith(GPSI_MSISDN) else None
        found = {"phoneNumber": number, "ipv4": address}
        return {name: value for name, value in found.items() if value is not None} or None

    def by_phone_number(self, number: str) -> UeId | None:
        """``number``: E.164 with its plus."""
        return self._by_gpsi.get(GPSI_MSISDN + number.removeprefix("+"))

    def of_gpsi(self, gpsi: str) -> UeId | None:
        return self._by_gpsi.get(gpsi)

    def of_report(self, msisdn: str, external_id: str) -> UeId | None:
        """As MonitoringEvent names them: digits alone, or ``local-id@domain``."""
        if msisdn:
            return self._by_gpsi.get(GPSI_MSISDN + msisdn.removeprefix("+"))
        return self._by_gpsi.get(f"extid-{external_id}")

    def gpsi(self, ue: UeId) -> str | None:
        return self._gpsi.get(ue)

    def address(self, ue: UeId) -> str | None:
        return self._address.get(ue)


class Clock:
    """The operator's time of day ↔ the clock of the core's instants, ``now()``."""

    def __init__(self, now: Callable[[], Nanoseconds]) -> None:
        self.now = now
        self._ahead = time.time_ns() - now()

    def instant(self, unix_ns: int) -> Nanoseconds:
        """On the core's clock."""
        ahead = time.time_ns() - self.now()
        if abs(ahead - self._ahead) > STEP_NS:  # somebody has set the time of day
            self._ahead = ahead
        return unix_ns - self._ahead

    def of(self, when: datetime | None) -> Nanoseconds:
        """On the core's clock; what says no time is of now. Without a zone it is UTC."""
        if when is None:
            return self.now()
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
        return self.instant((since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000)

    def lasts_s(self, until: datetime) -> float:
        return (self.of(until) - self.now()) / SECOND


def in_seconds(lasts_s: float) -> str:
    """The time of day in so many seconds, as date-time of RFC 3339."""
    return (
        (datetime.now(UTC) + timedelta(seconds=lasts_s))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


class Map:
    """Places and cells of the operator's, on Fedge's map."""

    def __init__(self, topology: Topology) -> None:
        self._earth = earth_of(topology.origin, topology.height_m)
        self._cells = {id.lower(): cell for id, cell in topology.by_id().items()}

    def metres(self, latitude: float, longitude: float) -> tuple[float, float]:
        return self._earth.metres(latitude, longitude)

    def cell(self, id: str) -> CellId | None:
        return self._cells.get(id.lower())
