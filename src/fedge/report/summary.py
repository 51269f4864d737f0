"""The report for a person: what ``fedge demo`` prints at its end, and two policies side by side. Text only, no terminal codes."""

from __future__ import annotations

from typing import Any

import numpy as np

Report = dict[str, Any]


def passed(report: Report) -> bool:
    """Whether every integrity check held. An input that was never acknowledged is a loss to count, not a broken promise."""
    return bool(report["integrity"]["ok"])


def summary(report: Report) -> str:
    """Some twenty aligned lines, the verdict last."""
    moves, gaps, inputs = report["moves"], report["interruption_ms"], report["inputs"]
    lines = [
        f"{report['players']} players, {report['sites']} sites, {report['watched_s']:.0f} s of play, seed {report['seed']},"
        f" policy {report['policy']}" + _scaled(report.get("time_scale")),
        "",
        _line("moves", f"{moves['released']} released, {moves['aborted']} aborted" + _unfinished(moves)),
        _line("handovers", f"{report['handovers']}"),
        _line("warm before them", _foresight(report["predictions"])),
        "",
        _line("", _columns("p50", "p95", "p99", "max") + "   ms"),
        *(_line(label, _spread(gaps[name])) for name, label in _GAPS),
        _line("round trip", _spread(report["rtt_ms"])),
        _line("of it, the network", _spread(report["network_rtt_ms"])),
        *(
            _line(f"round trip, {kind}", _spread(found["rtt_ms"]))
            for kind, found in report["by_access"].items()
        ),
        *(
            _line(f"a move, {kind}", f"{_spread(found['interruption_ms']['platform'])}{_led(found)}")
            for kind, found in report["by_access"].items()
            if found["moves"]
        ),
        "",
        _line("ticks lost a move", _lost(report["ticks_lost_per_move"])),
        _line("frames over 50 ms", f"{report['frames_over_50ms']} of {report['frames_acknowledging']}"),
        _line("inputs", f"{inputs['sent']} sent, {inputs['lost']} lost, {inputs['late']} applied late"),
        _line("state moved", _bytes(report["bytes_moved"])),
        _line("checked", _checked(report)),
        "",
        verdict(report),
    ]
    lines[-1:-1] = [f"  ! {_finding(found)}" for found in report["findings"][:5]]
    return "\n".join(lines)


def _led(found: dict[str, Any]) -> str:
    """How many of these moves were led by redirecting the client."""
    redirected = found["steering"].get("client", 0)
    return f", {redirected} redirected" if redirected else ""


_GAPS = (
    ("platform", "a move interrupts"),
    ("no_move", "no move, for scale"),
    ("radio", "a radio handover"),
    ("combined", "both, at the player"),
)


def verdict(report: Report) -> str:
    """One line: whether the promises held, and if not, which broke first."""
    moves, inputs = report["moves"], report["inputs"]
    if not passed(report):
        broken = [name for name, n in report["integrity"]["checks"].items() if n]
        why = (
            ", ".join(broken)
            if broken
            else f"{report['integrity']['sessions_not_replayed']} sessions could not be replayed"
        )
        return f"FAILED: integrity broken ({why})"
    held = "no acknowledged input lost, no state mismatch, never two writers"
    open_ends = [
        f"{moves[name]} moves {name.replace('_', ' ')}" for name in ("in_flight", "overdue") if moves[name]
    ]
    if inputs["lost"]:
        open_ends.append(f"{inputs['lost']} inputs never acknowledged")
    return f"Integrity held ({held}), but " + ", ".join(open_ends) if open_ends else f"OK: {held}"


def compare(follow: Report, stay: Report) -> tuple[dict[str, Any], str]:
    """Two runs on identical draws: (figures, text). Round trips are compared pair by pair: same player, same second of play.

    ``paired_difference_ms`` is follow − stay over the pairs that both runs have: below 0, following its player made it quicker.
    """
    differences = paired_differences(follow, stay)
    points = np.percentile(differences, (5, 50, 95)) if differences else (0.0, 0.0, 0.0)
    figures: dict[str, Any] = {
        "pairs": len(differences),
        "paired_difference_ms": {
            name: round(float(v), 3) for name, v in zip(("p5", "p50", "p95"), points, strict=True)
        },
        "share_quicker": round(sum(d < 0 for d in differences) / len(differences), 4) if differences else 0.0,
    }
    for name, report in (("follow", follow), ("stay", stay)):
        figures[name] = {
            "rtt_ms": report["rtt_ms"],
            "network_rtt_ms": report["network_rtt_ms"],
            "frames_over_50ms": report["frames_over_50ms"],
            "frames_acknowledging": report["frames_acknowledging"],
            "moves_released": report["moves"]["released"],
            "integrity_ok": passed(report),
        }
    return figures, _side_by_side(figures)


def paired_differences(follow: Report, stay: Report) -> list[float]:
    """follow − stay (ms), one number for each player and second of play that both have."""
    ours, theirs = (report["rtt_by_player_and_second_ms"] for report in (follow, stay))
    return [
        rtt - theirs[player][second]
        for player, seconds in sorted(ours.items())
        for second, rtt in seconds.items()
        if second in theirs.get(player, {})
    ]


def _side_by_side(figures: dict[str, Any]) -> str:
    follow, stay = figures["follow"], figures["stay"]
    rows = [("", "follow", "stay")]
    for label, name, point in (
        ("round trip, median ms", "rtt_ms", "p50"),
        ("round trip, p99 ms", "rtt_ms", "p99"),
        ("network only, median ms", "network_rtt_ms", "p50"),
    ):
        rows.append((label, f"{follow[name][point]:.1f}", f"{stay[name][point]:.1f}"))
    rows.append(("frames over 50 ms", str(follow["frames_over_50ms"]), str(stay["frames_over_50ms"])))
    rows.append(("of frames", str(follow["frames_acknowledging"]), str(stay["frames_acknowledging"])))
    rows.append(("moves released", str(follow["moves_released"]), str(stay["moves_released"])))
    text = [f"  {label:<26}{a:>10}{b:>10}" for label, a, b in rows]
    middle = figures["paired_difference_ms"]["p50"]
    if not figures["pairs"]:
        text.append("No second of play is in both runs: nothing to compare.")
    else:
        word = "quicker" if middle < 0 else "slower" if middle > 0 else "the same"
        text.append(
            f"Following is {word}: {middle:+.2f} ms in the median of {figures['pairs']} pairs (same player, same second);"
            f" quicker in {figures['share_quicker']:.0%} of them."
        )
    return "\n".join(text)


def _line(label: str, text: str) -> str:
    return f"  {label:<22}{text}".rstrip()


def _columns(*texts: str) -> str:
    return "".join(f"{text:>8}" for text in texts)


def _spread(figures: dict[str, float]) -> str:
    if figures.get("n", 1) == 0:
        return _columns("–", "–", "–", "–") + "   none"
    cells = [f"{figures[name]:.1f}" if name in figures else "" for name in ("p50", "p95", "p99", "max")]
    return _columns(*cells) + (f"   n={figures['n']}" if "n" in figures else "")


def _lost(figures: dict[str, float]) -> str:
    return f"p50 {figures['p50']:.0f}, p99 {figures['p99']:.0f}, max {figures['max']:.0f}"


def _scaled(scale: float | None) -> str:
    return f", people move {scale:g} times faster than life" if scale and scale != 1 else ""


def _unfinished(moves: dict[str, Any]) -> str:
    names = ("in_flight", "overdue", "released_without_gain", "spurious")
    return "".join(f", {moves[name]} {name.replace('_', ' ')}" for name in names if moves.get(name))


def _bytes(moved: dict[str, int]) -> str:
    return f"{moved['total'] / 1e6:.1f} MB, {moved['after_trigger'] / 1e6:.1f} MB of it after the handover"


def _foresight(found: dict[str, Any]) -> str:
    early = f", {found['lead_ms']['p50']:.0f} ms early (median)" if found["lead_ms"]["n"] else ""
    wrong = f"{found['wrong']} wrong guesses, {found['wrong_bytes'] / 1e6:.1f} MB for nothing"
    return f"{found['warm_before']} of {found['moves_on_handover']} targets{early}; {wrong}"


def _checked(report: Report) -> str:
    checked = report["integrity"]
    return f"{checked['sessions']} sessions, {checked['ticks_replayed']} ticks run again from their logs"


def _finding(found: dict[str, Any]) -> str:
    about = [found["session"] or found["key"]]
    if found["epochs"]:
        about.append("epochs " + ", ".join(map(str, found["epochs"])))
    if found["evidence"]:
        about.append(found["evidence"])
    return f"{found['check']} ×{found['n']}: {found['says']} ({'; '.join(about)})"
