"""A game instance as the agent sees it: many session copies, one conversation.

``handle`` takes what the agent asks and ``packet`` what the gateway delivers; both answer messages for the agent. Pure but for
the injected ``store``. The messages are those of ``docs/sdk-contract.md``, as dictionaries with a ``type``; bulk state travels
beside them as ``body``.
"""

from __future__ import annotations

import heapq
from typing import Any, Protocol

from fedge_sdk import wire
from fedge_sdk.game import Game
from fedge_sdk.session import CopyFiles, SessionCopy

Reply = tuple[dict[str, Any], bytes]


class Store(Protocol):
    """The files of a site; ``fedge_sdk.store.SiteStore`` keeps them on disk."""

    def copy(self, key: int, epoch: int) -> CopyFiles: ...
    def record_answer(self, key: int, epoch: int, answer: dict[str, Any]) -> dict[str, Any]: ...
    def recorded_answer(self, key: int, epoch: int) -> dict[str, Any] | None: ...
    def load(self, key: int, epoch: int) -> tuple[bytes, bytes]: ...
    def copies(self) -> list[tuple[int, int, dict[str, Any]]]: ...


class Instance:
    """Up to ``capacity`` sessions of ``game``, each ``state_bytes`` of memory."""

    def __init__(
        self, game: Game, app: str, name: str, capacity: int, state_bytes: int, store: Store
    ) -> None:
        self.game, self.app, self.name = game, app, name
        self.capacity, self.state_bytes, self.store = capacity, state_bytes, store
        self.copies: dict[int, SessionCopy] = {}
        self.malformed = 0
        self._due: list[tuple[int, int]] = []

    # --- life --------------------------------------------------------------------------------------------------------------

    def recover(self, now: int) -> None:
        """Take up every copy of this application that an earlier life left in the store."""
        for key, epoch, meta in self.store.copies():
            if meta["app"] != self.app:
                continue
            standing = self.store.recorded_answer(key, epoch)
            if meta["origin"] == "restored" and (standing is None or standing["verdict"] != "ACTIVATED"):
                self.store.copy(key, epoch).archive()  # never became truth
                continue
            copy = SessionCopy(self.game, self.store.copy(key, epoch), meta, meta.get("generation", 0))
            image, log = self.store.load(key, epoch)
            copy.recover(image, log, now)
            if copy.state == "gone":
                copy.files.archive()
                continue
            self._adopt(copy)

    def hello(self, packets: str) -> dict[str, Any]:
        return {
            "type": "InstanceHello",
            "instance": self.name,
            "app": self.app,
            "schema": self.game.schema,
            "capacity": self.capacity,
            "packets": packets,
            "sessions": [self._status(copy) for copy in self.copies.values()],
        }

    # --- what the agent asks -----------------------------------------------------------------------------------------------

    def handle(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        """Answer one message of the agent. An unknown type or a copy that is not here answers nothing."""
        act = getattr(self, "_on_" + str(message.get("type")).lower(), None)
        replies: list[Reply] = act(message, body, now) if act is not None else []
        return replies

    def _on_open(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        key, epoch = message["key"], message["epoch"]
        present = self.copies.get(key)
        if present is None or present.state == "gone":
            if len(self.copies) >= self.capacity:
                reason = f"{len(self.copies)} of {self.capacity} sessions"
                return [({"type": "OpenRefused", "key": key, "epoch": epoch, "reason": reason}, b"")]
            meta = self._meta(message["session"], key, message["ue"], epoch, message["generation"])
            meta["state_bytes"] = message["state_bytes"]
            copy = SessionCopy(self.game, self.store.copy(key, epoch), meta, message["generation"])
            copy.open(now)
            self._adopt(copy)
        elif present.epoch != epoch:
            reason = f"epoch {present.epoch} of this session is here"
            return [({"type": "OpenRefused", "key": key, "epoch": epoch, "reason": reason}, b"")]
        return [({"type": "Opened", "key": key, "epoch": epoch}, b"")]

    def _on_takestate(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        copy = self.copies.get(message["key"])
        if copy is None or copy.state != "serving":
            return []
        pages, left = copy.take_state(message["round"])
        head = {"type": "StateTaken", "key": copy.key, "move": message["move"], "round": message["round"]}
        head |= {"left_bytes": left, "state_bytes": copy.memory.size if copy.memory is not None else 0}
        return [(head, pages)]

    def _on_freeze(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        order = message["order"]
        copy = self.copies.get(message["key"])
        if copy is None:
            return []
        if copy.state == "handed_over" and copy.order is not None and copy.order["epoch"] == order["epoch"]:
            return [self._frozen(copy, order, now)]
        if copy.state == "serving" and copy.epoch < order["epoch"]:
            copy.freeze_order = order  # takes effect behind the next tick, so that no tick is cut short
        return []

    def _on_store(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        order = message["order"]
        copy = self._restoring(order)
        try:
            if copy is None or not copy.store_round(message["round"], message["state_bytes"], body):
                return []
        except ValueError:  # torn or foreign pages: without a Stored the source's deadline ends the move
            return []
        stored = {"type": "Stored", "key": copy.key, "move": order["move"], "round": message["round"]}
        return [(stored, b"")]

    def _on_activate(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        final = message["final"]
        order = final["order"]
        standing = self.store.recorded_answer(order["key"], order["epoch"])
        if standing is None:
            copy = self._restoring(order)
            try:
                why = "another copy of this session is here" if copy is None else copy.prepare(final, body)
            except ValueError as error:
                why = str(error)
            standing = self._answer(order, why, now, tick=final["tick"], digest=final["digest"])
            if copy is not None and standing["verdict"] == "ACTIVATED":
                copy.activate(final, now)
                heapq.heappush(self._due, (copy.due, copy.key))
            elif copy is not None:
                self._discard(copy, "refused", now)
        return [self._answered(standing)]

    def _on_decline(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        order = message["order"]
        standing = self._answer(order, message["reason"] or "declined", now)
        copy = self.copies.get(order["key"])
        mine = copy is not None and copy.state == "restoring" and copy.epoch <= order["epoch"]
        if copy is not None and mine and standing["verdict"] == "REFUSED":
            self._discard(copy, "refused", now)
        return [self._answered(standing)]

    def _on_askfence(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        copy = self.copies.get(message["key"])
        if copy is not None and copy.state == "handed_over":
            copy.fence_epoch = message["epoch"]
            copy.due = now
            heapq.heappush(self._due, (now, copy.key))
        return []

    def _on_resume(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        copy = self.copies.get(message["key"])
        if copy is None or copy.state == "gone":
            return []
        if copy.state == "handed_over":
            copy.resume(message["epoch"], message.get("generation") or copy.generation, now)
            heapq.heappush(self._due, (copy.due, copy.key))
        return [({"type": "Resumed", "key": copy.key, "epoch": copy.epoch, "at": now}, b"")]

    def _on_goon(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        copy = self.copies.get(message["key"])
        if copy is None or copy.epoch not in (message["epoch"], message["as_epoch"]):
            return []
        if copy.epoch != message["as_epoch"] and copy.go_on(message["as_epoch"], now):
            heapq.heappush(self._due, (copy.due, copy.key))
        return [({"type": "Resumed", "key": copy.key, "epoch": copy.epoch, "at": now}, b"")]

    def _on_drop(self, message: dict[str, Any], body: bytes, now: int) -> list[Reply]:
        copy = self.copies.get(message["key"])
        tick = 0
        if copy is not None and self._may_drop(copy, message["epoch"], message["why"]):
            tick = copy.tick
            self._discard(copy, message["why"], now)
        dropped = {"type": "Dropped", "key": message["key"], "epoch": message["epoch"], "tick": tick}
        return [(dropped | {"why": message["why"]}, b"")]

    @staticmethod
    def _may_drop(copy: SessionCopy, epoch: int, why: str) -> bool:
        """A cancelled move takes with it what any move up to its epoch has collected, but never a copy that was answered for."""
        return (
            copy.state == "restoring" and copy.epoch <= epoch if why == "cancelled" else copy.epoch == epoch
        )

    # --- packets and ticks -------------------------------------------------------------------------------------------------

    def packet(self, packet: bytes, now: int) -> list[Reply]:
        """Take one packet from the gateway."""
        try:
            envelope = wire.unseal(packet)
            inputs = wire.decode_inputs(packet, wire.ENVELOPE_BYTES)
        except wire.Malformed:
            self.malformed += 1
            return []
        copy = self.copies.get(inputs.session)
        if copy is None:
            return []
        cadence = copy.cadence
        due = cadence.due
        verdict = copy.take(inputs, envelope, now)
        if cadence.due != due:
            heapq.heappush(self._due, (cadence.due, copy.key))
        if verdict is None:
            return []
        if verdict == "VOID":
            return [({"type": "Voided", "key": copy.key, "epoch": copy.epoch}, b"")]
        copy.fence_epoch = 0
        epoch = copy.order["epoch"] if copy.order is not None else 0
        return [({"type": "FenceAnswered", "key": copy.key, "epoch": epoch, "verdict": verdict}, b"")]

    def next_due(self) -> int | None:
        return self._due[0][0] if self._due else None

    def run_due(self, now: int) -> tuple[list[bytes], list[Reply]]:
        """Run every tick that is due: (packets for the gateway, messages for the agent)."""
        packets: list[bytes] = []
        replies: list[Reply] = []
        while self._due and self._due[0][0] <= now:
            due, key = heapq.heappop(self._due)
            copy = self.copies.get(key)
            if copy is None or copy.cadence.due != due:
                continue
            packet = copy.step(now)
            if packet is not None:
                packets.append(packet)
            if copy.freeze_order is not None and copy.state == "serving":
                replies.append(self._frozen(copy, copy.freeze_order, now))
            if copy.state == "serving" or copy.fence_epoch:
                heapq.heappush(self._due, (copy.cadence.due, key))
        return packets, replies

    # --- inside ------------------------------------------------------------------------------------------------------------

    def _frozen(self, copy: SessionCopy, order: dict[str, Any], now: int) -> Reply:
        final, body = copy.hand_over(order, now)
        return {"type": "Frozen", "key": copy.key, "final": final, "at": now}, body

    def _restoring(self, order: dict[str, Any]) -> SessionCopy | None:
        """The copy that collects this order's rounds, begun if need be; None where another copy is in the way."""
        copy = self.copies.get(order["key"])
        if copy is not None and copy.state == "restoring" and copy.epoch != order["epoch"]:
            copy.files.archive()
            copy = None
        if copy is None or copy.state == "gone":
            meta = self._meta(
                order["session"], order["key"], order["ue"], order["epoch"], order["generation"]
            )
            copy = SessionCopy(
                self.game, self.store.copy(order["key"], order["epoch"]), meta, order["generation"]
            )
            copy.order = order
            self.copies[copy.key] = copy
        return copy if copy.state == "restoring" else None

    def _answer(
        self, order: dict[str, Any], why: str, now: int, tick: int = 0, digest: str = ""
    ) -> dict[str, Any]:
        answer = {
            "type": "Answer",
            "move": order["move"],
            "key": order["key"],
            "epoch": order["epoch"],
            "at": now,
        }
        answer |= {
            "verdict": "REFUSED" if why else "ACTIVATED",
            "reason": why,
            "tick": tick,
            "digest": digest,
        }
        return self.store.record_answer(order["key"], order["epoch"], answer)

    def _answered(self, standing: dict[str, Any]) -> Reply:
        copy = self.copies.get(standing["key"])
        serving = copy is not None and copy.state == "serving" and copy.epoch == standing["epoch"]
        return {"type": "Answered", "answer": standing, "serving": serving}, b""

    def _discard(self, copy: SessionCopy, why: str, now: int) -> None:
        copy.drop(why, now)
        self.copies.pop(copy.key, None)

    def _adopt(self, copy: SessionCopy) -> None:
        self.copies[copy.key] = copy
        heapq.heappush(self._due, (copy.due, copy.key))

    def _meta(self, session: str, key: int, ue: str, epoch: int, generation: int) -> dict[str, Any]:
        meta: dict[str, Any] = {"session": session, "key": key, "ue": ue, "app": self.app, "epoch": epoch}
        return meta | {"schema": self.game.schema, "generation": generation, "state_bytes": self.state_bytes}

    def _status(self, copy: SessionCopy) -> dict[str, Any]:
        status = {"session": copy.meta["session"], "key": copy.key, "ue": copy.meta["ue"], "app": self.app}
        status |= {"epoch": copy.epoch, "state": copy.state, "generation": copy.generation, "tick": copy.tick}
        return status | {"order": copy.order}
