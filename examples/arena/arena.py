"""Arena: a small authoritative game. One session is one player's world: a walk over a painted floor with coins and rivals.

What it has to do for Fedge stands between the two markers. All else is the game.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b

from fedge_sdk import Memory, serve

FIELD = 1000
RIVALS = 8
EVENTS = 64
_WORLD = struct.Struct("!iiIII")  # player x, y (1/10 m); score; coins taken; events written
_CROWD = struct.Struct("!" + "hhbb" * RIVALS)  # each rival's x, y and direction
_EVENT = struct.Struct("!IIhh")  # tick, score, x, y
_HEADER = _WORLD.size + _CROWD.size
_LOG_AT = 512
_FLOOR_AT = 4096
SMALLEST = _FLOOR_AT + 4096


def _draw(tick: int, salt: int) -> int:
    """A number that looks random and is the same everywhere."""
    return int.from_bytes(blake2b(struct.pack("!II", tick, salt), digest_size=4).digest(), "big")


# --- Fedge begins
class Arena:
    schema = "arena/1"

    def open(self, memory: Memory, session: str) -> None:
        memory.write(0, new_world(session))

    def tick(self, memory: Memory, tick: int, inputs: Sequence[bytes]) -> bytes:
        world, frame, floor, event = advance(memory.read(0, _HEADER), tick, inputs)
        memory.write(0, world)
        paint(memory, *floor)
        if event:
            memory.write(_LOG_AT + event[0] % EVENTS * _EVENT.size, event[1])
        return frame


# --- Fedge ends


def new_world(session: str) -> bytes:
    salt = int.from_bytes(blake2b(session.encode(), digest_size=4).digest(), "big")
    rivals = [
        v
        for n in range(RIVALS)
        for v in (_draw(n, salt) % FIELD, _draw(n, salt + 1) % FIELD, 1 + n % 3, 1 + n % 2)
    ]
    return _WORLD.pack(FIELD // 2, FIELD // 2, 0, 0, 0) + _CROWD.pack(*rivals)


def advance(
    world: bytes, tick: int, inputs: Sequence[bytes]
) -> tuple[bytes, bytes, tuple[int, int, int], tuple[int, bytes] | None]:
    """(next world, frame, where the floor is painted, an event or None). An input is two signed bytes: a step in x and y."""
    x, y, score, coins, events = _WORLD.unpack_from(world)
    for data in inputs:
        if len(data) >= 2:
            dx, dy = struct.unpack_from("!bb", data)
            x, y = max(0, min(FIELD - 1, x + dx)), max(0, min(FIELD - 1, y + dy))
    rivals = list(_CROWD.unpack_from(world, _WORLD.size))
    for at in range(0, 4 * RIVALS, 4):
        for place, step in ((at, at + 2), (at + 1, at + 3)):
            moved = rivals[place] + rivals[step]
            if not 0 <= moved < FIELD:
                rivals[step] = -rivals[step]
                moved += 2 * rivals[step]
            rivals[place] = moved
    event = None
    if inputs and _draw(tick, x * FIELD + y) % 40 == 0:
        coins, score = coins + 1, score + 10
        event = (events, _EVENT.pack(tick, score, x, y))
        events += 1
    head = _WORLD.pack(x, y, score, coins, events)
    crowd = _CROWD.pack(*rivals)
    return head + crowd, head + crowd, (x, y, score & 0xFF), event


def paint(memory: Memory, x: int, y: int, colour: int) -> None:
    """The player leaves a trace in the world chunk, spread over however much state the session has."""
    room = memory.size - _FLOOR_AT
    if room > 0:
        memory.write(_FLOOR_AT + (y // 8 * FIELD + x) * 61 % room, bytes((colour,)))


if __name__ == "__main__":
    serve(Arena())
