"""What the access network saw in the last second, in a few numbers for the dashboard and the control plane.

Cheap on purpose: while figures are made no packet moves.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.messages import HopFigures
from fedge.core.model import UeId
from fedge.simulation.session_watch import SessionWatch

SAMPLE = 8
"""Every so many round trips are kept for the medians; of every UE the latest is known."""


class HopSamples:
    """Round trips by hop since the last ``take``. Microseconds in, milliseconds out."""

    def __init__(self) -> None:
        self.late_us: list[int] = []
        """how late the relays released packets"""
        self._latest_us: dict[int, int] = {}
        self._kept: list[tuple[int, int, int, int]] = []
        self._count = 0

    def add(self, ue: int, hops_us: tuple[int, int, int, int]) -> None:
        """radio, backhaul, gateway, server: of one input of UE index ``ue``, there and back"""
        self._latest_us[ue] = sum(hops_us)
        self._count += 1
        if not self._count % SAMPLE:
            self._kept.append(hops_us)

    def take(self, at: int, names: Sequence[UeId], watches: Sequence[SessionWatch]) -> HopFigures:
        """Medians over the kept samples (0 where there is none) and each UE's latest round trip; then starts afresh.

        ``names`` and ``watches``: of each UE, by its index.
        """
        middle = len(self._kept) // 2
        medians = [sorted(column)[middle] / 1000 for column in zip(*self._kept, strict=True)] or [0.0] * 4
        late = sorted(self.late_us)
        figures = HopFigures(
            at,
            radio_ms=round(medians[0], 3),
            backhaul_ms=round(medians[1], 3),
            gateway_ms=round(medians[2], 3),
            server_ms=round(medians[3], 3),
            relay_error_p99_ms=round(late[int(len(late) * 0.99)] / 1000, 3) if late else 0.0,
            ue_rtt_ms={names[ue]: round(total / 1000, 3) for ue, total in self._latest_us.items()},
            acknowledged={
                name: watch.acknowledged_inputs
                for name, watch in zip(names, watches, strict=True)
                if watch.acknowledged_inputs
            },
            lost={
                name: watch.lost_inputs
                for name, watch in zip(names, watches, strict=True)
                if watch.lost_inputs
            },
        )
        self.late_us, self._kept, self._latest_us = [], [], {}
        return figures
