"""Which rows and which attributes a reader wants: ``filter``, ``fields`` and their like (ETSI GS MEC 009, 6.18 and 6.19)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import QueryParams

from fedge.api.mec.problems import Problem

_EXPRESSION = re.compile(
    r"\((eq|neq|in|nin|gt|gte|lt|lte|cont|ncont),([^,()]+),((?:'(?:[^']|'')*'|[^()'])*)\)"
)
_VALUE = re.compile(r"'((?:[^']|'')*)'|([^,']+)")


def selected(
    rows: Iterable[dict[str, Any]], query: QueryParams, attributes: Iterable[str], needed: Iterable[str]
) -> list[dict[str, Any]]:
    """The rows that match, with the attributes that are asked for; ``needed`` are always there. Raises ``Problem`` 400."""
    known, always = set(attributes), set(needed)
    tests = _tests(query.get("filter"), known)
    hidden: set[str] = set()
    only, without = query.get("fields"), query.get("exclude_fields")
    if only is not None and without is not None:
        raise Problem(400, "fields and exclude_fields: either, not both")
    if only is not None:
        hidden = known - _names(only, known, "fields") - always
    elif without is not None:
        hidden = _names(without, known, "exclude_fields") - always
    return [
        {name: value for name, value in row.items() if name not in hidden}
        for row in rows
        if all(_holds(row, *test) for test in tests)
    ]


def _names(listed: str, known: set[str], parameter: str) -> set[str]:
    """Attributes of the first level; a path counts as the attribute that it begins with."""
    names = {one.strip().partition("/")[0] for one in listed.split(",") if one.strip()}
    if unknown := names - known:
        raise Problem(400, f"{parameter}: no attribute {', '.join(sorted(unknown))}")
    return names


def _tests(text: str | None, known: set[str]) -> list[tuple[str, list[str], list[str]]]:
    """``(op,path/to/attribute,value,…);(…)`` as (op, path, values)."""
    if text is None:
        return []
    found, at = [], 0
    while True:
        one = _EXPRESSION.match(text, at)
        if one is None:
            raise Problem(400, f"filter: cannot be read from character {at + 1} on")
        op, path, listed = one.groups()
        values = [quoted.replace("''", "'") if quoted else plain for quoted, plain in _VALUE.findall(listed)]
        names = path.strip().split("/")
        if names[0] not in known or not values or (len(values) > 1 and op in ("gt", "gte", "lt", "lte")):
            raise Problem(400, f"filter: {one.group()}: no such attribute, or a wrong number of values")
        found.append((op, names, values))
        at = one.end()
        if at == len(text):
            return found
        if text[at] != ";":
            raise Problem(400, f"filter: a semicolon is wanted at character {at + 1}")
        at += 1


def _leaves(value: Any, path: list[str]) -> list[str]:
    """What is found under ``path``, through every list on the way, as text."""
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one, path)]
    if path:
        return _leaves(value[path[0]], path[1:]) if isinstance(value, Mapping) and path[0] in value else []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [] if isinstance(value, Mapping) else [str(value)]


def _holds(row: Mapping[str, Any], op: str, path: list[str], values: list[str]) -> bool:
    """Of an attribute with many values, one has to match; of an absent one only the negative holds."""
    leaves = _leaves(row, path)
    if op in ("neq", "nin"):
        return not any(leaf in values for leaf in leaves)
    if op == "ncont":
        return not any(value in leaf for leaf in leaves for value in values)
    if op == "cont":
        return any(value in leaf for leaf in leaves for value in values)
    if op in ("eq", "in"):
        return any(leaf in values for leaf in leaves)
    return any(_ordered(op, leaf, values[0]) for leaf in leaves)


def _ordered(op: str, leaf: str, value: str) -> bool:
    """Numbers as numbers, else as text."""
    try:
        sign = (float(leaf) > float(value)) - (float(leaf) < float(value))
    except ValueError:
        sign = (leaf > value) - (leaf < value)
    return {"gt": sign > 0, "gte": sign >= 0, "lt": sign < 0, "lte": sign <= 0}[op]
