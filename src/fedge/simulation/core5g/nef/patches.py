"""Two ways to say a change of a JSON document: merge patch (RFC 7396) and JSON patch (RFC 6902). Pure."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect

MOST_STEPS = 1000
MOST_COPIED_BYTES = 64 * 1024
"""By all steps together: a document that is copied into itself doubles with each."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396, 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


class PatchItem(Struct, frozen=True):
    """TS 29.571: one step of a JSON patch."""

    op: Literal["add", "copy", "move", "remove", "replace", "test"]
    path: Annotated[str, Meta(max_length=1024)]
    from_: Annotated[str, Meta(max_length=1024)] | UnsetType = field(default=UNSET, name="from")
    value: Any = UNSET

    def __post_init__(self) -> None:
        if self.op in ("add", "replace", "test") and self.value is UNSET:
            raise ValueError(f"{self.op} needs a value")
        if self.op in ("copy", "move") and self.from_ is UNSET:
            raise ValueError(f"{self.op} needs from")


Steps = Annotated[list[PatchItem], Meta(min_length=1, max_length=MOST_STEPS)]


def patched(document: Any, steps: list[PatchItem]) -> Any:
    """A copy of the document after all steps. Raises ``Problem``: 400 for what cannot be done, 403 where a ``test`` fails."""
    document, copied = copy.deepcopy(document), 0
    for number, step in enumerate(steps):
        where = f"/{number}"
        match step.op:
            case "test":
                if _found(document, step.path, f"{where}/path") != step.value:
                    reason = "is something else"
                    raise Problem(403, "MODIFICATION_NOT_ALLOWED", f"the test of {step.path!r} fails",
                                  InvalidParam(f"{where}/value", reason))  # fmt: skip
            case "remove":
                document = _without(document, step.path, f"{where}/path")
            case "replace":
                _found(document, step.path, f"{where}/path")
                document = _with(
                    _without(document, step.path, f"{where}/path"), step.path, step.value, f"{where}/path"
                )
            case "add":
                document = _with(document, step.path, step.value, f"{where}/path")
            case "copy" | "move":
                assert isinstance(step.from_, str)
                value = copy.deepcopy(_found(document, step.from_, f"{where}/from"))
                if step.op == "copy":
                    copied += len(msgspec.json.encode(value))
                    if copied > MOST_COPIED_BYTES:
                        reason = f"more than {MOST_COPIED_BYTES} bytes are copied"
                        raise incorrect(True, InvalidParam(f"{where}/from", reason))
                if step.op == "move":
                    if step.path.startswith(f"{step.from_}/"):
                        raise incorrect(True, InvalidParam(f"{where}/path", "is inside what is moved"))
                    document = _without(document, step.from_, f"{where}/from")
                document = _with(document, step.path, value, f"{where}/path")
    return document


def _tokens(pointer: str, where: str) -> list[str]:
    """RFC 6901, 3 and 4."""
    if pointer and not pointer.startswith("/"):
        raise incorrect(True, InvalidParam(where, "is no JSON pointer"))
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _index(token: str, length: int, where: str) -> int:
    """Below ``length``."""
    if (
        not (token.isascii() and token.isdigit())
        or (token != "0" and token.startswith("0"))
        or len(token) > 9
    ):
        raise incorrect(True, InvalidParam(where, f"{token!r} is no index"))
    if int(token) >= length:
        raise incorrect(True, InvalidParam(where, "is not there"))
    return int(token)


def _found(document: Any, pointer: str, where: str) -> Any:
    for token in _tokens(pointer, where):
        if isinstance(document, dict) and token in document:
            document = document[token]
        elif isinstance(document, list):
            document = document[_index(token, len(document), where)]
        else:
            raise incorrect(True, InvalidParam(where, "is not there"))
    return document


def _with(document: Any, pointer: str, value: Any, where: str) -> Any:
    if not pointer:
        return value
    *above, last = _tokens(pointer, where)
    parent = _found(document, pointer.rpartition("/")[0], where) if above else document
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1, where), value)
    else:
        raise incorrect(True, InvalidParam(where, "is not there"))
    return document


def _without(document: Any, pointer: str, where: str) -> Any:
    _found(document, pointer, where)
    if not pointer:
        return None
    parent, last = _found(document, pointer.rpartition("/")[0], where), _tokens(pointer, where)[-1]
    if isinstance(parent, list):
        del parent[_index(last, len(parent), where)]
    else:
        del parent[last]
    return document
