"""The dashboard on the real platform: a player's move appears in the feed, on the map and in the player's panel.

Everything behind the page is real here (processes, packets, moves); the city and its radio are simulated, as in the demo.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.platform import Platform, until

playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.system,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no `chromium` on the PATH: the dashboard is not tested in a browser"
    ),
]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("home")
    running = Platform(
        home,
        "demo",
        "--headless",
        "--sites",
        "3",
        "--players",
        "4",
        "--policy",
        "stay",
        "--state-size",
        "65536",
    )
    until("every player is served", lambda: len(running.serving()) == 4)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def page(platform: Platform) -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        tab.goto(platform.api)
        yield tab
        assert not errors, errors
        browser.close()


def test_an_ordered_move_appears_in_the_feed_on_the_map_and_in_the_panel(
    platform: Platform, page: Any
) -> None:
    until("players on the map", lambda: page.evaluate("Object.keys(window.fedgeView?.ues ?? {}).length") == 4)
    session, at = sorted(platform.serving().items())[0]
    to = next(site for site in platform.sites() if site != at)
    move = platform.order_move(session, to)
    assert platform.moved(move) == "RELEASED"
    until(
        "the feed tells it",
        lambda: session in page.locator("[data-testid=move-feed]").inner_text(),
    )
    until("the map's picture has it", lambda: page.evaluate(f"window.fedgeView.ues['{session}'].site") == to)
    until(
        "its outcome",
        lambda: page.evaluate(f"window.fedgeView.moves['{move}'].outcome") == "released",
    )
    page.goto(f"{platform.api}/#/player/{session}")
    until("the panel explains", lambda: to in page.locator("body").inner_text().lower().replace(" ", "-"))


def test_figures_come_from_measured_packets(page: Any) -> None:
    until("round trips by hop", lambda: page.evaluate("Object.keys(window.fedgeView.hops).length") > 1)
    hop = page.evaluate("Object.values(window.fedgeView.hops).at(-1)")
    assert set(hop) == {"radio", "backhaul", "gateway", "server"}
    assert hop["radio"] > 0


def test_what_is_simulated_is_said_on_the_page(page: Any) -> None:
    said = page.locator("body").inner_text().lower()
    assert "simulated" in said
    assert "radio" in said


def test_screenshot(page: Any, tmp_path: Path) -> None:
    picture = tmp_path / "real.png"
    page.screenshot(path=str(picture))
    assert picture.stat().st_size > 20_000
