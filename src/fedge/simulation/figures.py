"""What the access network saw in the last second, in a few numbers for the dashboard and the control plane."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from fedge.core.messages import HopFigures
from fedge.core.model import UeId


class HopSamples:
    """Round trips by hop since the last ``take``. Microseconds in, milliseconds out."""

    def __init__(self) -> None:
        self.hops_us: list[tuple[int, int, int, int]] = []
        """radio, backhaul, gateway, server: of one input, there and back"""
        self.ues: list[int] = []
        """whose, beside ``hops_us``"""
        self.late_us: list[int] = []
        """how late the relays released packets"""

    def take(self, at: int, names: list[UeId]) -> HopFigures:
        """Medians over all samples (0 where there is none) and each UE's median round trip; then starts afresh."""
        hops = np.array(self.hops_us, float).reshape(-1, 4) / 1000
        medians = np.median(hops, axis=0) if len(hops) else np.zeros(4)
        per_ue: dict[UeId, list[float]] = defaultdict(list)
        for ue, total in zip(self.ues, hops.sum(1).tolist(), strict=True):
            per_ue[names[ue]].append(total)
        error = float(np.percentile(self.late_us, 99)) / 1000 if self.late_us else 0.0
        figures = HopFigures(
            at,
            radio_ms=round(float(medians[0]), 3),
            backhaul_ms=round(float(medians[1]), 3),
            gateway_ms=round(float(medians[2]), 3),
            server_ms=round(float(medians[3]), 3),
            relay_error_p99_ms=round(error, 3),
            ue_rtt_ms={ue: round(sorted(totals)[len(totals) // 2], 3) for ue, totals in per_ue.items()},
        )
        self.hops_us, self.ues, self.late_us = [], [], []
        return figures
