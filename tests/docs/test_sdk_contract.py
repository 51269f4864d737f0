"""The SDK's contract page and its schema say what the code does."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs import sdk_contract
from fedge.core import messages
from fedge.wire import codec
from fedge_sdk import instance, session, wire

PAGE = sdk_contract.FILE.with_name("sdk-contract.md").read_text()
SAYING = ("instance", "lines", "server")
"""The files of the SDK that say something to the agent."""
SCHEMA: dict[str, Any] = json.loads(sdk_contract.FILE.read_text())


def test_the_schema_is_up_to_date() -> None:
    """If not: python docs/sdk_contract.py, and read what changed."""
    assert sdk_contract.text() == sdk_contract.FILE.read_text()


def test_it_has_every_message_that_the_sdk_takes() -> None:
    taken = {name.removeprefix("_on_") for name in dir(instance.Instance) if name.startswith("_on_")}
    assert taken == {kind.__name__.lower() for kind in sdk_contract.TO_INSTANCE}


def test_it_has_every_message_that_the_sdk_says() -> None:
    sdk = Path(instance.__file__).parent
    tree = ast.parse("".join((sdk / f"{name}.py").read_text() for name in SAYING))
    said = {
        value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    }
    listed = {kind.__name__ for kind in sdk_contract.FROM_INSTANCE} | {"Join", "Answer"}
    assert said <= listed
    assert listed - said == set()


@pytest.mark.parametrize(
    "kind", [*sdk_contract.TO_INSTANCE, *sdk_contract.FROM_INSTANCE], ids=lambda kind: kind.__name__
)
def test_the_page_names_each(kind: type[messages.Message]) -> None:
    assert f"`{kind.__name__}`" in PAGE
    assert kind.__name__ in SCHEMA["$defs"]


def test_a_real_header_has_the_fields_of_its_schema() -> None:
    order = messages.MoveOrder(*"mskua1xy", 2, 2, 5)  # type: ignore[arg-type]
    sent = codec.encode_for_instance(messages.Freeze(7, order))  # type: ignore[arg-type]
    ((header, body),) = codec.take_from_instance(bytearray(sent))
    described = SCHEMA["$defs"]["Freeze"]
    assert body == b""
    assert set(described["required"]) <= set(header) <= set(described["properties"])
    assert set(header["order"]) == set(SCHEMA["$defs"]["MoveOrder"]["properties"])


@pytest.mark.parametrize(
    ("name", "layout"),
    [("INPUT", wire._INPUT), ("FRAME", wire._FRAME), ("FENCE", wire._FENCE), ("Envelope", wire._ENVELOPE)],
)
def test_packet_sizes(name: str, layout: Any) -> None:
    (told,) = re.findall(rf"^\*\*{name}\*\*[^\n]*?(\d+) bytes", PAGE, re.MULTILINE)
    assert int(told) == layout.size


@pytest.mark.parametrize("name", ["INPUT", "FRAME", "Envelope"])
def test_packet_tables_add_up(name: str) -> None:
    """Each row begins where the one before ends; the last is the rest."""
    table = re.split(rf"^\*\*{name}\*\*", PAGE, flags=re.MULTILINE)[1].split("\n\n")[1]
    rows = re.findall(r"^\| (\d+) \| (\d+|…) \|", table, re.MULTILINE)
    at = 0
    for begins, size in rows:
        assert int(begins) == at
        at += int(size) if size != "…" else 0
    assert at == {"INPUT": wire.INPUT_BYTES, "FRAME": wire.FRAME_BYTES, "Envelope": wire.ENVELOPE_BYTES}[name]


def test_the_numbers_of_the_rules() -> None:
    assert f"{wire.MAX_DATAGRAM:,} bytes" in PAGE
    assert f"At most {session.MAX_INPUTS_PER_TICK} inputs a tick" in PAGE
    assert f"keep at most {session.MAX_PENDING}" in PAGE
    assert session.ROUND_BYTES == 1 << 20
    assert "at most 1 MiB (body)" in PAGE


def test_the_schema_is_one_that_msgspec_would_read() -> None:
    """A message as the SDK says it converts to the type whose schema this is."""
    said = {"type": "FenceAnswered", "key": 7, "epoch": 2, "verdict": "FENCED"}
    assert msgspec.convert(said, messages.FenceAnswered) == codec.from_instance(said, b"")
    assert set(SCHEMA["$defs"]["FenceAnswered"]["required"]) == set(said)
