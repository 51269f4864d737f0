"""Signal strength and quality ↔ the whole numbers by which measurement reports say them. Pure.

A number stands for a span of 1 dB (RSRP) or 0.5 dB (RSRQ): 3GPP TS 36.133, 9.1.4 and 9.1.7 (E-UTRA), TS 38.133, 10.1.6 (NR).
Reading one back gives the middle of its span.
"""

from __future__ import annotations

import math

EUTRA_LEAST_DBM, EUTRA_TOP = -140, 97
NR_LEAST_DBM, NR_TOP = -156, 126
RSRQ_LEAST_DB, RSRQ_TOP = -19.5, 34


def eutra_rsrp_value(rsrp_dbm: float) -> int:
    """0 (below -140 dBm) to 97 (-44 dBm and more)."""
    return min(max(math.floor(rsrp_dbm) - EUTRA_LEAST_DBM + 1, 0), EUTRA_TOP)


def nr_rsrp_value(rsrp_dbm: float) -> int:
    """0 (below -156 dBm) to 126 (-31 dBm and more)."""
    return min(max(math.floor(rsrp_dbm) - NR_LEAST_DBM + 1, 0), NR_TOP)


def eutra_rsrq_value(rsrq_db: float) -> int:
    """0 (below -19.5 dB) to 34 (-3 dB and more)."""
    return min(max(math.floor((rsrq_db - RSRQ_LEAST_DB) * 2) + 1, 0), RSRQ_TOP)


def eutra_rsrp_dbm(value: int) -> float:
    return value + EUTRA_LEAST_DBM - 0.5


def nr_rsrp_dbm(value: int) -> float:
    return value + NR_LEAST_DBM - 0.5
