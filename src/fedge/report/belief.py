"""What the clients believed, held against the logs: invariants 1 and 3 as a player would notice them.

A client is the arbiter of a move's commit point, so the frames that it accepted decide what must be true: they belong to the
surviving line, their epochs never go back, no tick comes from two writers, and whatever they acknowledge is in a log that
survives. The checks do not trust the client's own epoch rule; with that switched off they must complain.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fedge.report.findings import TWO_WRITERS, Finding, count_of
from fedge.report.session_logs import SessionLog
from fedge.report.timeline import LineTicks, Visit
from fedge.report.traces import Ints, Records
from fedge.wire.records import CHAIN_MISMATCH, STABLE_WENT_BACK, TICK_TWICE

NEVER = 1 << 40
"""An epoch that no session reaches."""


def check_belief(
    key: int, accepted: Records, visits: list[Visit], log: SessionLog | None, line: LineTicks
) -> list[Finding]:
    """``accepted``: the session's accepted GOT records in time order, over all its visits.

    A session that was opened twice had two lives, each with its own ticks and numbers; what the first acknowledged is lost.
    """
    if not len(accepted):
        return []
    if log is None:
        return [_about("no_log", key, accepted)]
    found = [*_epochs(key, accepted, visits), *_against_log(log, accepted, line)]
    lives = [segment.epoch for segment in log.line if segment.opened] or [0]
    for n, since in enumerate(lives):
        later = lives[n + 1] if n + 1 < len(lives) else NEVER
        own = accepted[(accepted["a"] < later) & ((accepted["a"] >= since) | (n == 0))]
        found.extend(_writers(key, own))
        if later < NEVER and len(own) and own["c"].max():
            evidence = f"opened as epoch {since} and again as epoch {later}"
            found.append(_about("restarted_from_nothing", key, own, evidence, n=int(own["c"].max())))
        elif len(own):
            found.extend(acknowledged_then_lost(log, own, line))
    broken = accepted[(accepted["flags"] & CHAIN_MISMATCH) > 0]
    if len(broken):
        found.append(_about("client_chain", key, broken))
    flagged = accepted[(accepted["flags"] & (STABLE_WENT_BACK | TICK_TWICE)) > 0]
    if len(flagged) and not count_of(found, TWO_WRITERS):
        found.append(_about("client_saw_two_writers", key, flagged))
    return found


def _about(
    check: str, key: int, frames: Records, evidence: str = "", epochs: tuple[int, ...] = (), n: int = 0
) -> Finding:
    """A complaint about ``frames``: their epochs unless others are named, their ticks and times, their number unless ``n``."""
    ticks, times = frames["b"], frames["t_ns"]
    span, when = (int(ticks.min()), int(ticks.max())), (int(times.min()), int(times.max()))
    return Finding(
        check, key, n or len(frames), epochs or tuple(np.unique(frames["a"]).tolist()), span, when, evidence
    )


def _epochs(key: int, accepted: Records, visits: list[Visit]) -> Iterator[Finding]:
    epochs = accepted["a"]
    highest = np.maximum.accumulate(epochs)
    lower = epochs < highest
    if lower.any():
        both = (int(epochs[lower][0]), int(highest[lower][0]))
        yield _about("epoch_went_back", key, accepted[lower], epochs=both)
    for visit in visits:
        here = (
            (accepted["t_ns"] >= visit.from_ns)
            & (accepted["t_ns"] <= visit.to_ns)
            & (epochs < visit.epoch_floor)
        )
        if here.any():
            evidence = f"attached with floor {visit.epoch_floor} at {visit.from_ns}"
            yield _about("below_epoch_floor", key, accepted[here], evidence)


def _writers(key: int, accepted: Records) -> Iterator[Finding]:
    """No tick from two writers, and no later writer that knows less. Datagrams may overtake each other; ticks tell the order."""
    last_tick = last_stable = -1
    before = 0
    for epoch in np.unique(accepted["a"]):
        own = accepted[accepted["a"] == epoch]
        again = own[own["b"] <= last_tick]
        if len(again):
            evidence = f"an earlier epoch was believed up to tick {last_tick}"
            n = len(np.unique(again["b"]))
            yield _about("tick_under_two_epochs", key, again, evidence, (before, int(epoch)), n)
        least = own[own["c"] < last_stable]
        if len(least):
            evidence = f"input {last_stable} was acknowledged before, now only {int(least['c'].min())}"
            yield _about("stable_seq_went_back", key, least, evidence, (before, int(epoch)))
        ordered = own[np.argsort(own["b"], kind="stable")]
        falls = np.flatnonzero(np.diff(ordered["c"]) < 0)
        if len(falls):
            yield _about(
                "stable_seq_went_back", key, ordered[falls + 1], "within one epoch, in the order of its ticks"
            )
        last_tick, last_stable = max(last_tick, int(own["b"].max())), max(last_stable, int(own["c"].max()))
        before = int(epoch)


def _against_log(log: SessionLog, accepted: Records, line: LineTicks) -> Iterator[Finding]:
    beside = ~np.isin(accepted["a"], list(line.epochs))
    if beside.any():
        evidence = f"the surviving epochs are {sorted(line.epochs)}"
        yield _about("void_epoch_accepted", log.key, accepted[beside], evidence)
    place = place_in_line(line, accepted["a"], accepted["b"])
    unlogged = accepted[~beside & (place < 0)]
    if len(unlogged):
        yield _about("frame_not_in_log", log.key, unlogged)
    logged = accepted[place >= 0]
    ahead = logged[logged["c"] > line.stable[place[place >= 0]]] if len(line.stable) else logged[:0]
    if len(ahead):
        yield _about("acknowledged_ahead_of_log", log.key, ahead)
    yield from _overlaps(log, accepted)


def place_in_line(line: LineTicks, epochs: Ints, ticks: Ints) -> Ints:
    """For each (epoch, tick) its row in ``line``, -1 where it has none."""
    if not len(line.tick):
        return np.full(len(ticks), -1, dtype=np.int64)
    ours, theirs = (line.epoch << 32) | line.tick, (epochs << 32) | ticks
    order = np.argsort(ours, kind="stable")
    at = np.minimum(np.searchsorted(ours[order], theirs), len(ours) - 1)
    rows: Ints = np.where(ours[order][at] == theirs, order[at], -1)
    return rows


def _overlaps(log: SessionLog, accepted: Records) -> Iterator[Finding]:
    """Of two epochs that were believed, one must have been written to its last believed tick before the other began."""
    spans = []
    for epoch in np.unique(accepted["a"]):
        own = accepted[accepted["a"] == epoch]
        first, last = int(own["b"].min()), int(own["b"].max())
        times = [
            record.t_ns
            for segment in log.segments
            if segment.epoch == epoch
            for record in [*segment.ticks, *segment.after_hand_over]
            if first <= record.tick <= last
        ]
        if times:
            spans.append((int(epoch), min(times), max(times)))
    for n, (lower, _, until) in enumerate(spans):
        for higher, since, _ in spans[n + 1 :]:
            if since < until:
                evidence = f"epoch {lower} was written until {until}, epoch {higher} from {since} on"
                yield Finding(
                    "epochs_overlap", log.key, epochs=(lower, higher), t_ns=(since, until), evidence=evidence
                )


def acknowledged_then_lost(log: SessionLog, accepted: Records, line: LineTicks) -> list[Finding]:
    """Inputs that a believed frame acknowledged and that the surviving line does not hold, or holds with other content.

    ``accepted`` are the frames of the session's last life, and of the line only that life counts: numbers begin anew with it.
    """
    root = max((n for n, segment in enumerate(log.line) if segment.opened), default=0)
    alive = log.line[root:]
    beside = accepted[place_in_line(line, accepted["a"], accepted["b"]) < 0]
    most = int(accepted["c"].max())
    begun_at = int(alive[0].meta.get("stable_seq", 0)) if alive else 0
    kept = {
        t.first_seq + n: data for segment in alive for t in segment.ticks for n, data in enumerate(t.inputs)
    }
    kept_to = max(kept, default=begun_at)
    lost = set(range(kept_to + 1, most + 1))
    believed = {int(epoch): int(beside["c"][beside["a"] == epoch].max()) for epoch in np.unique(beside["a"])}
    for segment, ticks in [
        *((s, s.ticks) for s in log.void),
        *((s, s.after_hand_over) for s in log.segments),
    ]:
        for record in ticks:
            for n, data in enumerate(record.inputs):
                seq = record.first_seq + n
                if seq <= believed.get(segment.epoch, 0) and kept.get(seq) != data:
                    lost.add(seq)
    if not lost:
        return []
    evidence = f"inputs {min(lost)} to {max(lost)}; the surviving log ends with input {kept_to}"
    return [Finding("acknowledged_then_lost", log.key, len(lost), tuple(sorted(believed)), evidence=evidence)]
