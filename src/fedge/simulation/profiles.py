"""What each kind of access does to packets: distributions, each with the source it was fitted to.

*Measured* profiles: percentiles from the SIGCOMM'21 5G artifact (Ookla tests to servers within 50 km, so a little of the
fixed network is in them) and Lumos5G traces; bursts and jitter from the UCC 5G data set; handover gaps from the SIGCOMM'22 5G
mobility artifact (execution = HO + RACH). *Assumed* ones say so: no measured distribution of mid-band NR to an edge, of URLLC
or of Wi-Fi was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.6448536269514722
"""The standard normal's 95th percentile."""


@dataclass(frozen=True)
class Percentiles:
    """Three points of a distribution; the unit is said by whoever holds it."""

    p5: float
    p50: float
    p95: float


@dataclass(frozen=True)
class Fitted:
    """``shift + spread · exp(sigma · z)`` for a standard normal ``z``: a lognormal, shifted and maybe mirrored."""

    shift: float
    spread: float
    sigma: float

    def at(self, z: float) -> float:
        """The value at normal quantile ``z``; rises with ``z``."""
        return self.shift + self.spread * math.exp(self.sigma * z)


def fit(points: Percentiles) -> Fitted:
    """The shifted lognormal through all three percentiles.

    Mirrored (spread < 0, sigma < 0) where the low tail is the longer one.
    """
    skew = points.p5 + points.p95 - 2 * points.p50
    if abs(skew) < 1e-3 * (points.p95 - points.p5):
        skew = 1e-3 * (points.p95 - points.p5)  # symmetric: so far shifted that it is normal
        shift = points.p50 - ((points.p95 - points.p5) / 2) ** 2 / skew
    else:
        shift = (points.p5 * points.p95 - points.p50**2) / skew
    spread = points.p50 - shift
    return Fitted(shift, spread, math.log((points.p95 - shift) / spread) / Z95)


@dataclass(frozen=True)
class Bursts:
    """Gilbert-Elliott loss in time.

    A burst begins every ``every_s`` on average, lasts ``last_ms`` on average, and loses ``lose``.
    """

    every_s: float
    last_ms: float
    lose: float


@dataclass(frozen=True)
class AccessProfile:
    """``rtt_ms``: UE to the user plane and back. ``up_share`` of it is spent upwards. Rates in Mbit/s.

    ``holds_at_handover``: a cellular handover buffers (up to 256 KiB) and then bursts; a Wi-Fi roam drops.
    """

    name: str
    rtt_ms: Percentiles
    down_mbit_s: Percentiles
    up_mbit_s: Percentiles
    bursts: Bursts
    source: str
    up_share: float = 0.55
    holds_at_handover: bool = True


_5G_BURSTS = Bursts(60.0, 60.0, 0.5)
_LTE_BURSTS = Bursts(25.0, 100.0, 0.5)
_WIFI_BURSTS = Bursts(15.0, 40.0, 0.5)
_UP_5G = Percentiles(10, 40, 90)  # assumed

NR_MID_BAND = AccessProfile(
    "nr-mid-band", Percentiles(8, 10, 14), Percentiles(120, 350, 800), _UP_5G, _5G_BURSTS, "assumed"
)
NR_MMWAVE = AccessProfile(
    "nr-mmwave",
    Percentiles(6, 7, 9),
    Percentiles(8, 429, 1390),
    _UP_5G,
    _5G_BURSTS,
    "SIGCOMM'21 5G artifact (n=122), Lumos5G",
)
NR_LOW_BAND = AccessProfile(
    "nr-low-band",
    Percentiles(13, 15, 20),
    Percentiles(41, 118, 247),
    _UP_5G,
    _5G_BURSTS,
    "SIGCOMM'21 5G artifact (n=46)",
)
NR_LOW_BAND_B = AccessProfile(
    "nr-low-band-b",
    Percentiles(17, 20, 27),
    Percentiles(71, 141, 222),
    _UP_5G,
    _5G_BURSTS,
    "SIGCOMM'21 5G artifact (n=31)",
)
NR_LOW_BAND_SA = AccessProfile(
    "nr-low-band-sa",
    Percentiles(43, 59, 61),
    Percentiles(23, 38, 67),
    _UP_5G,
    _5G_BURSTS,
    "SIGCOMM'21 5G artifact (n=31)",
)
LTE = AccessProfile(
    "lte", Percentiles(18, 22, 27), Percentiles(3, 30, 110), Percentiles(2, 12, 40), _LTE_BURSTS,
    "SIGCOMM'21 5G artifact (n=9), Lumos5G; upwards assumed",
)  # fmt: skip
WIFI = AccessProfile(
    "wifi", Percentiles(3, 5, 12), Percentiles(30, 150, 400), Percentiles(20, 100, 300), _WIFI_BURSTS, "assumed",
    up_share=0.5, holds_at_handover=False,
)  # fmt: skip
URLLC = AccessProfile(
    "urllc",
    Percentiles(1.6, 2, 3),
    Percentiles(20, 50, 100),
    Percentiles(10, 30, 60),
    Bursts(600.0, 20.0, 0.5),
    "assumed",
)
PROFILES = {
    profile.name: profile
    for profile in (NR_MID_BAND, NR_MMWAVE, NR_LOW_BAND, NR_LOW_BAND_B, NR_LOW_BAND_SA, LTE, WIFI, URLLC)
}
PROFILE_OF_KIND = {"nr": NR_MID_BAND, "lte": LTE, "wifi": WIFI, "nsa": NR_LOW_BAND}
"""What each kind of cell is: 5G standalone, LTE, Wi-Fi, and 5G non-standalone (an NR carrier whose anchor and core are LTE's)."""

WEAK_DBM = -105.0
WEAK_MS_PER_DB = 0.4
MOST_WEAK_MS = 8.0


def weak_signal_rtt_ms(signal_dbm: float) -> float:
    """What retransmissions at the edge of a cell add to the round trip, in ms: assumed, 0.4 ms a dB below -105 dBm, at most 8."""
    return min(max(0.0, (WEAK_DBM - signal_dbm) * WEAK_MS_PER_DB), MOST_WEAK_MS)


@dataclass(frozen=True)
class Gap:
    """A lognormal silence of the radio; ``sigma`` is that of the logarithm."""

    median_ms: float
    sigma: float
    source: str


_SIGCOMM22 = "SIGCOMM'22 5G mobility artifact: "
_GAPS = {
    ("lte", "lte"): Gap(36.0, 0.28, _SIGCOMM22 + "LTE (n=5,693)"),
    ("lte", "nr"): Gap(41.0, 0.36, _SIGCOMM22 + "NSA leg add (n=8,165)"),
    ("nr", "lte"): Gap(57.0, 0.23, _SIGCOMM22 + "NSA leg release (n=5,647)"),
    ("nr", "nr"): Gap(34.0, 0.22, _SIGCOMM22 + "NSA leg modify (n=4,945)"),
    ("lte", "nsa"): Gap(41.0, 0.36, _SIGCOMM22 + "NSA leg add (n=8,165)"),
    ("nsa", "lte"): Gap(57.0, 0.23, _SIGCOMM22 + "NSA leg release (n=5,647)"),
    ("nsa", "nsa"): Gap(49.0, 0.32, _SIGCOMM22 + "NSA anchor handover (n=6,571)"),
    # between the two cores: none was measured; what LTE and an NR leg take
    ("nsa", "nr"): Gap(41.0, 0.36, "assumed, as LTE to NR"),
    ("nr", "nsa"): Gap(57.0, 0.23, "assumed, as NR to LTE"),
}
_ROAM = Gap(72.0, 0.2, "assumed: a Wi-Fi roam with a pre-shared key, 50 to 100 ms by vendors' guides")


def handover_gap(source_kind: str, target_kind: str) -> Gap:
    """How long the radio is silent when a UE changes between cells of these kinds."""
    return _GAPS.get((source_kind, target_kind), _ROAM)
