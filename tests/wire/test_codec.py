"""Messages as bytes: what is said is heard, on links and by instances, and nonsense is refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedge.core.messages import Activate, FinalDelta, Frozen, Message, MoveOrder, StateRound, Store
from fedge.wire import codec

TEXT = st.text(max_size=12)


def _value(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type: msgspec's own description of it decides."""
    match kind:
        case msgspec.inspect.IntType(ge=least, le=most):
            return st.integers(least or 0, 2**63 - 1 if most is None else most)
        case msgspec.inspect.FloatType():
            return st.floats(0, 1e6)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.StrType():
            return TEXT
        case msgspec.inspect.BytesType():
            return st.binary(max_size=20)
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.LiteralType(values):
            return st.sampled_from(values)
        case msgspec.inspect.AnyType():
            return st.sampled_from([1, "a", None])
        case msgspec.inspect.VarTupleType(item):
            return st.lists(_value(item), max_size=2).map(tuple)
        case msgspec.inspect.TupleType(items):
            return st.tuples(*(_value(item) for item in items))
        case msgspec.inspect.FrozenSetType(item):
            return st.frozensets(_value(item), max_size=2)
        case msgspec.inspect.DictType(key, value):
            return st.dictionaries(_value(key), _value(value), max_size=2)
        case msgspec.inspect.UnionType(kinds):
            return st.one_of(*(_value(one) for one in kinds))
        case msgspec.inspect.StructType(cls, fields):
            return st.builds(cls, **{field.name: _value(field.type) for field in fields})
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", codec.message_types(), ids=lambda kind: kind.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_every_message_is_heard_as_it_was_said(kind: type[Message], data: st.DataObject) -> None:
    message: Message = data.draw(_value(msgspec.inspect.type_info(kind)))
    assert codec.decode(codec.encode(message)) == message


def order() -> MoveOrder:
    raw = {
        "move": "m-1",
        "session": "ue-1",
        "key": 7,
        "ue": "ue-1",
        "app": "a",
        "schema": "a/1",
        "source": "s1",
    }
    return msgspec.convert(raw | {"target": "s2", "epoch": 2, "generation": 2, "deadline": 5}, MoveOrder)


def test_bulk_state_travels_beside_the_header_of_an_instance() -> None:
    final = FinalDelta(order(), 60, 5, 50, "c0", "d0", 2, pending=(b"\x01\x02",), body=b"never in the header")
    for message in (Store(order().key, order(), 0, 8, b"\0\xff"), Activate(order().key, final, b"pages")):
        ((header, body),) = codec.take_from_instance(bytearray(codec.encode_for_instance(message)))
        assert body == message.body
        assert "body" not in header
        assert "body" not in header.get("final", {})
        json.dumps(header)


def test_what_an_instance_says_becomes_a_message_with_its_body() -> None:
    final = msgspec.to_builtins(FinalDelta(order(), 60, 5, 50, "c0", "d0", 2, pending=(b"\x01",)))
    heard = codec.from_instance({"type": "Frozen", "key": 7, "final": final, "at": 9}, b"pages")
    assert isinstance(heard, Frozen)
    assert (heard.body, heard.final.pending) == (b"pages", (b"\x01",))


def test_frames_are_cut_wherever_the_stream_was() -> None:
    messages = [StateRound(order(), n, 8, bytes(n)) for n in range(4)]
    stream = b"".join(codec.frame(codec.encode(message)) for message in messages)
    buffer, found = bytearray(), []
    for at in range(0, len(stream), 7):
        buffer += stream[at : at + 7]
        found += [codec.decode(data) for data in codec.take_frames(buffer)]
    assert found == messages


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"\x93\x01\x02\x03", msgspec.msgpack.encode({"type": "Nobody"})]
)
def test_nonsense_is_no_message(data: bytes) -> None:
    with pytest.raises(codec.BadFrame):
        codec.decode(data)


@pytest.mark.parametrize(
    "stream",
    [b"\xff\xff\xff\xff" + bytes(8), b"\0\0\0\x04\0\0\0\0nope", b"\0\0\0\x02\0\0\0\0[]"],
    ids=["oversized", "no JSON", "no object"],
)
def test_an_instance_that_talks_nonsense_is_refused(stream: bytes) -> None:
    with pytest.raises(codec.BadFrame):
        codec.take_from_instance(bytearray(stream))


def test_an_instance_that_says_what_no_message_is_is_refused() -> None:
    with pytest.raises(codec.BadFrame):
        codec.from_instance({"type": "Frozen", "key": "seven"}, b"")


def test_an_oversized_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(codec.BadFrame):
        codec.take_frames(bytearray(b"\xff\xff\xff\xff"))
