"""JSON bodies into data types, with msgspec's complaint turned into ``invalidParams``."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from fedge.simulation.core5g.nef.problem import InvalidParam, Problem, incorrect

Type = TypeVar("Type")
_WHERE = re.compile(r"^(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)


def read(body: bytes, kind: type[Type]) -> Type:
    """Raises ``Problem`` 400."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise not_valid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "INVALID_MSG_FORMAT", f"the body is no JSON: {error}") from None


def read_object(body: bytes) -> dict[str, Any]:
    """Raises ``Problem`` 400."""
    return read(body, dict[str, Any])


def convert(found: Any, kind: type[Type]) -> Type:
    """Raises ``Problem`` 400."""
    try:
        return msgspec.convert(found, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise not_valid(error) from None


def not_valid(error: Exception) -> Problem:
    """``Expected `str`, got `int` - at `$.trafficRoutes[0].dnai``` becomes the pointer ``/trafficRoutes/0/dnai``."""
    match = _WHERE.match(str(error))
    assert match is not None
    path = match["path"] or ""
    pointer = path.replace("[", "/").replace("]", "").replace(".", "/")
    missing = "missing required field" in match["reason"]
    if missing:
        name = re.search(r"field `(.*)`", match["reason"])
        pointer += f"/{name[1]}" if name else ""
        return Problem(
            400, "MANDATORY_IE_MISSING", match["reason"], InvalidParam(pointer or "/", match["reason"])
        )
    return incorrect(False, InvalidParam(pointer or "/", match["reason"]))
