"""Round trips and the fate of inputs, at the client: from an input sent to the frame that acknowledged it.

``rtt`` of an input ends with the first accepted frame whose stable_seq reaches its number; ``network_rtt`` leaves out the
wait_us of that frame, the time that the input stable_seq waited for its tick at the instance. (For inputs that one frame
acknowledges together this is the wait of the last of them.) An input is late if it was applied more than 100 ms after sending.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fedge.report.timeline import LineTicks
from fedge.report.traces import Ints, Records

LATE_NS = 100_000_000
SLOT_NS = 1_000_000_000
SLOW_FRAME_MS = 50.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RoundTrips:
    """One session: a row an input number (sent and acknowledged), and a row a frame that acknowledged something new."""

    sent: int
    acknowledged: int
    late: int
    sent_ns: Ints
    rtt_ms: Floats
    network_rtt_ms: Floats
    frame_rtt_ms: Floats


def round_trips(sent: Records, accepted: Records, line: LineTicks) -> RoundTrips:
    """``sent``: SENT records, ``accepted``: accepted GOT records of one session, both in time order."""
    seq, first = np.unique(sent["a"], return_index=True)
    sent_ns = sent["t_ns"][first]
    late = int((applied_after_ns(seq, sent_ns, line) > LATE_NS).sum())
    if not len(accepted) or not len(seq):
        none = np.zeros(0)
        return RoundTrips(len(seq), 0, late, sent_ns[:0], none, none, none)
    reached = np.maximum.accumulate(accepted["c"])
    at = np.searchsorted(reached, seq, side="left")
    known = at < len(reached)
    at, sent_known = at[known], sent_ns[known]
    rtt_ms = np.maximum(accepted["t_ns"][at] - sent_known, 0) / 1e6
    network_ms = np.maximum(rtt_ms - accepted["d"][at] / 1e3, 0.0)
    last_of_frame = np.append(at[1:] != at[:-1], True) if len(at) else np.zeros(0, dtype=bool)
    return RoundTrips(len(seq), int(known.sum()), late, sent_known, rtt_ms, network_ms, rtt_ms[last_of_frame])


def applied_after_ns(seq: Ints, sent_ns: Ints, line: LineTicks) -> Ints:
    """How long after sending each input was applied (ns); 0 for one that no surviving log holds."""
    if not len(line.seq):
        return np.zeros(len(seq), dtype=np.int64)
    numbers, first = np.unique(line.seq, return_index=True)
    at = np.minimum(np.searchsorted(numbers, seq), len(numbers) - 1)
    after: Ints = np.where(numbers[at] == seq, line.applied_ns[first][at] - sent_ns, 0)
    return after


def slot_medians(trips: RoundTrips, begun_ns: int) -> dict[int, float]:
    """Median round trip by second since ``begun_ns`` (ms): the unit that two policies are compared in."""
    slots = (trips.sent_ns - begun_ns) // SLOT_NS
    return {int(slot): round(float(np.median(trips.rtt_ms[slots == slot])), 3) for slot in np.unique(slots)}


def spread(
    values: Floats | list[float], *, n: bool = False, most: bool = False, p95: bool = True
) -> dict[str, float]:
    """{p50, p95, p99} of ``values`` with n and max where asked for; all 0 for no values (n says so)."""
    figures = np.asarray(values, dtype=float)
    points = {"p50": 50, **({"p95": 95} if p95 else {}), "p99": 99}
    found: dict[str, float] = {"n": len(figures)} if n else {}
    for name, point in points.items():
        found[name] = round(float(np.percentile(figures, point)), 3) if len(figures) else 0.0
    if most:
        found["max"] = round(float(figures.max()), 3) if len(figures) else 0.0
    return found
