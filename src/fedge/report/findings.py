"""What the offline checker may complain of: one name a check, and what it counts towards in the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

TWO_WRITERS = "two writers"
HISTORY = "history"
HASHES = "hashes"
LOST = "lost"
ROUTES = "routes"

CHECKS: dict[str, tuple[str, str]] = {
    "epoch_went_back": (
        TWO_WRITERS,
        "the client accepted a frame of an epoch below one that it had accepted",
    ),
    "below_epoch_floor": (TWO_WRITERS, "the client accepted a frame below the epoch that attaching told it"),
    "tick_under_two_epochs": (
        TWO_WRITERS,
        "the client accepted the same tick, or an earlier one, from a second writer",
    ),
    "stable_seq_went_back": (
        TWO_WRITERS,
        "an accepted frame acknowledges less than one of a writer before it",
    ),
    "void_epoch_accepted": (
        TWO_WRITERS,
        "the client accepted frames of an epoch beside the surviving history",
    ),
    "epochs_overlap": (TWO_WRITERS, "two epochs that the client accepted were written at the same time"),
    "wrote_after_hand_over": (
        TWO_WRITERS,
        "a source went on ticking after HANDED_OVER without having resumed",
    ),
    "two_copies_of_an_epoch": (TWO_WRITERS, "more than one copy wrote ticks under the same epoch"),
    "two_answers": (TWO_WRITERS, "different answers to the same hand-over are on record"),
    "client_saw_two_writers": (TWO_WRITERS, "the client flagged a frame that the other checks did not"),
    "tick_gap": (HISTORY, "a tick is missing in the surviving history"),
    "tick_twice": (HISTORY, "a tick was run twice in the surviving history"),
    "input_gap": (HISTORY, "an input number was skipped"),
    "input_twice": (HISTORY, "an input was applied twice"),
    "frame_not_in_log": (HISTORY, "the client accepted a frame whose tick its writer never logged"),
    "acknowledged_ahead_of_log": (HISTORY, "a frame acknowledged inputs that were not logged by its tick"),
    "no_log": (HISTORY, "a client accepted frames of a session that has no log"),
    "log_unreadable": (HISTORY, "a session log breaks off with bytes that are no record"),
    "state_digest": (HASHES, "running the log again gives another state than the one recorded"),
    "chain": (HASHES, "running the log again gives another hash chain of the inputs than the one recorded"),
    "place": (HASHES, "a record says another tick or stable_seq than its log is at"),
    "image": (HASHES, "a copy's image is not what its digest says"),
    "replay_failed": (HASHES, "the game failed when its log was run again"),
    "client_chain": (HASHES, "a frame's hash chain is not that of the inputs which its client sent"),
    "acknowledged_then_lost": (LOST, "an acknowledged input is in no surviving log"),
    "restarted_from_nothing": (
        LOST,
        "the session was opened a second time: what it had acknowledged before is gone",
    ),
    "generation_fell": (ROUTES, "a gateway went back to a lower route generation"),
}


@dataclass(frozen=True)
class Finding:
    """One complaint with its evidence. ``n`` is how often; ``ticks`` and ``t_ns`` are [first, last] where they are known."""

    check: str
    key: int
    n: int = 1
    epochs: tuple[int, ...] = ()
    ticks: tuple[int, ...] = ()
    t_ns: tuple[int, ...] = ()
    evidence: str = ""

    def as_json(self, session: str) -> dict[str, Any]:
        line = asdict(self) | {"key": f"{self.key:016x}", "session": session, "says": CHECKS[self.check][1]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in line.items()}


def count_of(findings: Iterable[Finding], group: str) -> int:
    """How many faults of one group there are."""
    return sum(finding.n for finding in findings if CHECKS[finding.check][0] == group)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Every check by name with its number of faults, those without any included: silence is shown, not implied."""
    found: Counter[str] = Counter()
    for finding in findings:
        found[finding.check] += finding.n
    return {name: found[name] for name in CHECKS}
