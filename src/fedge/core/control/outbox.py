"""Events for clients' sinks that are decided and that no sink has taken yet: durable, so a crash loses none (at least once).

A *line* is what one client is told at one origin (scheme, host, port), in the order in which it was decided. Of a client's first
lines the first event is under way, all else waits. When a sink has taken an event, or it is given up (``SinkAnswered``), its line
goes behind the client's others, and who comes to the front has its turn. After a crash what was under way is sent again, under
the same id: a receiver may hear one twice. Neighbours: `telling.py` puts events in, `api/camara/telling.py` sends them. Source:
CloudEvents 1.0.2 (``source`` and ``id`` name an event).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from fedge.core.control.effects import Effect, ToSink, Untold
from fedge.core.model import Nanoseconds

MOST_OF_A_CLIENT, MOST = 500, 4000
"""So many events are kept. Where they are more, the line in which most wait gives up the oldest of these."""

MOST_UNDER_WAY = 32
"""Of a client, so many lines: half of what the notifier takes of one (`adapters/notifications.py`)."""

Outcome = Literal["delivered", "failed", "expired", "withdrawn", "dropped"]
"""Its sink took it; it was refused, or its retries ended; the sink's token expired first, or the subscriber's consent ended;
there was no room here for it."""


class Outbox(Struct):
    """``lines``: by client and origin, each event by its number. ``ended``: how many came to which outcome."""

    lines: dict[str, dict[int, ToSink]] = field(default_factory=dict)
    next: int = 1
    ended: dict[Outcome, int] = field(default_factory=dict)

    def under_way(self) -> Iterator[ToSink]:
        """What was sent, and has not come to its end."""
        seen: dict[str, int] = {}
        for name, line in self.lines.items():
            client = _client(name)
            seen[client] = seen.get(client, 0) + 1
            if seen[client] <= MOST_UNDER_WAY:
                yield _first(line)

    @property
    def waiting(self) -> int:
        return sum(map(len, self.lines.values()))

    def count(self, outcome: Outcome) -> None:
        self.ended[outcome] = self.ended.get(outcome, 0) + 1


def line_of(told: ToSink) -> str:
    """No namespace has a space in it."""
    return f"{told.client} {told.sink.origin}"


def put(outbox: Outbox, event: ToSink, now: Nanoseconds) -> list[Effect]:
    """Keep an event that has been decided; it goes out now only if nothing is before it."""
    told = replace(event, at=now, number=outbox.next)
    outbox.next += 1
    name, effects = line_of(told), list[Effect]()
    if (crowded := _crowded(outbox, told.client)) is not None:
        given_up = _given_up(outbox, crowded)
        if given_up is None:
            outbox.count("dropped")
            return [Untold(told, "dropped")]
        effects.append(Untold(given_up, "dropped"))
    line = outbox.lines.setdefault(name, {})
    line[told.number] = told
    at_once = len(line) == 1 and len(_of_client(outbox, told.client)) <= MOST_UNDER_WAY
    return [*effects, told] if at_once else effects


def end(outbox: Outbox, name: str, number: int, outcome: Outcome) -> list[Effect]:
    """An event has come to its end: who waits has its turn. ``name``: of its line."""
    line = outbox.lines.get(name, {})
    told = line.pop(number, None)
    if told is None:
        return []
    outbox.count(outcome)
    effects: list[Effect] = [] if outcome == "delivered" else [Untold(told, outcome)]
    del outbox.lines[name]
    if line:
        outbox.lines[name] = line
    lines = _of_client(outbox, told.client)
    if len(lines) >= MOST_UNDER_WAY:
        return [*effects, _first(lines[MOST_UNDER_WAY - 1])]
    return [*effects, _first(line)] if line else effects


def withdraw(outbox: Outbox, over: Callable[[ToSink], bool]) -> list[Effect]:
    """What waits and may not be told any more is given up. What is under way comes to its own end: a sink may just take it."""
    under_way = {told.number for told in outbox.under_way()}
    effects: list[Effect] = []
    for line in outbox.lines.values():
        for told in [one for one in line.values() if one.number not in under_way and over(one)]:
            effects.append(Untold(line.pop(told.number), "withdrawn"))
            outbox.count("withdrawn")
    outbox.lines = {name: line for name, line in outbox.lines.items() if line}
    return effects


def client_gone(outbox: Outbox, client: str) -> None:
    """Nobody is told: the sinks were that client's."""
    outbox.lines = {name: line for name, line in outbox.lines.items() if _client(name) != client}


def _crowded(outbox: Outbox, client: str) -> str | None:
    """The client that has to give something up, where one more of ``client``'s would be too many."""
    sizes: dict[str, int] = {}
    for name, line in outbox.lines.items():
        sizes[_client(name)] = sizes.get(_client(name), 0) + len(line)
    if sizes.get(client, 0) >= MOST_OF_A_CLIENT:
        return client
    return max(sizes, key=sizes.__getitem__) if sum(sizes.values()) >= MOST else None


def _given_up(outbox: Outbox, client: str) -> ToSink | None:
    """The oldest that waits in that line of the client's in which most do; None: all are under way."""
    names = [name for name in outbox.lines if _client(name) == client]
    under_way = dict.fromkeys(names[:MOST_UNDER_WAY], 1)
    waiting = {name: tuple(outbox.lines[name])[under_way.get(name, 0) :] for name in names}
    name = max(names, key=lambda one: (len(waiting[one]), -next(iter(waiting[one]), 0)))
    if not waiting[name]:
        return None
    outbox.count("dropped")
    given_up = outbox.lines[name].pop(waiting[name][0])
    if not outbox.lines[name]:
        del outbox.lines[name]
    return given_up


def _of_client(outbox: Outbox, client: str) -> list[dict[int, ToSink]]:
    return [line for name, line in outbox.lines.items() if _client(name) == client]


def _first(line: dict[int, ToSink]) -> ToSink:
    return next(iter(line.values()))


def _client(name: str) -> str:
    return name.partition(" ")[0]
