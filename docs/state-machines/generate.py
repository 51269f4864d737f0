"""Writes ``move.md`` beside this file from the code's own table. Run it after a change of ``TRANSITIONS``; a test compares."""

from __future__ import annotations

from pathlib import Path

from fedge.core.mobility.chart import chart
from fedge.core.mobility.move import TRANSITIONS

if __name__ == "__main__":
    Path(__file__).with_name("move.md").write_text(chart(TRANSITIONS))
