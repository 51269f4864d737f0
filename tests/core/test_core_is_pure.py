"""The core decides and does nothing else: no I/O, no clock, no randomness of its own, no async (ARCHITECTURE.md).

Reads the source, so that a forbidden call in a branch that no test takes is found too. numpy and scipy are allowed.
"""

from __future__ import annotations

import ast
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "src" / "fedge" / "core"

FORBIDDEN_IMPORTS = {
    "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
# `random` may only be imported for the type of an `rng` argument, `datetime` for arithmetic on instants that were given.
FORBIDDEN_ATTRIBUTES = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
GLOBAL_RNG = {"numpy.random", "np.random"}


def findings(source: str) -> list[str]:
    """What a core file must not contain, as `line: reason`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        reason = _reason(node)
        if reason:
            found.append(f"{getattr(node, 'lineno', 0)}: {reason}")
    return found


def _reason(node: ast.AST) -> str | None:
    match node:
        case ast.Import(names=names):
            bad = [name.name for name in names if name.name.split(".")[0] in FORBIDDEN_IMPORTS]
            return f"imports {', '.join(bad)}" if bad else None
        case ast.ImportFrom(module=str(module), names=names, level=0):
            if module.split(".")[0] in FORBIDDEN_IMPORTS:
                return f"imports from {module}"
            if module == "random" and any(name.name != "Random" for name in names):
                return "imports from random more than the type Random"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "is asynchronous"
        case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
            return f"calls {name}()"
        case ast.Call(func=ast.Name(id="Random") | ast.Attribute(attr="Random" | "default_rng")):
            return "makes a random generator of its own instead of taking `rng`"
        case ast.Attribute(value=ast.Name(id="random"), attr=attr) if attr != "Random":
            return f"uses random.{attr}: take `rng` as an argument"
        case ast.Attribute(value=value, attr=attr):
            if ast.unparse(value) in GLOBAL_RNG and attr != "Generator":
                return f"uses numpy.random.{attr}: take `rng` as an argument"
            if (ast.unparse(value).split(".")[-1], attr) in FORBIDDEN_ATTRIBUTES:
                return f"reads the clock with {ast.unparse(node)}: take `now` as an argument"
    return None


def test_the_core_is_pure() -> None:
    files = sorted(CORE.rglob("*.py"))
    assert files, f"no file read in {CORE.name}: has the core moved?"
    impure = [
        f"{file.relative_to(CORE)}:{line}" for file in files for line in findings(file.read_text("utf-8"))
    ]
    assert not impure, "\n".join(impure)


def test_impurities_are_found() -> None:
    impure = [
        "import os.path", "from time import monotonic_ns", "import asyncio", "from random import choice",
        "import random\nrandom.random()", "async def f(): pass", "open('x')", "print(1)", "rng = random.Random(7)",
        "from datetime import datetime\ndatetime.now()", "import datetime\ndatetime.datetime.now()",
        "import numpy as np\nnp.random.normal()", "import numpy as np\nnp.random.default_rng(7)",
    ]  # fmt: skip
    assert [source for source in impure if not findings(source)] == []


def test_what_the_core_needs_is_allowed() -> None:
    source = """
import random
from random import Random
import numpy as np
from datetime import timedelta
def draw(rng: random.Random, other: Random, noise: np.random.Generator, now: int) -> float:
    return rng.random() + noise.normal() + timedelta(seconds=now).total_seconds()
"""
    assert findings(source) == []
