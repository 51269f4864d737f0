"""Does what the instances wrote make one history? (invariants 1, 3 and 4, from the session logs alone)

Ticks of the surviving line must follow each other, inputs too, each once; a source must fall silent at HANDED_OVER; an epoch has
one writer and one answer. What the clients made of it is judged in ``belief.py``, the state itself in ``replay.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from fedge.report.findings import Finding
from fedge.report.session_logs import Segment, SessionLog
from fedge.report.traces import session_key
from fedge_sdk.store import TickRecord


def check_history(log: SessionLog) -> list[Finding]:
    """Everything that one session's logs contradict each other in."""
    found = list(_unbroken(log))
    found.extend(_one_writer(log))
    for segment in log.segments:
        if segment.unreadable:
            evidence = f"{segment.site}/{segment.folder.name}: {segment.unreadable}"
            found.append(Finding("log_unreadable", log.key, epochs=(segment.epoch,), evidence=evidence))
    return found


def _unbroken(log: SessionLog) -> Iterator[Finding]:
    """Ticks and input numbers along the surviving line."""
    tick = stable = 0
    for segment in log.line:
        if segment.opened:
            tick, stable = int(segment.meta.get("tick", 0)), int(segment.meta.get("stable_seq", 0))
        for record in segment.ticks:
            if record.tick != tick + 1:
                check, n = ("tick_gap", record.tick - tick - 1) if record.tick > tick else ("tick_twice", 1)
                yield _at(check, log, segment, record, n, f"after tick {tick} comes tick {record.tick}")
            tick = record.tick
            count = len(record.inputs)
            if not count:
                continue
            if record.first_seq > stable + 1:
                says = f"after input {stable} comes input {record.first_seq}"
                yield _at("input_gap", log, segment, record, record.first_seq - stable - 1, says)
            elif record.first_seq <= stable:
                again = min(stable - record.first_seq + 1, count)
                says = f"inputs {record.first_seq} to {record.first_seq + again - 1} were applied before"
                yield _at("input_twice", log, segment, record, again, says)
            stable = max(stable, record.first_seq + count - 1)


def _one_writer(log: SessionLog) -> Iterator[Finding]:
    for segment in log.segments:
        more = segment.after_hand_over
        if more and segment.handed_over is not None:
            yield Finding(
                "wrote_after_hand_over",
                log.key,
                n=len(more),
                epochs=(segment.epoch, segment.handed_to),
                ticks=(more[0].tick, more[-1].tick),
                t_ns=(more[0].t_ns, more[-1].t_ns),
                evidence=f"{segment.site} handed over after tick {segment.handed_over.get('tick')}",
            )
    writers: dict[int, list[Segment]] = defaultdict(list)
    for segment in log.segments:
        if segment.ticks:
            writers[segment.epoch].append(segment)
    for epoch, segments in writers.items():
        if len(segments) > 1:
            where = ", ".join(
                f"{s.site}/{s.folder.name} ticks {s.ticks[0].tick}–{s.ticks[-1].tick}" for s in segments
            )
            times = tuple(segment.ticks[0].t_ns for segment in segments)
            yield Finding(
                "two_copies_of_an_epoch", log.key, len(segments) - 1, (epoch,), t_ns=times, evidence=where
            )
    yield from _one_answer(log)


def _one_answer(log: SessionLog) -> Iterator[Finding]:
    verdicts: dict[int, dict[str, str]] = defaultdict(dict)
    for answer in log.answers:
        verdicts[answer.epoch][answer.verdict] = answer.where
    for segment in log.segments:
        for record in segment.records:
            if not isinstance(record, TickRecord) and record.get("event") in ("activated", "refused"):
                verdicts[int(record.get("epoch", segment.epoch))][str(record["event"]).upper()] = segment.site
    for epoch, said in verdicts.items():
        if len(said) > 1:
            evidence = ", ".join(f"{verdict} at {where}" for verdict, where in sorted(said.items()))
            yield Finding("two_answers", log.key, epochs=(epoch,), evidence=evidence)


def _at(check: str, log: SessionLog, segment: Segment, record: TickRecord, n: int, evidence: str) -> Finding:
    where = f"{segment.site}, epoch {segment.epoch}: {evidence}"
    return Finding(check, log.key, n, (segment.epoch,), (record.tick,), (record.t_ns,), where)


def check_routes(routes: Iterable[dict[str, object]]) -> list[Finding]:
    """Route generations only rise, at every gateway (invariant 2); ``routes`` are the lines of all ``gateway.jsonl``."""
    highest: dict[tuple[str, int], int] = {}
    found = []
    for line in routes:
        site, key = str(line.get("site", "")), session_key(line.get("key"))
        generation = int(str(line.get("generation") or 0))
        before = highest.get((site, key), 0)
        if generation < before:
            evidence = f"gateway of {site}: generation {generation} after {before}"
            found.append(
                Finding("generation_fell", key, t_ns=(int(str(line.get("t_ns") or 0)),), evidence=evidence)
            )
        highest[site, key] = max(before, generation)
    return found
