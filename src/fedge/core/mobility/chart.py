"""The state machine of a move as diagram and table, from ``TRANSITIONS`` alone: the text of ``docs/state-machines/move.md``."""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.mobility.move import ENDED, Transition


def chart(transitions: Sequence[Transition]) -> str:
    """Markdown: a mermaid state diagram, and who may leave which state by what."""
    arrows = [f"    {one.state} --> {one.next}: {one.event}" for one in transitions]
    ends = [f"    {state} --> [*]" for state in ENDED]
    rows = [f"| {one.state} | {one.event} | {one.actor} | {one.next} |" for one in transitions]
    return "\n".join(
        [
            "# The states of a move",
            "",
            "Written by `python docs/state-machines/generate.py` from `fedge.core.mobility.move.TRANSITIONS`; do not edit.",
            "Before ACTIVATED a move can end as if it had not begun. After it only the client's promise takes it back.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {transitions[0].state}",
            *arrows,
            *ends,
            "```",
            "",
            "| in state | event | caused by | leads to |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
