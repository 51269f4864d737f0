"""What the documents say about the repository is true: links lead somewhere, quoted code is the code, named verbs exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from fedge.api.admin.openapi import document
from fedge.cli.main import main
from fedge.programs.endpoints import EXPOSED, FRAMEWORK, PLATFORM

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {".venv", ".git", ".ci-out", ".pytest_cache", ".hypothesis", "node_modules", "build", "dist"}
PAGES = sorted(
    page for page in ROOT.rglob("*.md") if not LEFT_OUT.intersection(page.relative_to(ROOT).parts[:-1])
)

FENCE = re.compile(r"^(```+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return CODE.sub("", FENCE.sub("", page.read_text()))


def anchor(heading: str) -> str:
    """A heading's address, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {
        anchor(found) for found in re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    }


def leads_somewhere(page: Path, target: str) -> bool:
    """Another site's address is believed."""
    if re.match(r"[a-z]+:", target):
        return True
    path, _, fragment = unquote(target).partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or not file.is_relative_to(ROOT):
        return False
    return not fragment or file.suffix != ".md" or fragment in anchors(file)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    broken = [target for target in LINK.findall(prose(page)) if not leads_somewhere(page, target)]
    assert broken == []


def test_the_readme_quotes_the_game() -> None:
    """The lines between the markers in the game are the README's code block, and few."""
    source = (ROOT / "examples" / "arena" / "arena.py").read_text()
    game = source.split("# --- Fedge begins\n")[1].split("# --- Fedge ends")[0].strip()
    (quoted,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert quoted.strip() == game
    assert len([line for line in game.splitlines() if line]) <= 20


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_named_verbs_exist(page: Path) -> None:
    """``fedge VERB`` at the beginning of a line of a code block or of a code span; other lines are a program's output."""
    text = page.read_text()
    blocks = "\n".join(found.group(0) for found in FENCE.finditer(text))
    named = re.findall(r"^fedge (\w+)(?!:)\b", blocks, re.MULTILINE)
    named += re.findall(r"`fedge (\w+)", FENCE.sub("", text))
    assert set(named) <= set(main.commands), set(named) - set(main.commands)


def test_the_table_of_apis_is_that_of_the_endpoints_file() -> None:
    text = (ROOT / "docs" / "apis.md").read_text()
    rows = dict(re.findall(r"^\| \[?`([\w-]+)`.*? \| (\d+) \|", text, re.MULTILINE))
    assert rows.keys() == {*PLATFORM, *EXPOSED, *FRAMEWORK, "metrics"}
    own = {name: int(rows.pop(name)) for name in ("fedge-admin", "metrics")}
    assert own["fedge-admin"] == sum(len(one) for one in document()["paths"].values())
    said = (
        f"{len(rows)} APIs after other people's definitions, with {sum(map(int, rows.values()))} operations"
    )
    assert said in text


def test_the_readme_names_every_verb() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {verb for verb in main.commands if f"fedge {verb}" not in readme} == set()


def test_decisions_are_listed() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [record.name for record in records] == re.findall(r"\((\d{4}-[\w-]+\.md)\)", "\n".join(
        line for line in index.splitlines() if line.startswith("| [")
    ))  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_no_path_of_a_machine(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:root|home|work)/\S*", page.read_text()) == []
