"""The end of a run on Karmada: what was published is taken back, also by an API server that has just been away."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from fedge.programs import supervisor
from fedge.programs.fleet import Fleet, Karmada
from fedge.programs.supervisor import Supervisor

FLEET = Fleet(Karmada("karmada.kubeconfig"), ())


def left(monkeypatch: pytest.MonkeyPatch, folder: Path, refusals: int) -> tuple[int, list[str]]:
    """(how often it was asked, what was said) where the first ``refusals`` questions are refused. No time passes."""
    asked, said = 0, list[str]()

    def withdraw(kubeconfig: str) -> None:
        nonlocal asked
        asked += 1
        if asked <= refusals:
            raise ConnectionRefusedError("not yet")

    now = SimpleNamespace(s=0.0)
    clock = SimpleNamespace(monotonic=lambda: now.s, sleep=lambda s: setattr(now, "s", now.s + s))
    monkeypatch.setattr(supervisor, "withdraw", withdraw)
    monkeypatch.setattr(supervisor, "time", clock)
    run = Supervisor.__new__(Supervisor)
    run.folder, run.city = folder, SimpleNamespace(sites=())  # type: ignore[assignment]
    monkeypatch.setattr(run, "end", lambda name: None)
    monkeypatch.setattr(run, "say", said.append)
    run._leave_karmada(FLEET)
    return asked, said


def test_an_api_server_that_asks_for_patience_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert left(monkeypatch, tmp_path, refusals=3) == (4, [])


def test_one_that_is_gone_is_given_up_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked, said = left(monkeypatch, tmp_path, refusals=1_000)
    assert 1 < asked < 100
    assert said == ["Karmada keeps what was published there: not yet"]
