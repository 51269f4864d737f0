"""All checks over all sessions of a run: what ``history``, ``belief`` and ``replay`` found, in one place.

Derived from the logs of instances, gateways and clients alone; the control plane is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fedge.report.belief import check_belief
from fedge.report.findings import CHECKS, HASHES, LOST, TWO_WRITERS, Finding, count_of, counts
from fedge.report.history import check_history, check_routes
from fedge.report.replay import GameOf, replay
from fedge.report.session_logs import SessionLog
from fedge.report.timeline import NO_LINE, LineTicks, Visit
from fedge.report.traces import Records

MOST_FINDINGS = 50


@dataclass(frozen=True)
class Integrity:
    """``not_replayed``: sessions whose application's code was not at hand, so that their digests went unchecked."""

    findings: list[Finding]
    sessions: int
    ticks_replayed: int
    not_replayed: int

    @property
    def ok(self) -> bool:
        """Nothing to complain of, and nothing left unchecked."""
        return not self.findings and not self.not_replayed

    @property
    def state_hash_mismatches(self) -> int:
        return count_of(self.findings, HASHES)

    @property
    def two_writer_violations(self) -> int:
        return count_of(self.findings, TWO_WRITERS)

    @property
    def acknowledged_then_lost(self) -> int:
        return count_of(self.findings, LOST)

    def as_json(self) -> dict[str, Any]:
        """The report's ``integrity``."""
        return {
            "ok": self.ok,
            "sessions": self.sessions,
            "ticks_replayed": self.ticks_replayed,
            "sessions_not_replayed": self.not_replayed,
            "checks": counts(self.findings),
        }

    def evidence(self, logs: dict[int, SessionLog]) -> list[dict[str, Any]]:
        """The report's ``findings``: at most 50, every check that complained before any second complaint of one."""
        rank: dict[str, int] = {}
        keyed = []
        for finding in self.findings:
            nth = rank[finding.check] = rank.get(finding.check, 0) + 1
            keyed.append((nth, list(CHECKS).index(finding.check), finding))
        keyed.sort(key=lambda row: row[:2])
        names = {key: log.session for key, log in logs.items()}
        return [finding.as_json(names.get(finding.key, "")) for _, _, finding in keyed[:MOST_FINDINGS]]


def check_run(
    logs: dict[int, SessionLog],
    lines: dict[int, LineTicks],
    accepted: dict[int, Records],
    visits: dict[int, list[Visit]],
    routes: list[dict[str, Any]],
    game_of: GameOf,
) -> Integrity:
    """Everything by session key. ``accepted``: GOT records that the client accepted; may name keys that no log knows."""
    findings = check_routes(routes)
    replayed = skipped = 0
    for log in logs.values():
        findings.extend(check_history(log))
        game = game_of(log.app)
        if game is None:
            skipped += 1
        else:
            ticks, mismatches = replay(log, game)
            replayed += ticks
            findings.extend(mismatches)
    for key, frames in accepted.items():
        findings.extend(
            check_belief(key, frames, visits.get(key, []), logs.get(key), lines.get(key, NO_LINE))
        )
    return Integrity(findings, len(logs), replayed, skipped)
