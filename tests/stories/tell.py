"""Reads and plays ``*.story`` files: golden traces of one agent or of the control plane, for people.

``>>`` is something that happens to the teller, ``<<`` what it does about it, in order and complete; ``at 400 ms`` sets the clock,
``#`` is a comment. A message is its name and ``field=value``; what is left out has the value that the head of the story gives
(``key=7``, ``session=ue-1``, …), a message's own default, or none. So lines show only what matters in them.

The centre begins with ``federation.py``; it is also told ``heard s1 ue-1`` (the hum of reports) and ``restart``.

Head lines: ``teller: agent s1`` or ``teller: centre``; ``given: key=7 …``; ``move m-1: source=s1 target=s2 …``; ``setting: …``.
``FEDGE_STORIES=write`` writes the ``<<`` lines anew: read the difference before you believe it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import msgspec

from fedge.core.control import (
    DECIDED,
    ControlPlane,
    ControlSettings,
    Effect,
    Propose,
    Reply,
    Story,
    ToAccess,
    ToSite,
)
from fedge.core.messages import FinalDelta, Message, MoveOrder
from fedge.core.model import MS
from fedge.core.site import SiteAgent, SiteSettings
from fedge.core.transfer import ClearFlow, SetFlow, TellControl, TellInstance, TellPeer
from fedge.wire import codec
from tests.stories.federation import beginning, heard, sighted

KINDS = {kind.__name__: kind for kind in codec.message_types()}
GIVEN = {"key": 7, "session": "ue-1", "ue": "ue-1", "app": "arena", "schema": "arena/1"}
WIDTH = 116
HIDDEN = (
    "at",
    "deadline",
    "final",
    "form",
    "due",
    "command",
    "image",
    "revision",
    "env",
    "state_bytes",
    "capacity",
)
"""Fields that no line shows."""


class Telling:
    """One story being told: its head, its clock, and whoever tells it."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = dict(GIVEN)
        self.settings: dict[str, Any] = {}
        self.orders: dict[str, MoveOrder] = {}
        self.now = 0
        self.agent: SiteAgent | None = None
        self.plane: ControlPlane | None = None
        self.journal: list[tuple[int, Message]] = []

    # --- the head ----------------------------------------------------------------------------------------------------------

    def head(self, line: str) -> bool:
        """Take a line of the head; False if it is none."""
        name, _, rest = line.partition(": ")
        if name == "given":
            self.given |= fields_of(rest)
        elif name == "setting":
            self.settings |= fields_of(rest)
        elif name.startswith("move "):
            raw = fields_of(rest)
            raw["deadline"] = raw.get("deadline", 1000) * MS
            order = {"session": self.given["session"], "move": name.removeprefix("move ")}
            order |= {field: self.given[field] for field in ("key", "ue", "app", "schema")}
            self.orders[order["move"]] = msgspec.convert(order | raw, MoveOrder)
        elif name == "teller" and rest.startswith("agent "):
            self.given["site"] = rest.removeprefix("agent ")
            self.agent = SiteAgent(SiteSettings(self.given["site"], **self.settings))
        elif name == "teller":
            self.plane = ControlPlane(ControlSettings(default_service="service:7777", **self.settings))
            self.given |= {"app": "ledger", "schema": "ledger/1"}
            for event in [sighted("ue-1", "x1", 0), *beginning(0)]:
                self._decided(self._handled(event))
            self._decided(self.plane.wake(500 * MS))
        else:
            return False
        return True

    # --- events ------------------------------------------------------------------------------------------------------------

    def happens(self, text: str) -> list[str]:
        """What is done about one event, as lines."""
        if self.plane is not None:
            return self._centre(self.plane, text)
        assert self.agent is not None, "a story needs a teller"
        done = (
            self.agent.wake(self.now) if text == "wake" else self.agent.handle(self.message(text), self.now)
        )
        return [self._agent_line(effect) for effect in done]

    def _centre(self, plane: ControlPlane, text: str) -> list[str]:
        if text == "wake":
            return self._decided(plane.wake(self.now))
        if text == "restart":
            return self._restarted(plane)
        if text.startswith("heard "):
            return [
                line
                for event in heard(text.split()[1:], self.now)
                for line in self._decided(self._handled(event))
            ]
        return self._decided(self._handled(self.message(text)))

    def _handled(self, event: Message) -> list[Effect]:
        assert self.plane is not None
        if isinstance(event, DECIDED):
            self.journal.append((self.now, event))
        return self.plane.handle(event, self.now)

    def _restarted(self, before: ControlPlane) -> list[str]:
        """Invariant 6: the journal alone gives the state again, and its effects go nowhere."""
        self.plane = ControlPlane(before.settings)
        for at, event in self.journal:
            self.plane.handle(event, at)
        self.plane.sites.clear()
        assert msgspec.to_builtins(self.plane.state) == msgspec.to_builtins(before.state)
        return []

    def _decided(self, effects: list[Effect]) -> list[str]:
        lines = []
        queue = list(effects)
        while queue:
            effect = queue.pop(0)
            if isinstance(effect, Propose):
                lines.append(f"decides {self.shown(effect.event)}")
                queue = self._handled(effect.event) + queue
            else:
                lines.append(self._centre_line(effect))
        return lines

    def message(self, text: str) -> Message:
        name, _, rest = text.partition(" ")
        kind: type[Message] = KINDS[name]
        raw: dict[str, Any] = {"type": name}
        told = fields_of(rest)
        for field in msgspec.structs.fields(kind):
            if field.name in told:
                raw[field.name] = self._value(field.name, told.pop(field.name))
            elif field.name == "order" and self.orders:
                raw["order"] = msgspec.to_builtins(next(iter(self.orders.values())))
            elif field.name == "move" and self.orders:
                raw["move"] = next(iter(self.orders))
            elif field.name in self.given and field.required:
                raw[field.name] = self.given[field.name]
            elif field.name in ("at", "frozen_at") and field.required:
                raw[field.name] = self.now
            elif field.required:
                raw[field.name] = EMPTY.get(field.name, 0)
        assert not told, f"{name} has no {', '.join(told)}"
        if "final" in raw:
            raw["final"] = self._final(raw["final"])
        if "answer" in raw:
            raw["answer"] = {
                "key": self.given["key"],
                "move": next(iter(self.orders)),
                "at": self.now,
                **raw["answer"],
            }
        for nested in ("sessions", "instances"):
            if isinstance(raw.get(nested), tuple | list):
                raw[nested] = [self._held(one) for one in raw[nested]]
        return msgspec.convert(raw, kind)

    def _value(self, field: str, value: Any) -> Any:
        if field == "order":
            return msgspec.to_builtins(self.orders[value])
        return value

    def _held(self, one: dict[str, Any]) -> dict[str, Any]:
        """A session's or an instance's status, with what the head gives filled in."""
        usual = {field: self.given[field] for field in ("key", "session", "ue", "app", "schema")}
        usual |= (
            {"sessions": 0, "capacity": 4, "generation": 1, "state": "ready"}
            if "instance" in one
            else {"generation": 1}
        )
        if "order" in one:
            one = {**one, "order": msgspec.to_builtins(self.orders[one["order"]])}
        return usual | one

    def _final(self, told: Any) -> dict[str, Any]:
        order = next(iter(self.orders.values()))
        told = told if isinstance(told, dict) else {}
        final = FinalDelta(
            order,
            told.get("tick", 60),
            self.now,
            told.get("stable_seq", 50),
            "c0",
            "d0",
            told.get("rounds", 2),
        )
        found: dict[str, Any] = msgspec.to_builtins(final)
        return found

    # --- lines -------------------------------------------------------------------------------------------------------------

    def _agent_line(self, effect: object) -> str:
        match effect:
            case TellControl(message):
                return f"centre: {self.shown(message)}"
            case TellPeer(site, message):
                return f"{site}: {self.shown(message)}"
            case TellInstance(instance, message):
                return f"{instance}: {self.shown(message)}"
            case SetFlow(_, flow, generation, epoch, instance, peer):
                to = f" to {peer or instance}" if flow in ("local", "forward") else ""
                return f"gateway: {flow}{to}, generation {generation}, epoch {epoch}"
            case ClearFlow(_, epoch):
                return f"gateway: forget up to epoch {epoch}"
        raise AssertionError(effect)

    def _centre_line(self, effect: Effect) -> str:
        match effect:
            case ToSite(site, message):
                return f"{site}: {self.shown(message)}"
            case ToAccess(message):
                return f"access: {self.shown(message)}"
            case Reply(request, status, body):
                return f"reply {request}: {status} {body.get('code') or body.get('site') or body.get('move') or ''}".rstrip()
            case Story(sentence):
                return f"says: {sentence}"
        raise AssertionError(effect)

    def shown(self, message: Message) -> str:
        """The message without what the head gives, defaults and instants."""
        words = [type(message).__name__]
        for field in msgspec.structs.fields(message):
            value = getattr(message, field.name)
            if field.name in HIDDEN:
                continue
            if isinstance(value, MoveOrder):
                value, usual = value.move, next(iter(self.orders), None)
            else:
                usual = next(iter(self.orders), None) if field.name == "move" else self.given.get(field.name)
            default = None if field.default is msgspec.NODEFAULT else field.default
            if value in (usual, default) or (not value and value != 0) or isinstance(value, bytes):
                continue
            words.append(f"{field.name}={_written(value)}")
        return " ".join(words)[:WIDTH].rstrip()


EMPTY: dict[str, Any] = {
    "packets": "127.0.0.1:1", "command": ["arena"], "digest": "d0", "gateway": "g:1", "peer": "p:1", "sessions": [],
    "instances": [], "reason": "", "because": "", "why": "", "verdict": "", "objects": [], "body": b"", "ues": [], "cells": [],
    "routes": [], "kind": "nr", "previous": None, "ue_rtt_ms": {}, "load": 0.1, "final": {}, "env": {},
}  # fmt: skip
"""What a required field is where neither the line nor the head says."""


def fields_of(text: str) -> dict[str, Any]:
    """``a=1 b=two c=[{…}]`` as a dictionary: Python literals where they are some, else text."""
    found: dict[str, Any] = {}
    rest = text.strip()
    while rest:
        name, _, rest = rest.partition("=")
        end = _end_of(rest)
        found[name.strip()], rest = _literal(rest[:end]), rest[end:].strip()
    return found


def _end_of(text: str) -> int:
    depth, quote = 0, ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[{(":
            depth += 1
        elif letter in "]})":
            depth -= 1
        elif letter == " " and not depth:
            return at
    return len(text)


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _written(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


def told(path: Path) -> list[str]:
    """The story again, with the ``<<`` lines that it has now."""
    telling, lines = Telling(), []
    for line in path.read_text().splitlines():
        if line.startswith("<<"):
            continue
        lines.append(line)
        if line.startswith("at "):
            telling.now = int(float(line.split()[1]) * MS)
        elif line.startswith(">>"):
            lines += [f"<<   {done}" for done in telling.happens(line[2:].strip())]
        elif line and not line.startswith("#"):
            assert telling.head(line), f"{path.name}: {line!r} is no line of a story"
    return lines
