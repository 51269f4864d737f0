"""The interruption that is told while a run is on is the report's: same stream, same window, same figure."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fedge.report.windows import Stream, Window, interruption_ms
from fedge.simulation.session_watch import AFTER_NS, BEFORE_NS, Frame, SessionWatch
from fedge_sdk.game import TICK_NS
from fedge_sdk.wire import encode_inputs

MS = 1_000_000
GAPS_MS = st.integers(5, 40) | st.integers(5, 300)


@given(before=st.lists(GAPS_MS, min_size=1, max_size=60), after=st.lists(GAPS_MS, max_size=120))
def test_it_is_the_reports(before: list[int], after: list[int]) -> None:
    times = np.cumsum([0, *before, *after, 2_000]) * MS
    ticks = np.arange(1, len(times) + 1)
    first_new = len(before)
    watch = SessionWatch()
    watch.input_arrived(encode_inputs(1, 1, 1, 0, 1, [b"left"]), 0, 0, 0)
    told = [
        watch.frame_arrived(Frame(1, 1 + (n >= first_new), n + 1, 0, 0), int(at))
        for n, at in enumerate(times)
    ]
    [change] = [one for one in told if one is not None]
    begins = max(int(times[first_new - 1]) - BEFORE_NS, int(times[0]))
    window = Window(1, begins, int(times[first_new]) + AFTER_NS)
    live_ms = max(0.0, (change.gap_ns - TICK_NS) / MS)
    assert live_ms == interruption_ms(Stream(ticks, times), window)
