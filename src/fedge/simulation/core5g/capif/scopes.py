"""Scopes of access tokens: ``3gpp#aefId1:apiName1,apiName2;aefId2:apiName3`` (TS 29.222, 8.5.4.2.6). Pure."""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "3gpp#"
Scope = frozenset[tuple[str, str]]
"""(aefId, apiName)."""


def read(text: str) -> Scope | None:
    """None: that is no scope."""
    if not text.startswith(PREFIX):
        return None
    found = set()
    for part in text.removeprefix(PREFIX).split(";"):
        aef, colon, names = part.rpartition(":")
        listed = names.split(",")
        if not colon or not aef or not all(listed):
            return None
        found |= {(aef, name) for name in listed}
    return frozenset(found)


def written(scope: Iterable[tuple[str, str]]) -> str:
    by_aef: dict[str, list[str]] = {}
    for aef, name in sorted(scope):
        by_aef.setdefault(aef, []).append(name)
    return PREFIX + ";".join(f"{aef}:{','.join(names)}" for aef, names in by_aef.items())
