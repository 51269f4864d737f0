"""The dashboard in headless Chromium: the three levels by mouse and keyboard, a lost platform, the designed empty states.

Purpose: a person's paths through the page, with a screenshot of each ($FEDGE_SCREENSHOTS, or a temporary directory).
Neighbours: `fake_platform.py`, which stands in for the platform here and is called fake.
Source: design page "The dashboard". Needs the `playwright` package and a `chromium` on the PATH; else it skips, saying so.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fake_platform import DASHBOARD, TOKEN, FakePlatform
from fake_world import FakeWorld

playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOON_MS = 20_000
SAID = ".figure p, .figure dt, .story p, .facts dd, .facts dt, .simulated, .row > *, .move-row span, figcaption span"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no `chromium` on the PATH: the dashboard is not tested in a browser"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = os.environ.get("FEDGE_SCREENSHOTS")
    path = Path(where) if where else tmp_path_factory.mktemp("dashboard")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def fake() -> Iterator[FakePlatform]:
    world = FakeWorld(players=24, move_every_ms=1e12, started_at_s=time.time())  # moves only when a test asks
    for _ in range(300):
        world.step(100)
    platform = FakePlatform(world).start()
    yield platform
    platform.stop()


@pytest.fixture
def page(browser: Any, fake: FakePlatform) -> Iterator[Any]:
    with opened(browser, fake) as tab:
        yield tab


class opened:
    """A tab on the fake's page that fails the test on any script error or breach of the security policy."""

    def __init__(
        self,
        browser: Any,
        fake: FakePlatform,
        at: str = "",
        scheme: str = "dark",
        width: int = 1440,
        height: int = 900,
    ) -> None:
        self.errors: list[str] = []
        self.tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.tab.set_default_timeout(SOON_MS)
        self.tab.on("pageerror", lambda e: self.errors.append(str(e)))
        self.tab.on("console", lambda m: "Content Security Policy" in m.text and self.errors.append(m.text))
        self.tab.goto(fake.url + at)

    def __enter__(self) -> Any:
        self.tab.wait_for_selector("body[data-connection=live]")
        self.tab.wait_for_selector("[data-testid=site-docklands]")
        return self.tab

    def __exit__(self, *_: object) -> None:
        self.tab.close()
        assert self.errors == []


def wait_until(page: Any, expression: str) -> None:
    """Waits until the expression is true; playwright's own wait evaluates inside the page, which the policy forbids."""
    end_s = time.monotonic() + SOON_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end_s, f"never true: {expression}"
        page.wait_for_timeout(40)


def ask_for_move(fake: FakePlatform, player: str = "player-7", cause: str = "ordered") -> tuple[str, str]:
    """Starts a move of the player to another site; returns the move and the site."""
    with fake.lock:
        here = fake.world.view["ues"][player]["site"]
        to = next(s for s in fake.world.view["sites"] if s != here)
        move = fake.world.move(player, to, cause)
    assert move is not None
    return move, to


def test_the_first_screen_fits_and_says_what_is_simulated(page: Any, pictures: Path) -> None:
    page.wait_for_timeout(700)
    assert page.inner_text("[data-testid=simulated]") == "Simulated: radio, player movement, backhaul delay"
    assert page.inner_text("[data-testid=figure-within]").startswith("Players within objective")
    for figure in ("within", "rtt", "interruption", "lost"):
        assert page.is_visible(f"[data-testid=figure-{figure}]")
    assert page.get_attribute("[data-testid=map]", "data-players") == "24"
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1440, 900]
    assert page.evaluate("window.fedgeView.run.seed") == 7
    assert "radio" in page.get_attribute("[data-testid=hop-chart]", "aria-label")
    page.screenshot(path=pictures / "first-screen-dark.png")


def test_a_players_move_appears_on_the_map_and_in_the_story(
    page: Any, fake: FakePlatform, pictures: Path
) -> None:
    assert page.is_visible("[data-testid=feed-empty]")
    ticks = int(page.get_attribute("[data-testid=map]", "data-ticks"))
    shown_ms = page.evaluate(
        "window.fedgeView.at_ms"
    )  # what the first picture already has is history, not news
    wait_until(page, f"window.fedgeView.at_ms > {shown_ms} + 500")
    move, to = ask_for_move(fake, cause="predicted")
    page.wait_for_selector(f"[data-testid=move-feed] a[data-move={move}]")
    wait_until(page, "Number(document.querySelector('[data-testid=map]').dataset.arcs) > 0")
    page.screenshot(path=pictures / "move-on-the-map.png")
    page.wait_for_selector(f"a[data-move={move}][data-outcome=released]")
    story = page.inner_text(f"a[data-move={move}]")
    name = fake.picture()["sites"][to]["name"]
    assert re.search(
        rf"player-7 →\s*{name}: warmed .* ms before the handover, silent for .* ms, .* KiB after the trigger",
        story,
    )
    assert int(page.get_attribute("[data-testid=map]", "data-ticks")) == ticks + 1
    assert re.search(
        r"Moves drawn .* slower than life|life's speed", page.inner_text("[data-testid=slow-factor]")
    )
    wait_until(page, "document.querySelector('[data-testid=map]').dataset.arcs === '0'")


def test_from_the_map_through_a_player_to_a_move(page: Any, fake: FakePlatform, pictures: Path) -> None:
    move, _ = ask_for_move(fake)
    page.wait_for_selector(f"a[data-move={move}][data-outcome=released]")
    page.wait_for_timeout(600)
    spot = page.evaluate("window.fedgeMap.positionOf('player', 'player-7')")
    page.mouse.click(spot["x"], spot["y"])
    page.wait_for_selector("[data-testid=panel][data-kind=player]")
    player = page.get_attribute("[data-testid=panel]", "data-id")
    assert page.url.endswith(f"#/player/{player}")
    page.goto(fake.url + "#/player/player-7")  # another dot may lie on top of it
    page.wait_for_selector("[data-testid=explain] .refused")
    assert "refused by capacity: 64 of 64 sessions" in page.inner_text("[data-testid=explain]")
    assert re.match(r"(Stays at|Move, served now by) \w+: ", page.inner_text("[data-testid=explain-because]"))
    wait_until(
        page,
        "document.querySelector('[data-testid=panel]').innerText.includes('(consent-3, given by its subscriber (CIBA))')",
    )
    said = page.inner_text("[data-testid=panel]")
    assert "45.00812, -29.98731 ± 50 m" in said
    assert "studio place for any purpose, 20 days left" in said
    assert "best effort" in said
    page.screenshot(path=pictures / "player.png")
    page.click(f"[data-testid=player-moves] a[data-move={move}]")
    page.wait_for_selector("[data-testid=panel][data-kind=move]")
    assert page.url.endswith(f"#/move/{move}")
    steps = page.inner_text("[data-testid=move-steps]")
    assert all(state in steps for state in ("PLANNED", "FROZEN", "ACTIVATED", "CONFIRMED", "RELEASED"))
    page.screenshot(path=pictures / "move.png")
    page.click("[data-testid=panel-close]")
    page.wait_for_selector("[data-testid=panel]", state="hidden")
    page.go_back()
    page.wait_for_selector("[data-testid=panel][data-kind=move]")


def test_quality_sessions_are_on_the_first_screen_in_a_list_and_in_the_player_s_panel(
    page: Any, fake: FakePlatform, pictures: Path
) -> None:
    assert not page.is_visible("[data-testid=quality-line]")
    with fake.lock:
        fake.world.keep_quality("player-7")
        fake.world.keep_quality("player-3", kept=False, by="QoSPolicy")
        fake.world.keep_quality("player-5", kept=None)
    page.wait_for_selector("[data-testid=quality-line]:not([hidden])")
    said = " ".join(page.inner_text("[data-testid=quality-line]").split())
    assert said == "Quality 3 sessions 1 not kept"
    page.screenshot(path=pictures / "quality-line.png")
    with fake.lock:
        fake.world.fill_cell("nr-20", 297)
    page.wait_for_selector("[data-testid=quality-line] >> text=1 full cell, ≤ 297 ms wait")
    page.focus("[data-testid=quality-line]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=panel][data-kind=quality]")
    rows = page.inner_text("[data-testid=quality-sessions]")
    assert "QOS_E ✓ kept" in rows
    assert "QOS_E ▲ not kept" in rows
    assert "asked by QoSPolicy, 9 min left" in rows
    assert "QOS_E requested" in rows
    cells = " ".join(page.inner_text("[data-testid=full-cells]").split())
    assert re.fullmatch(r"nr-20 5G NR \d+ players? 100 % waits 297 ms", cells)
    page.screenshot(path=pictures / "quality.png")
    page.click("[data-testid=quality-sessions] a[href='#/player/player-3']")
    page.wait_for_selector("[data-testid=panel][data-id=player-3]")
    assert "QOS_E ▲ not kept asked by QoSPolicy, 9 min left" in page.inner_text("[data-testid=panel]")


def test_nothing_that_is_said_is_cut_off(page: Any, fake: FakePlatform) -> None:
    """Neither in the figures nor in the facts of a panel; a long reason has as many lines as it needs."""
    reason = "docklands is expected 5.1 ms faster than carlton: 11.3 ms against 16.4 ms, on the core's word of its new path"
    with fake.lock:
        here = fake.world.view["ues"]["player-7"]["site"]
        to = next(s for s in fake.world.view["sites"] if s != here)
        fake.world.move("player-7", to, "core", reason)
        fake.world.keep_quality("player-7", by="a-studio-with-a-rather-long-name")
    page.wait_for_selector("[data-testid=move-feed] a[data-outcome=released]")
    assert reason in page.inner_text("[data-testid=move-feed]")
    for at in ("#/", "#/player/player-7", "#/site/carlton", "#/link/carlton--docklands", "#/quality/all"):
        page.goto(fake.url + at)
        page.wait_for_timeout(700)
        cut = page.evaluate(
            """(said) => [...document.querySelectorAll(said)]
               .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth && getComputedStyle(e).display !== 'inline')
               .map((e) => e.innerText)""",
            SAID,
        )
        assert cut == [], at


def test_closing_a_panel_gives_the_keyboard_back_to_what_opened_it(page: Any, fake: FakePlatform) -> None:
    move, _ = ask_for_move(fake)
    page.wait_for_selector(f"[data-testid=move-feed] a[data-move={move}]")
    page.focus(f"[data-testid=move-feed] a[data-move={move}]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=panel][data-kind=move]")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=panel]", state="hidden")
    wait_until(page, f"document.activeElement.dataset.move === '{move}'")


def test_lost_inputs_and_sessions_stand_in_the_fourth_figure(page: Any, fake: FakePlatform) -> None:
    figure = "[data-testid=figure-lost]"
    assert re.search(r"Acknowledged inputs lost\s+0\s+of\s[\d,]+ acknowledged", page.inner_text(figure))
    with fake.lock:
        fake.world.view["figures"] |= {"inputs_lost": 3, "sessions_lost": 1}
    wait_until(page, f"document.querySelector('{figure}').innerText.includes('1 session lost with its site')")
    wait_until(page, f"document.querySelector('{figure} dd').innerText === '3'")
    assert page.get_attribute(f"{figure} p", "data-verdict") == "bad"
    with fake.lock:
        fake.world.view["figures"] |= {"inputs_lost": None, "sessions_lost": 0}
    wait_until(page, f"document.querySelector('{figure}').innerText.includes('no input acknowledged yet')")


def test_a_link_opens_from_the_map(page: Any, pictures: Path) -> None:
    spot = page.evaluate("window.fedgeMap.linkMiddle('carlton--docklands')")
    page.mouse.click(spot["x"], spot["y"])
    page.wait_for_selector("[data-testid=panel]:not([hidden])")
    page.goto(page.url.split("#")[0] + "#/link/carlton--docklands")
    page.wait_for_selector("[data-testid=link-facts]")
    facts = page.inner_text("[data-testid=link-facts]")
    assert "5.0 ms" in facts
    assert "direct" in facts
    page.screenshot(path=pictures / "link.png")


def test_draining_a_site_asks_for_the_token_once(page: Any, fake: FakePlatform, pictures: Path) -> None:
    page.click("[data-testid=site-docklands]")
    page.wait_for_selector("[data-testid=panel][data-kind=site]")
    page.click("[data-testid=drain]")
    page.wait_for_selector("[data-testid=drain-question]")
    assert re.fullmatch(
        r"\d+ sessions? will move to other sites\.", page.inner_text("[data-testid=drain-question]")
    )
    page.fill("[data-testid=drain-token]", "wrong")
    page.click("[data-testid=drain-confirm]")
    page.wait_for_selector("text=Refused: this token is not the run's token (bad-token)")
    page.fill("[data-testid=drain-token]", TOKEN)
    page.screenshot(path=pictures / "drain.png")
    page.click("[data-testid=drain-confirm]")
    page.wait_for_selector("[data-testid=drain-done]")
    assert re.match(r"\d+ sessions? will move until ", page.inner_text("[data-testid=drain-done]"))
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=site-docklands][data-state=draining]")
    page.goto(fake.url + "#/site/carlton")
    page.wait_for_selector("[data-testid=panel][data-id=carlton]")
    page.click("[data-testid=drain]")
    assert not page.is_visible("[data-testid=drain-token]")  # this tab knows it now


def test_everything_is_reachable_from_the_keyboard(page: Any) -> None:
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.testid || document.activeElement.id"))
    assert {"skip", "find", "map", "site-docklands", "play", "scrub", "live"} <= reached
    page.keyboard.press("/")
    page.keyboard.type("player-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=panel][data-id=player-1]")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=panel]", state="hidden")
    page.focus("[data-testid=map]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=panel][data-kind=site]")


def test_the_scrubber_replays_and_never_calls_it_live(page: Any, pictures: Path) -> None:
    page.wait_for_timeout(3000)
    page.focus("#scrub")
    for _ in range(5):
        page.keyboard.press("PageDown")
    page.wait_for_selector("[data-testid=replay-mark]:not([hidden])")
    shown, at = page.evaluate(
        "[window.fedgeView.at_ms, Number(new URLSearchParams(location.hash.split('?')[1]).get('at'))]"
    )
    page.wait_for_timeout(900)
    assert page.evaluate("window.fedgeView.at_ms") == shown  # paused
    assert at == 0 or abs(at - shown) < 1500
    assert page.inner_text("[data-testid=connection]").strip() == "Replay"
    page.screenshot(path=pictures / "replay.png")
    page.click("[data-testid=live]")
    wait_until(page, "document.body.dataset.mode === 'live'")
    wait_until(page, f"window.fedgeView.at_ms > {shown + 2000}")


def test_an_address_of_a_moment_not_kept_says_so(browser: Any, fake: FakePlatform) -> None:
    with opened(browser, fake, at="#/player/player-3?at=1000") as tab:
        tab.wait_for_selector("text=No picture of 00:01 is kept here; this is live")
        assert tab.is_visible("[data-testid=panel][data-id=player-3]")


def test_a_tenant_s_address_brings_its_token_and_forgets_it(browser: Any, fake: FakePlatform) -> None:
    fake.closed = True
    with opened(browser, fake, at=f"#token={TOKEN}") as tab:
        assert TOKEN not in tab.url
        tab.goto(fake.url + "#/player/player-7")
        tab.reload()
        tab.wait_for_selector("body[data-connection=live]")
        tab.wait_for_selector("[data-testid=panel][data-id=player-7]")


def test_a_platform_that_asks_for_a_token_is_not_called_lost(
    browser: Any, page: Any, fake: FakePlatform, pictures: Path
) -> None:
    fake.stop()
    fake.closed = True  # the first tenant was made meanwhile
    fake.start()
    page.wait_for_selector("text=The platform asks who you are")
    assert "Token wanted" in page.inner_text("[data-testid=connection]")
    assert "needs a token; this is the last picture" in page.inner_text("[data-testid=banner]")
    page.screenshot(path=pictures / "token-wanted.png")
    page.fill("[data-testid=who-token]", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=It does not know the token of this tab")
    tab = browser.new_page()
    tab.goto(fake.url)
    for asked in (page, tab):
        asked.fill("[data-testid=who-token]", TOKEN)
        asked.keyboard.press("Enter")
        asked.wait_for_selector("body[data-connection=live]")
        assert not asked.is_visible("[data-testid=banner]")
    tab.close()


def test_platform_lost_and_back(page: Any, fake: FakePlatform, pictures: Path) -> None:
    fake.stop()
    page.wait_for_selector("body[data-connection=lost]")
    page.wait_for_timeout(2500)
    banner = page.inner_text("[data-testid=banner]")
    assert "Platform lost since" in banner
    assert "this is the last picture" in banner
    assert int(re.search(r"(\d+) s ago", banner).group(1)) >= 2  # type: ignore[union-attr]
    last = page.evaluate("window.fedgeView.at_ms")
    assert page.evaluate("getComputedStyle(document.getElementById('main')).filter") == "grayscale(1)"
    page.screenshot(path=pictures / "platform-lost.png")
    fake.start()
    page.wait_for_selector("body[data-connection=live]")
    wait_until(page, f"window.fedgeView.at_ms > {last}")
    assert not page.is_visible("[data-testid=banner]")


def test_a_lost_site_is_struck_through_with_what_became_of_its_sessions(
    page: Any, fake: FakePlatform, pictures: Path
) -> None:
    page.wait_for_timeout(1200)
    with fake.lock:
        fake.world.lose_site("fitzroy")
    page.wait_for_selector("[data-testid=site-fitzroy][data-state=lost]")
    assert "line-through" in page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=site-fitzroy] b')).textDecorationLine"
    )
    assert "restarted elsewhere" in page.inner_text("[data-testid=move-feed]")
    page.screenshot(path=pictures / "site-lost.png")
    page.click("[data-testid=site-fitzroy]")
    page.wait_for_selector("[data-testid=site-lost]:not([hidden])")
    assert re.search(
        r"Lost at .* restarted elsewhere\. Of its \d+ players?, now: ",
        page.inner_text("[data-testid=site-lost]"),
    )
    assert page.is_disabled("[data-testid=drain]")
    page.screenshot(path=pictures / "site-lost-panel.png")


def test_starting_then_empty(browser: Any, pictures: Path) -> None:
    fake = FakePlatform(FakeWorld(players=0))
    fake.starting = True
    fake.start()
    tab = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    try:
        tab.goto(fake.url)
        tab.wait_for_selector("text=The platform is not ready")
        assert "The control plane is replaying its journal (starting)" in tab.inner_text(
            "[data-testid=map-empty]"
        )
        tab.screenshot(path=pictures / "starting.png")
        fake.starting = False
        tab.wait_for_selector("text=No player has joined yet", timeout=SOON_MS)
        tab.wait_for_selector("text=No move yet")
        tab.screenshot(path=pictures / "empty.png")
        tab.goto(fake.url + "#/player/nobody")
        tab.wait_for_selector("[data-testid=panel-gone]")
    finally:
        tab.close()
        fake.stop()


@pytest.mark.parametrize(
    ("scheme", "width", "height"), [("light", 1440, 900), ("dark", 1024, 700), ("light", 1024, 700)]
)
def test_light_and_small(
    browser: Any, fake: FakePlatform, pictures: Path, scheme: str, width: int, height: int
) -> None:
    ask_for_move(fake)
    with opened(browser, fake, scheme=scheme, width=width, height=height) as tab:
        tab.wait_for_timeout(1200)
        assert tab.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        ) == [width, height]
        tab.screenshot(path=pictures / f"first-screen-{scheme}-{width}.png")


def test_a_narrow_screen_scrolls_and_shows_the_panel_first(
    browser: Any, fake: FakePlatform, pictures: Path
) -> None:
    with opened(browser, fake, width=420, height=900) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") == 420
        assert tab.is_visible("[data-testid=simulated]")
        tab.click("[data-testid=site-carlton]")
        tab.wait_for_selector("[data-testid=panel][data-kind=site]")
        wait_until(
            tab,
            "document.querySelector('[data-testid=panel]').getBoundingClientRect().top < innerHeight / 2",
        )
        tab.screenshot(path=pictures / "narrow.png")


def test_every_text_colour_has_contrast() -> None:
    css = (DASHBOARD / "css" / "tokens.css").read_text()
    dark, light = css.split("@media (prefers-color-scheme: light)")
    for theme in (dark, light):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))
        for text in ("text", "soft", "muted", "accent", "good", "warn", "bad"):
            for ground in ("ground", "card", "raised", "map-ground"):
                ratio = contrast(colours[text], colours[ground])
                assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"
        for mark in (c for c in colours if c.startswith("site-")):
            assert contrast(colours[mark], colours["map-ground"]) >= 2.7, mark


def contrast(a: str, b: str) -> float:
    """The WCAG contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
