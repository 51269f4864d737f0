"""Writes ``sdk-contract.schema.json``: every message between a site's agent and a game instance, as JSON Schema.

Drawn from ``fedge.core.messages``, so that the page cannot drift from the code; ``tests/docs/test_sdk_contract.py`` compares.
``python docs/sdk_contract.py`` writes the file, ``--check`` only says whether it is up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from fedge.core import messages
from fedge.core.messages import (
    Answered,
    Dropped,
    FenceAnswered,
    Frozen,
    InstanceHello,
    InstanceReport,
    Message,
    Opened,
    OpenRefused,
    Resumed,
    StateTaken,
    Stored,
    ToInstance,
    Voided,
)

FILE = Path(__file__).with_name("sdk-contract.schema.json")

TO_INSTANCE: tuple[type[Message], ...] = tuple(
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, ToInstance) and kind is not ToInstance
)
FROM_INSTANCE: tuple[type[Message], ...] = (
    InstanceHello,
    InstanceReport,
    Opened,
    OpenRefused,
    StateTaken,
    Frozen,
    Stored,
    Answered,
    FenceAnswered,
    Voided,
    Resumed,
    Dropped,
)

JOIN: dict[str, Any] = {
    "title": "Join",
    "description": "The first message of a connection: who calls, and the site's token.",
    "type": "object",
    "properties": {"type": {"enum": ["Join"]}, "token": {"type": "string"}, "instance": {"type": "string"}},
    "required": ["type", "token", "instance"],
}


def schema() -> dict[str, Any]:
    """The whole document. ``body`` is left out: it travels behind the JSON, not in it."""
    kinds = (*TO_INSTANCE, *FROM_INSTANCE)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for component in components.values():
        component.get("properties", {}).pop("body", None)
        if "description" in component:
            component["description"] = " ".join(component["description"].split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fedge: control messages between a site's agent and a game instance",
        "description": "One JSON header; bulk state travels behind it (sdk-contract.md). Instants: monotonic nanoseconds.",
        "$defs": {
            "toInstance": {"oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in TO_INSTANCE]},
            "fromInstance": {
                "oneOf": [
                    {"$ref": "#/$defs/Join"},
                    *({"$ref": f"#/$defs/{kind.__name__}"} for kind in FROM_INSTANCE),
                ]
            },
            "Join": JOIN,
            **{name: components[name] for name in sorted(components)},
        },
    }


def text() -> str:
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        fresh = FILE.exists() and FILE.read_text() == text()
        sys.exit(0 if fresh else f"{FILE.name} is out of date: python docs/sdk_contract.py")
    FILE.write_text(text())
