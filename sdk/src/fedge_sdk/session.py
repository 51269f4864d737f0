"""One copy of a session at one instance: it applies inputs, logs them, and changes hands by the move protocol.

States: ``restoring`` (a target collecting rounds), ``serving``, ``handed_over`` (a source that stopped and waits for the
target's answer), ``void`` (a target that its client refused), ``gone``. No sockets and no clock; ``store`` is the copy's files
or, in the simulated world, their stand-in. Order matters everywhere: first the record, then the word (``docs/one-ue-move.md``).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import deque
from typing import Any, Protocol

from fedge_sdk import wire
from fedge_sdk.cadence import Cadence, first_due
from fedge_sdk.game import TICK_NS, Game
from fedge_sdk.memory import Memory
from fedge_sdk.store import TickRecord, encode_note, encode_tick, read_log

MAX_INPUTS_PER_TICK = 32
MAX_PENDING = 256
ROUND_BYTES = 1 << 20
"""So much of a large state is taken, sent and stored at once: longer pieces would be felt by the neighbours' ticks."""


MOST_BEHIND_NS = 15 * TICK_NS
"""A writer that was stopped for longer does not run all the missed ticks at once: it goes on from now. Nor does one wait for
longer than this for the tick that its source would have run next: then the two machines' clocks are apart."""
_MOST_US = (1 << 32) - 1


class CopyFiles(Protocol):
    """What a copy needs of its files; ``fedge_sdk.store.CopyStore`` keeps the contract on disk."""

    def put_image(self, image: bytes | memoryview) -> None: ...
    def patch_image(self, pages: list[tuple[int, bytes]]) -> None: ...
    def put_meta(self, meta: dict[str, Any]) -> None: ...
    def append(self, record: bytes) -> None: ...
    def archive(self) -> None: ...


class SessionCopy:
    """``meta`` holds session, key, ue, app, schema, epoch, state_bytes and where the image stands (tick, stable_seq, chain)."""

    def __init__(self, game: Game, files: CopyFiles, meta: dict[str, Any], generation: int) -> None:
        self.game = game
        self.files = files
        self.meta = meta
        self.key: int = meta["key"]
        self.epoch: int = meta["epoch"]
        self.generation = generation
        self.state = "restoring"
        self.memory: Memory | None = None
        self.tick = 0
        self.stable_seq = 0
        self.chain = wire.CHAIN_START
        self.life = 0
        self.cadence = Cadence()
        self.order: dict[str, Any] | None = None
        self.rounds = 0
        self.freeze_order: dict[str, Any] | None = None
        self.fence_epoch = 0
        self.confirmed = False
        self._pending: deque[tuple[bytes, int]] = deque()
        self._last_pages: bytes | None = None
        self._hops = (0, 0, 0)

    # --- beginning ---------------------------------------------------------------------------------------------------------

    def open(self, now: int) -> None:
        """A new session: tick 0, no input yet."""
        memory = Memory(self.meta["state_bytes"])
        self.game.open(memory, self.meta["session"])
        self.memory = memory
        self.meta |= {"origin": "opened", "tick": 0, "stable_seq": 0, "chain": self.chain.hex()}
        self.meta["digest"] = memory.digest()
        self.files.put_image(memory.view())
        self.files.put_meta(self.meta)
        self._note("opened", now)
        self.state = "serving"
        self._start(now)

    def recover(self, image: bytes, log: bytes, now: int) -> None:
        """After a crash: the image, then every logged tick again; then serve on from the next tick, or stay stopped."""
        meta = self.meta
        self.memory = Memory(meta["state_bytes"], image)
        self.tick, self.stable_seq = meta["tick"], meta["stable_seq"]
        self.chain = bytes.fromhex(meta["chain"])
        self.state, self.order, self.life = "serving", meta.get("order"), meta.get("life", 0)
        for record in read_log(log):
            if isinstance(record, TickRecord):
                self._apply(record.tick, record.first_seq, record.inputs)
            elif record["event"] == "handed_over":
                self.state, self.order = "handed_over", record["order"]
            elif record["event"] == "resumed":
                self.state, self.order, self.epoch = "serving", None, record["epoch"]
                self.generation = record.get("generation", self.generation)
            elif record["event"] == "life":
                self.life = record["life"]
            elif record["event"] == "void":
                self.state = "void"
            elif record["event"] == "went_on":
                self.state, self.confirmed = "serving", True
            elif record["event"] == "dropped":
                self.state = "gone"
        self.rounds = -1  # which pages the target has is forgotten: a final delta now is the whole image
        self._note("recovered", now)
        self._start(now)

    @property
    def due(self) -> int:
        """When the next tick runs, monotonic ns."""
        return self.cadence.due

    @due.setter
    def due(self, at: int) -> None:
        self.cadence.due = at

    def _start(self, now: int) -> None:
        self.cadence.start(first_due(self.meta["session"], now), now)

    # --- playing -----------------------------------------------------------------------------------------------------------

    def take(self, packet: wire.Inputs, envelope: wire.Envelope, now: int) -> str | None:
        """Inputs and promises of the client. Returns FENCED, TOO_LATE or VOID where a promise decides something."""
        if packet.life < self.life:
            return None  # a client that no longer exists: neither its inputs nor its promises count
        if self.state == "handed_over":
            epoch = self.order["epoch"] if self.order is not None else 0
            if packet.fenced_epoch >= epoch > 0:
                return "FENCED"
            return "TOO_LATE" if packet.accepted_epoch >= epoch > 0 else None
        if self.state != "serving":
            return None
        if packet.fenced_epoch == self.epoch and not self.confirmed:
            self.state = "void"
            self._note("void", now)
            return "VOID"
        if packet.life > self.life:
            self.life = packet.life
            self._pending.clear()
            self._note("life", now, life=self.life)
        expected = self.stable_seq + len(self._pending) + 1
        new = packet.first_seq + len(packet.inputs) - expected
        if new > 0 and packet.first_seq <= expected:
            self.cadence.arrived(now)
            room = MAX_PENDING - len(self._pending)
            for data in packet.inputs[len(packet.inputs) - new :][:room]:
                self._pending.append((data, now))
            on_the_way_us = max(0, now - envelope.stamp_ns) // 1000
            gateway_us = min(_MOST_US, envelope.gateway_us + on_the_way_us)
            self._hops = (envelope.radio_us, envelope.backhaul_us, gateway_us)
        return None

    def step(self, now: int) -> bytes | None:
        """Run the tick that is due and return its packet for the gateway; None if this copy may not speak."""
        due = self.cadence.due = self.cadence.due + TICK_NS
        if now - due > MOST_BEHIND_NS:
            self._start(now)
        if self.state == "handed_over" and self.fence_epoch:
            fence = wire.encode_fence(self.key, self.fence_epoch)
            return wire.seal(wire.Envelope(wire.DOWN, 0, self.key, self.generation, 0, 0, 0, 0, now), fence)
        if self.state != "serving":
            return None
        pending, inputs, wait_us = self._pending, [], 0
        for _ in range(min(len(pending), MAX_INPUTS_PER_TICK)):
            data, arrived = pending.popleft()
            inputs.append(data)
            wait_us = max(0, now - arrived) // 1000
        tick, first_seq = self.tick + 1, self.stable_seq + 1
        self.files.append(encode_tick(tick, now, first_seq, inputs))
        payload = self._apply(tick, first_seq, inputs)
        return wire.sealed_frame(
            self.generation,
            self._hops,
            now,
            self.key,
            self.epoch,
            tick,
            self.stable_seq,
            self.life,
            self.chain,
            wait_us,
            payload,
        )

    def _apply(self, tick: int, first_seq: int, inputs: list[bytes] | tuple[bytes, ...]) -> bytes:
        assert self.memory is not None
        for n, data in enumerate(inputs):
            self.chain = wire.extend_chain(self.chain, first_seq + n, data)
        self.stable_seq = first_seq + len(inputs) - 1
        self.tick = tick
        return self.game.tick(self.memory, tick, inputs)

    # --- the source's end of a move ----------------------------------------------------------------------------------------

    def take_state(self, round_number: int) -> tuple[bytes, int]:
        """(pages, bytes still left) of one round. Round 0 begins a copy of everything, ``ROUND_BYTES`` at a time."""
        assert self.memory is not None
        if round_number == 0 or self.rounds < 0:
            self.memory.mark_all()
        self.rounds = round_number + 1
        pages = self.memory.take_pages(ROUND_BYTES)
        return pages, self.memory.bytes_left()

    def hand_over(self, order: dict[str, Any], now: int) -> tuple[dict[str, Any], bytes]:
        """Record HANDED_OVER(order.epoch), stop, and answer the final delta; the same again when asked again."""
        assert self.memory is not None
        digest = self.memory.digest()
        if self.state == "serving":
            self._note("handed_over", now, digest=digest, order=order)
            self.state, self.order, self.freeze_order = "handed_over", order, None
            self._last_pages = self.memory.take_pages() if self.rounds > 0 else None
        form, body = (
            ("image", bytes(self.memory.view())) if self._last_pages is None else ("pages", self._last_pages)
        )
        final = {
            "type": "FinalDelta",
            "order": self.order,
            "tick": self.tick,
            "due": self.due - TICK_NS,
            "stable_seq": self.stable_seq,
            "life": self.life,
            "chain": self.chain.hex(),
            "digest": digest,
            "rounds": max(self.rounds, 0),
            "form": form,
            "pending": [b64encode(data).decode() for data, _ in self._pending],
        }
        return final, body

    def resume(self, epoch: int, generation: int, now: int) -> None:
        """The hand-over came to nothing: serve again, as ``epoch``."""
        if self.state == "handed_over":
            self.epoch, self.state, self.order, self.fence_epoch = epoch, "serving", None, 0
            self.generation = generation
            self._note("resumed", now, generation=generation)
            self.due = max(self.due, now)

    # --- the target's end --------------------------------------------------------------------------------------------------

    def store_round(self, round_number: int, state_bytes: int, pages: bytes) -> bool:
        """Keep a round; False if the rounds before it are not here. Raises ``ValueError`` for pages that do not fit."""
        if round_number == 0:
            self.meta["state_bytes"] = state_bytes
            self.memory = Memory(state_bytes)
            self.files.put_image(b"")
        elif self.memory is None or round_number != self.rounds:
            return round_number < self.rounds
        assert self.memory is not None
        self.files.patch_image(self.memory.put_pages(pages))
        self.memory.digest()
        self.rounds = round_number + 1
        return True

    def prepare(self, final: dict[str, Any], body: bytes) -> str:
        """Complete the copy and put it on disk, not yet as truth. Returns why that cannot be, or an empty string."""
        if final["form"] == "image":
            self._put_image(body)
        elif self.memory is None or self.rounds != final["rounds"]:
            return f"round {final['rounds'] - 1} of the copy is missing here"
        else:
            self.files.patch_image(self.memory.put_pages(body))
        assert self.memory is not None
        digest = self.memory.digest()
        if digest != final["digest"]:
            return f"digest {digest} where the source has {final['digest']}"
        self.tick, self.stable_seq, self.chain = (
            final["tick"],
            final["stable_seq"],
            bytes.fromhex(final["chain"]),
        )
        self.life = final["life"]
        self.meta |= {"origin": "restored", "tick": self.tick, "stable_seq": self.stable_seq}
        self.meta |= {"chain": final["chain"], "digest": digest, "life": self.life, "order": final["order"]}
        self.files.put_meta(self.meta)
        return ""

    def _put_image(self, body: bytes) -> None:
        self.meta["state_bytes"] = len(body)
        self.memory = Memory(len(body), body)
        self.files.put_image(body)

    def activate(self, final: dict[str, Any], now: int) -> None:
        """ACTIVATED is on record: this copy is the writer from the tick after the source's last."""
        self._note("activated", now, digest=self.meta["digest"])
        self._pending = deque((b64decode(data), now) for data in final["pending"])
        self.state, self.order = "serving", final["order"]
        self.cadence.start(final["due"] + TICK_NS, now)
        if abs(now - self.due) > MOST_BEHIND_NS:
            self._start(now)

    def go_on(self, epoch: int, now: int) -> bool:
        """Whatever silenced this copy no longer counts, for its source is gone: serve as ``epoch``. False if it may not."""
        if self.state not in ("void", "serving"):
            return False
        self.epoch, self.state, self.confirmed = epoch, "serving", True
        self._note("resumed", now)
        self._note("went_on", now)
        self.due = max(self.due, now)
        return True

    # --- ending ------------------------------------------------------------------------------------------------------------

    def drop(self, why: str, now: int) -> None:
        self._note("dropped", now, why=why)
        self.state = "gone"
        self.files.archive()

    def _note(self, event: str, now: int, **more: Any) -> None:
        note = {"event": event, "epoch": self.epoch, "tick": self.tick, "stable_seq": self.stable_seq}
        note |= {"chain": self.chain.hex(), "t_ns": now}
        if event in ("resumed", "recovered") and self.memory is not None:
            note["digest"] = self.memory.digest()
        self.files.append(encode_note(note | more))
