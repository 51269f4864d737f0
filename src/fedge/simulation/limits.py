"""How large a run may be, whoever describes it: the command line's options or a scenario file."""

from __future__ import annotations

MOST_SITES = 125
"""site i has the addresses 127.R.(10 + i).*, and UEs start at 127.R.200"""
MOST_PLAYERS = 1000
LARGEST_SEED = 2**32 - 1
SMALLEST_STATE, LARGEST_STATE = 8192, 1 << 30
SLOWEST, FASTEST = 0.1, 100.0
"""of ``time_scale``"""
LONGEST_BACKHAUL_MS = 1000.0
SHORTEST_PLAY_S = 5.0
