"""What the radio does to packets: distributions as in their sources, bursts, order, and the silence of a handover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fedge.core.model import MS, SECOND
from fedge.simulation.air import HANDOVER_BUFFER_BYTES, Air
from fedge.simulation.fading import SLOTS, Fading
from fedge.simulation.profiles import (
    NR_MID_BAND,
    PROFILES,
    AccessProfile,
    Bursts,
    Percentiles,
    fit,
    handover_gap,
    weak_signal_rtt_ms,
)

NEVER = Bursts(1e9, 10.0, 0.5)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_round_trips_have_the_percentiles_of_their_source(profile: AccessProfile) -> None:
    fading = Fading(5, 60)
    up, down = Air(), Air()
    up.tune(profile.rtt_ms, profile.up_share, 1000.0)
    down.tune(profile.rtt_ms, 1 - profile.up_share, 1000.0)
    rtts = []
    for second in range(60):
        z = fading.next_second([profile.bursts] * 60).z
        now = second * 100 * SECOND
        for ue in range(60):
            at = now + ue * SECOND  # far apart, so that order plays no part
            rtts.append((up.due(at, 100, z[0, ue]) + down.due(at, 100, z[0, ue]) - 2 * at) / MS)
    p5, p50, p95 = np.percentile(rtts, [5, 50, 95])
    assert p5 == pytest.approx(profile.rtt_ms.p5, rel=0.08)
    assert p50 == pytest.approx(profile.rtt_ms.p50, rel=0.06)
    assert p95 == pytest.approx(profile.rtt_ms.p95, rel=0.08)


@pytest.mark.parametrize("points", [Percentiles(6, 7, 9), Percentiles(43, 59, 61), Percentiles(10, 15, 20)])
def test_a_fit_goes_through_its_points(points: Percentiles) -> None:
    fitted = fit(points)
    assert fitted.at(-1.6449) == pytest.approx(points.p5, rel=0.01)
    assert fitted.at(0) == pytest.approx(points.p50, rel=0.01)
    assert fitted.at(1.6449) == pytest.approx(points.p95, rel=0.01)


def test_every_profile_names_its_source() -> None:
    assert all("SIGCOMM" in profile.source or "assumed" in profile.source for profile in PROFILES.values())
    assert {name for name, profile in PROFILES.items() if profile.source == "assumed"} == {
        "nr-mid-band",
        "wifi",
        "urllc",
    }


@pytest.mark.parametrize(
    ("change", "p5", "p50", "p95"),
    [
        (("lte", "lte"), 26, 36, 62),
        (("lte", "nr"), 24, 41, 71),
        (("nr", "lte"), 44, 57, 80),
        (("wifi", "nr"), 50, 72, 100),
        (("nsa", "nsa"), 28, 49, 82),
        (("lte", "nsa"), 24, 41, 71),
        (("nsa", "lte"), 44, 57, 80),
    ],
)
def test_gaps_have_the_percentiles_of_their_source(
    change: tuple[str, str], p5: float, p50: float, p95: float
) -> None:
    gap = handover_gap(*change)
    assert gap.median_ms == pytest.approx(p50)
    assert gap.median_ms * math.exp(-1.645 * gap.sigma) == pytest.approx(p5, rel=0.15)
    assert gap.median_ms * math.exp(1.645 * gap.sigma) == pytest.approx(p95, rel=0.15)


def test_luck_is_a_function_of_seed_and_time() -> None:
    bursts = [Bursts(5.0, 60.0, 0.5)] * 4
    whole = Fading(3, 4)
    seconds = [whole.next_second(bursts) for _ in range(12)]
    resumed = Fading(3, 4, first_second=10).next_second(bursts)
    assert resumed.second == 10
    np.testing.assert_allclose(resumed.z, seconds[10].z, atol=2e-3)
    assert not np.allclose(seconds[10].z, seconds[11].z)


def test_neighbouring_packets_see_nearly_the_same_delay() -> None:
    fading = Fading(3, 200)
    z = np.concatenate([fading.next_second([NEVER] * 200).z for _ in range(20)])
    assert z.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(z[:-1].ravel(), z[1:].ravel())[0, 1] > 0.93


def test_loss_comes_in_bursts() -> None:
    bursts = Bursts(every_s=4.0, last_ms=100.0, lose=0.5)
    fading = Fading(9, 100)
    lost = np.concatenate([fading.next_second([bursts] * 100).lost_up for _ in range(60)])
    share = lost.mean()
    assert share == pytest.approx(0.5 * 0.1 / 4.1, rel=0.25)
    after_a_loss = lost[1:][lost[:-1]].mean()
    assert after_a_loss > 10 * share
    assert len(lost) == 60 * SLOTS


def air(mbit_s: float = 100.0) -> Air:
    tuned = Air()
    tuned.tune(NR_MID_BAND.rtt_ms, 0.5, mbit_s)
    return tuned


def test_nothing_overtakes() -> None:
    radio = air()
    dues = [radio.due(n * MS, 100, 3.0 - n) for n in range(6)]
    assert dues == sorted(dues)
    assert len(set(dues)) == 6


def test_a_slow_link_spaces_packets_out() -> None:
    radio = air(mbit_s=1.0)
    first, second = radio.due(0, 1000, 0.0), radio.due(0, 1000, 0.0)
    assert second - first == pytest.approx(8 * MS, rel=0.01)


def test_a_cellular_handover_holds_and_then_bursts() -> None:
    radio = air()
    assert radio.due(0, 100, 0.0) < 10 * MS
    radio.silence(100 * MS, 140 * MS, holds=True)
    assert radio.due(90 * MS, 100, 0.0) < 100 * MS
    held = [radio.due(at * MS, 100, 0.0) for at in (98, 110, 125, 139)]
    assert all(140 * MS < due < 146 * MS for due in held)
    assert held == sorted(held)
    assert radio.due(150 * MS, 100, 0.0) < 160 * MS


def test_the_handover_buffer_is_finite() -> None:
    radio = air()
    radio.silence(0, 100 * MS, holds=True)
    kept = sum(radio.due(10 * MS, 1200, 0.0) > 0 for _ in range(300))
    assert kept == HANDOVER_BUFFER_BYTES // 1200


def test_a_wifi_roam_drops() -> None:
    radio = air()
    radio.silence(100 * MS, 170 * MS, holds=False)
    assert radio.due(120 * MS, 100, 0.0) == 0
    assert radio.due(171 * MS, 100, 0.0) > 0


def test_a_weak_signal_costs_time_within_bounds() -> None:
    assert weak_signal_rtt_ms(-90.0) == 0.0
    assert weak_signal_rtt_ms(-110.0) == pytest.approx(2.0)
    assert weak_signal_rtt_ms(-200.0) == 8.0
