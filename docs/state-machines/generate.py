"""Writes the pages beside this file from the code's own tables. Run it after a change of ``TRANSITIONS``; a test compares."""

from __future__ import annotations

from pathlib import Path

from fedge.core import exposure, mobility, quality, steering
from fedge.core.mobility.chart import chart
from fedge.core.mobility.move import ENDED

PAGES = {
    "move.md": chart(
        "The states of a move",
        "fedge.core.mobility.move.TRANSITIONS",
        "Before ACTIVATED a move can end as if it had not begun. After it only the client's promise takes it back.",
        mobility.TRANSITIONS,
        ENDED,
    ),
    "path.md": chart(
        "The states of a path through the 5G core",
        "fedge.core.steering.path.TRANSITIONS",
        "One for each session that the core steers. Where the traffic goes changes in SWITCHING alone.",
        steering.TRANSITIONS,
    ),
    "subscription.md": chart(
        "The states of a subscription at the 5G operator",
        "fedge.core.exposure.subscription.TRANSITIONS",
        "One for each thing that is wanted of the operator. A doubt is ended by the operator's own list alone.",
        exposure.TRANSITIONS,
    ),
    "quality-session.md": chart(
        "The states of a quality session",
        "fedge.core.quality.session.TRANSITIONS",
        "What CAMARA calls a QoS session. The operator grants and ends; Fedge sees to the time.",
        quality.TRANSITIONS,
        ("GONE",),
    ),
}

if __name__ == "__main__":
    for page, text in PAGES.items():
        Path(__file__).with_name(page).write_text(text)
