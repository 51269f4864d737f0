"""The oracle of the simulated world: holds what clients heard, sites logged and gateways did against ``docs/invariants.md``.

It reads what a checker of a real run reads (frames as clients judged them, session logs, answers, gateway changes) and, since it
can, the insides of the programs once everything has settled. Each finding begins with the invariant's number; ``live`` is the
demand that everybody plays again once the faults are over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fedge.core.model import MS
from fedge.simulation.world.centre import Centre
from fedge.simulation.world.client import Client
from fedge.simulation.world.history import Line, Told, copies_of, line_of, replayed
from fedge.simulation.world.ports import Player
from fedge.simulation.world.redirect import OWN, endpoint
from fedge.simulation.world.routes import RouteTable
from fedge.simulation.world.site import SiteNode
from fedge.simulation.world.store import Disk
from fedge_sdk.client import Verdict

RECENT = 200 * MS


class Judged(Protocol):
    """The world, as the judge looks into it."""

    now: int

    @property
    def centre(self) -> Centre: ...
    @property
    def sites(self) -> Mapping[str, SiteNode]: ...
    @property
    def clients(self) -> Sequence[Client]: ...
    def ms(self) -> float: ...
    def told(self, sentence: str) -> None: ...


class Judge:
    """A ``Witness`` of what happens, and its verdict at the end."""

    def __init__(self, world: Judged) -> None:
        self.world = world
        self.found: list[str] = []
        self.told: dict[int, Told] = {}
        self.closing: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.settled_after = 0
        self._routes: dict[int, int] = {}
        self._gateways: dict[tuple[str, int], int] = {}

    def _of(self, key: int) -> Told:
        return self.told.setdefault(key, Told())

    def wrong(self, finding: str) -> None:
        if len(self.found) < 20:
            self.found.append(f"{finding} (at {self.world.ms():.1f} ms)")
            self.world.told(f"WRONG {finding}")

    # --- while it runs -----------------------------------------------------------------------------------------------------

    def pushed(self, key: int, seq: int, data: bytes) -> None:
        self._of(key).pushed.setdefault(seq, set()).add(data)

    def closed(self, key: int) -> None:
        self.closing.add(key)

    def heard(self, client: Player, site: str, verdict: Verdict) -> None:
        assert client.session is not None
        told = self._of(client.session.key)
        if client.session.fenced_epoch:
            told.fenced.add(client.session.fenced_epoch)
        frame = verdict.frame
        if frame is None or not verdict.accepted:
            self.counts["refused"] += frame is not None
            return
        self.counts["accepted"] += 1
        who = f"{client.name} epoch {frame.epoch} tick {frame.tick}"
        if told.writer.setdefault(frame.epoch, site) != site:
            self.wrong(f"1: {who} comes from {site}, and the epoch was {told.writer[frame.epoch]}'s")
        before = told.ticks.setdefault(frame.tick, (frame.stable_seq, frame.chain))
        if before != (frame.stable_seq, frame.chain):
            self.wrong(f"1: {who} was another tick {frame.tick} when it was heard before")
        if told.acked.setdefault(frame.stable_seq, frame.chain) != frame.chain:
            self.wrong(f"3: {who} commits to other inputs than were acknowledged up to {frame.stable_seq}")
        below = max((top for epoch, top in told.top.items() if epoch < frame.epoch), default=0)
        if frame.stable_seq < below:
            self.wrong(f"3: {who} knows inputs up to {frame.stable_seq}; acknowledged were {below}")
        told.top[frame.epoch] = max(told.top.get(frame.epoch, 0), frame.stable_seq)
        if verdict.chain_mismatch or verdict.stable_went_back or verdict.tick_twice:
            self.wrong(f"3: {who} is faulty to its client: {verdict._replace(frame=None)}")

    def routes_seen(self, routes: RouteTable) -> None:
        for key, route in routes.by_key.items():
            if route.active < self._routes.get(key, 0) and route.active:
                self.wrong(f"2: the user plane fell from generation {self._routes[key]} to {route.active}")
            self._routes[key] = max(route.active, self._routes.get(key, 0))

    def gateway_began(self, site: str) -> None:
        for name, key in tuple(self._gateways):
            if name == site:
                del self._gateways[name, key]

    def flow_set(self, site: str, key: int, entries: Any) -> None:
        if key in entries:
            generation = entries[key].generation
            if generation < self._gateways.get((site, key), 0):
                self.wrong(
                    f"2: the gateway of {site} fell from generation {self._gateways[site, key]} to {generation}"
                )
            self._gateways[site, key] = generation

    # --- afterwards --------------------------------------------------------------------------------------------------------

    def settled(self) -> bool:
        return not self._unsettled()

    def _unsettled(self) -> list[str]:
        """What is still under way, now that nothing goes wrong any more."""
        world = self.world
        state = world.centre.plane.state
        open_ends = [f"5: {move.id} is still {move.state}" for move in state.under_way()]
        for site in world.sites.values():
            ends = [(end.order.move, end.state) for end in site.agent.sources.values()]
            ends += [(end.order.move, end.state) for end in site.agent.targets.values()]
            open_ends += [f"5: {site.name} still has an end of {move}: {at}" for move, at in ends]
            copies = site.instance.instance.copies.values() if site.instance.instance else ()
            known = {session.key: session for session in state.sessions.values() if session.state != "lost"}
            for copy in copies:
                session = known.get(copy.key)  # type: ignore[call-overload]
                if session is None or session.site != site.name:
                    open_ends.append(
                        f"7: {site.name} still holds a {copy.state} copy of {copy.key:x}, epoch {copy.epoch}"
                    )
                elif copy.state != "serving" or copy.epoch != session.epoch:
                    centre = f"the centre has epoch {session.epoch}"
                    open_ends.append(
                        f"4: {site.name} is {copy.state} with epoch {copy.epoch} of {session.session}; {centre}"
                    )
        for client in world.clients:
            session_, now = client.session, world.now
            if session_ is None or now - client.acked_at > RECENT:
                open_ends.append(f"live: {client.name} hears no new tick")
            elif session_.next_seq - session_.acked_seq > 30:
                open_ends.append(f"live: {client.name} has inputs without acknowledgement")
            if client.unsteered:
                open_ends += self._way_of(client)
        return open_ends

    def _way_of(self, client: Client) -> list[str]:
        """Led by itself, a client sends to the one address of the site that serves it."""
        sessions, session = self.world.centre.plane.state.sessions, client.session
        served = sessions.get(client.site_id) if client.site_id is not None else None
        if session is None or served is None:
            return []
        ways = session.way.destinations(self.world.now)
        if ways == (endpoint(OWN[served.site]),):
            return []
        return [f"live: {client.name} sends to {ways}, and {served.site} serves it"]

    def verdict(self, settled: bool) -> list[str]:
        if not settled:
            for finding in self._unsettled():
                self.wrong(finding)
        replay = self.world.centre.replays()
        if replay:
            self.wrong(f"6: {replay}")
        self._histories()
        self._handovers()
        return self.found

    def _histories(self) -> None:
        """Invariant 3 from the surviving logs: what was acknowledged is in them, once, as it was said; and they replay."""
        for client in self.world.clients:
            if client.session is None:
                continue
            key = client.session.key
            session = next((s for s in self.world.centre.plane.state.sessions.values() if s.key == key), None)
            site = self.world.sites[session.site] if session is not None else None
            copy = (
                site.instance.instance.copies.get(key)
                if site is not None and site.instance.instance
                else None
            )
            if site is None or copy is None:
                continue
            line = line_of(self._disks(), site.name, key, copy.files.folder)  # type: ignore[attr-defined]
            if isinstance(line, str):
                self.wrong(f"3: {line}")
                continue
            self._inputs(client.name, key, line)
            digest, tick = replayed(line, copy.game)
            if copy.memory is not None and tick == copy.tick and digest != copy.memory.digest():
                self.wrong(f"3: the replay of {key:x} to tick {tick} gives another state")
            self.counts["replayed"] += 1

    def _disks(self) -> dict[str, Disk]:
        return {name: site.disk for name, site in self.world.sites.items()}

    def _inputs(self, name: str, key: int, line: Line) -> None:
        told = self._of(key)
        for seq, data in enumerate(line.inputs, 1):
            if data not in told.pushed.get(seq, ()):
                self.wrong(f"3: input {seq} of {name} was never said so")
                return
        for seq, chain in told.acked.items():
            if seq >= len(line.chains) or line.chains[seq] != chain:
                self.wrong(
                    f"3: inputs up to {seq} of {name} were acknowledged; they are not in what survived"
                )
                return

    def _handovers(self) -> None:
        """Invariant 4 from all logs: who ran ticks when, and by what right."""
        answers: dict[tuple[str, int, int], str] = {}
        for site in self.world.sites.values():
            answers |= {(site.name, key, epoch): record for (key, epoch), record in site.disk.answers.items()}
        for found in copies_of(self._disks(), answers, self.told):
            self.counts["copies"] += 1
            for finding in found:
                self.wrong(f"4: {finding}")
