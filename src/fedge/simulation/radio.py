"""How strong each cell is at each place: path loss and shadowing, as a map.

Path loss: 3GPP TR 38.901 table 7.4.1-1, UMi street canyon NLOS for NR and Wi-Fi, UMa NLOS for LTE and the NR carriers beside
it. Shadowing is lognormal (σ of the same table, rounded) and correlated over about 50 m (TR 38.901 table 7.5-6). The map is
computed once from the seed at ``PITCH_M``; looking up 10,000 UEs is then one gather. Transmit powers and the preference between
kinds of cell are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedge.simulation.city_plan import City

PITCH_M = 8.0
CORRELATION_M = 50.0
FLOOR_DBM = -140.0


@dataclass(frozen=True)
class Carrier:
    """A kind of cell on the air. Loss at d metres is ``loss_1m_db`` + ``slope_db`` · log10 d.

    ``power_dbm`` is what a phone compares (reference signal, beam gain included); ``preference_db`` is added when cells of
    different kinds are compared, as an operator's offsets do.
    """

    power_dbm: float
    loss_1m_db: float
    slope_db: float
    shadow_db: float
    preference_db: float


CARRIERS = {
    # 3.5 GHz: 22.4 + 21.3 log10(3.5) = 34.0
    "nr": Carrier(17.0, 34.0, 35.3, 4.0, 0.0),
    # 1.8 GHz, antenna 25 m: 13.54 + 20 log10(1.8) = 18.6
    "lte": Carrier(22.0, 18.6, 39.08, 6.0, -18.0),
    # 5.2 GHz: 22.4 + 21.3 log10(5.2) = 37.7
    "wifi": Carrier(20.0, 37.7, 35.3, 4.0, 3.0),
    # 0.7 GHz on LTE's masts: 13.54 + 20 log10(0.7) = 10.4
    "nsa": Carrier(15.0, 10.4, 39.08, 6.0, -12.0),
}


class RadioMap:
    """Signal of every cell over the city. ``signal_dbm``: float32, shape (columns, rows, cells)."""

    def __init__(self, city: City, seed: int) -> None:
        columns, rows = int(city.width_m / PITCH_M) + 2, int(city.height_m / PITCH_M) + 2
        x = (np.arange(columns) * PITCH_M)[:, None]
        y = (np.arange(rows) * PITCH_M)[None, :]
        self.signal_dbm: NDArray[np.float32] = np.empty((columns, rows, len(city.cells)), np.float32)
        for number, cell in enumerate(city.cells):
            carrier = CARRIERS[cell.kind]
            away_m = np.maximum(np.hypot(x - cell.x_m, y - cell.y_m), 5.0)
            loss_db = carrier.loss_1m_db + carrier.slope_db * np.log10(away_m)
            rng = np.random.default_rng([seed, 0x5AD, number])
            shadow_db = carrier.shadow_db * _smooth_noise(rng, columns, rows)
            self.signal_dbm[:, :, number] = np.maximum(carrier.power_dbm - loss_db + shadow_db, FLOOR_DBM)

    def at(self, positions: NDArray[np.float64]) -> NDArray[np.float32]:
        """Signals in dBm, shape (UEs, cells), for positions in metres of shape (UEs, 2)."""
        columns, rows, _ = self.signal_dbm.shape
        place = np.rint(positions / PITCH_M).astype(np.int64)
        found: NDArray[np.float32] = self.signal_dbm[
            place[:, 0].clip(0, columns - 1), place[:, 1].clip(0, rows - 1)
        ]
        return found


def _smooth_noise(rng: np.random.Generator, columns: int, rows: int) -> NDArray[Any]:
    """Standard normal noise drawn every ``CORRELATION_M`` and interpolated between, variance kept at 1."""
    step = CORRELATION_M / PITCH_M
    coarse = rng.standard_normal((int(columns / step) + 3, int(rows / step) + 3))
    u, v = np.arange(columns) / step, np.arange(rows) / step
    i, j = u.astype(int), v.astype(int)
    a, b = (u - i)[:, None], (v - j)[None, :]
    weights = ((1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b)
    corners = (coarse[i][:, j], coarse[i + 1][:, j], coarse[i][:, j + 1], coarse[i + 1][:, j + 1])
    mixed = sum(weight * corner for weight, corner in zip(weights, corners, strict=True))
    return np.asarray(mixed / np.sqrt(sum(weight**2 for weight in weights)))
