"""A comparison that somebody ends in its first run does not begin its second."""

from __future__ import annotations

import pytest

from fedge.programs import demo
from fedge.programs.settings import Settings


@pytest.mark.parametrize(("interrupted", "policies"), [(True, ["follow"]), (False, ["follow", "stay"])])
def test_an_interrupted_comparison_ends_after_its_first_run(
    monkeypatch: pytest.MonkeyPatch, interrupted: bool, policies: list[str]
) -> None:
    ran: list[str] = []

    def one(settings: Settings, caught: list[int]) -> tuple[int, dict[str, object]]:
        ran.append(settings.policy)
        caught.extend([2] if interrupted else [])
        return 0, {}

    monkeypatch.setattr(demo, "_demo", one)
    monkeypatch.setattr(demo, "compare", lambda *_: ({}, "compared"))
    monkeypatch.setattr(demo, "passed", lambda _: True)
    assert demo.play(Settings(demo=True, compare=True)) == 0
    assert ran == policies
