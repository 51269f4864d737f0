"""PATCH as CAPIF has it: a JSON merge patch (RFC 7396) of those attributes that the definition lets change. Pure."""

from __future__ import annotations

from collections.abc import Set
from typing import TypeVar

import msgspec

from fedge.simulation.core5g.nef import reading
from fedge.simulation.core5g.nef.data_types import Data
from fedge.simulation.core5g.nef.patches import merge
from fedge.simulation.core5g.nef.problem import InvalidParam, Problem

Resource = TypeVar("Resource", bound=Data)


def patched(before: Resource, body: bytes, patchable: Set[str]) -> Resource:
    """The resource as the patch leaves it. Raises ``Problem`` 400, and 403 for an attribute that is there and does not change.

    Attributes that the resource does not have are ignored, as in every body.
    """
    patch = reading.read_object(body)
    known = set(before.__struct_encode_fields__)
    fixed = sorted(set(patch) & known - patchable)
    if fixed:
        invalid = [InvalidParam(f"/{name}", "cannot be changed") for name in fixed]
        raise Problem(403, "MODIFICATION_NOT_ALLOWED", f"cannot be changed: {', '.join(fixed)}", *invalid)
    wanted = {name: value for name, value in patch.items() if name in patchable}
    return reading.convert(merge(msgspec.to_builtins(before), wanted), type(before))
