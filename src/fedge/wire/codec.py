"""Messages as bytes: MessagePack for links between programs and for the journal; JSON with a body beside it for instances.

Frames on a stream: u32 size (big-endian), then one MessagePack message. No I/O here.
"""

from __future__ import annotations

import json
import struct
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec.structs import replace

from fedge.core import messages
from fedge.core.control import events
from fedge.core.messages import Message

MAX_FRAME_BYTES = 512 << 20
_SIZE = struct.Struct("!I")
_HEAD = struct.Struct("!II")


class BadFrame(ValueError):
    """Bytes that are no message of ours; the connection they came from is closed."""


def _leaves(base: type[Message]) -> list[type[Message]]:
    found = []
    for kind in base.__subclasses__():
        found += _leaves(kind) or [kind]
    return found


def message_types() -> list[type[Message]]:
    """Every concrete message and decided event, by name."""
    ours = (messages.__name__, events.__name__)
    return sorted(
        {kind for kind in _leaves(Message) if kind.__module__.startswith(ours)},
        key=lambda kind: kind.__name__,
    )


_ANY: Any = reduce(or_, message_types())
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_ANY)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode(data: bytes | memoryview) -> Message:
    """Raises ``BadFrame``."""
    try:
        found: Message = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise BadFrame(str(error)) from None
    return found


def frame(data: bytes) -> bytes:
    return _SIZE.pack(len(data)) + data


def take_frames(buffer: bytearray) -> list[bytes]:
    """Cut every whole frame off the front of ``buffer``. Raises ``BadFrame`` for one that is too large."""
    frames = []
    at = 0
    while len(buffer) - at >= _SIZE.size:
        (size,) = _SIZE.unpack_from(buffer, at)
        if size > MAX_FRAME_BYTES:
            raise BadFrame(f"a frame of {size} bytes; at most {MAX_FRAME_BYTES}")
        if len(buffer) - at - _SIZE.size < size:
            break
        at += _SIZE.size
        frames.append(bytes(buffer[at : at + size]))
        at += size
    del buffer[:at]
    return frames


def encode_for_instance(message: Message) -> bytes:
    """u32 header size, u32 body size, JSON header, body: the SDK's framing, which needs no library in any language."""
    body = getattr(message, "body", b"")
    if isinstance(message, messages.Activate):
        bare: Message = replace(message, body=b"", final=replace(message.final, body=b""))
    else:
        bare = replace(message, body=b"") if body else message
    header = msgspec.to_builtins(bare)
    header.pop("body", None)
    if isinstance(header.get("final"), dict):
        header["final"].pop("body", None)
    head = json.dumps(header, separators=(",", ":")).encode()
    return _HEAD.pack(len(head), len(body)) + head + body


def take_from_instance(buffer: bytearray) -> list[tuple[dict[str, Any], bytes]]:
    """Cut every whole SDK frame off ``buffer``: (header, body). Raises ``BadFrame``."""
    found = []
    at = 0
    while len(buffer) - at >= _HEAD.size:
        head_size, body_size = _HEAD.unpack_from(buffer, at)
        end = at + _HEAD.size + head_size + body_size
        if head_size > 1 << 20 or body_size > MAX_FRAME_BYTES:
            raise BadFrame("an oversized SDK frame")
        if end > len(buffer):
            break
        head = buffer[at + _HEAD.size : at + _HEAD.size + head_size]
        try:
            header = json.loads(head)
        except ValueError as error:
            raise BadFrame(f"an SDK header that is no JSON: {error}") from None
        if not isinstance(header, dict):
            raise BadFrame("an SDK header that is no object")
        found.append((header, bytes(buffer[at + _HEAD.size + head_size : end])))
        at = end
    del buffer[:at]
    return found


def from_instance(header: dict[str, Any], body: bytes) -> Message:
    """The typed message of an SDK header and its body. Raises ``BadFrame``."""
    try:
        found: Message = msgspec.convert(header, _ANY)
    except msgspec.MsgspecError as error:
        raise BadFrame(f"{header.get('type')}: {error}") from None
    return replace(found, body=body) if body and hasattr(found, "body") else found
