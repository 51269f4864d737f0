"""A state machine as diagram and table, from its ``TRANSITIONS`` alone: the texts of ``docs/state-machines``."""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.model import Transition


def chart(
    title: str, source: str, said: str, transitions: Sequence[Transition], ended: Sequence[str] = ()
) -> str:
    """Markdown: a mermaid state diagram, and who may leave which state by what. ``source``: the table's name in the code."""
    arrows = [f"    {one.state} --> {one.next}: {one.event}" for one in transitions]
    ends = [f"    {state} --> [*]" for state in ended]
    rows = [f"| {one.state} | {one.event} | {one.actor} | {one.next} |" for one in transitions]
    return "\n".join(
        [
            f"# {title}",
            "",
            f"Written by `python docs/state-machines/generate.py` from `{source}`; do not edit.",
            said,
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
