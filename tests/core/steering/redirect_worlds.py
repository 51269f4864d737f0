"""The world of ``worlds`` with a client in it, its SDK's ``Way``, and gateways that hear it; its UE changes access now and then.

What a packet meets here: an address that leads somewhere, or nowhere; loss; and a writer that answers from the address where it
was heard last, or was told of. The core refuses to steer off 5G standalone, and drops the change under way without a word.
"""

from __future__ import annotations

from fedge.core.messages import (
    ActivateRoute,
    ClientHeard,
    ExpectClient,
    InstallRoute,
    Message,
    RedirectClient,
    RouteActivated,
    RouteInstalled,
)
from fedge.core.model import MS, SECOND, Address, AppId, SiteId
from fedge.core.steering import Answer, Create, Effect, Patch, Steering, SteeringSettings
from fedge_sdk.way import Way
from tests.core.steering.worlds import GATEWAYS, KEY, SESSION, SITES, UE, Weather, World

STABLE = Address("10.60.0.1:7777")
OWN = {site: Address(f"10.60.{n}.1:7777") for n, site in enumerate(SITES, 1)}
ENDS = {address: (address.partition(":")[0], 7777) for address in (STABLE, *OWN.values())}
PERIOD = 20 * MS


class Heard:
    """What one site's gateway knows of the client: where it answers it, and whether it is to say so."""

    def __init__(self) -> None:
        self.at: Address | None = None
        self.expected = True


class RedirectWorld(World):
    """``kind``: the access of the UE. ``silent``: for how long, at most, the client accepted nothing."""

    def __init__(self, seed: int, weather: Weather, kind: str) -> None:
        self.kind, self.epoch, self.accepted_epoch = kind, 1, 0
        self.way = Way()
        self.gateways = {site: Heard() for site in SITES}
        self.told: RedirectClient | None = None
        self.service = Address("")
        self.silent = self.accepted_at = 0
        super().__init__(seed, weather)
        self.after(PERIOD, self._plays)

    def _steering(self) -> Steering:
        steering = Steering(SteeringSettings(b"secret", service=STABLE, services=OWN))
        steering.offer(GATEWAYS)
        return steering

    def change_access(self, kind: str) -> None:
        self.kind = kind
        if kind != "nr":
            self.core.change = None

    def settled(self) -> bool:
        """One way, and it leads to the writer; so does what a client would be told that attaches now.

        On 5G standalone the client is home, unless where the core leads was forgotten and it, asked, has nothing to announce.
        """
        ways = self.way.destinations(self.now)
        if len(ways) != 1:
            return False
        (address,) = ways
        home = address == ENDS[STABLE] and self.core.path == self.site
        known = all(path.there for path in self.steering.paths.values())
        there = home or ((self.kind != "nr" or not known) and address == ENDS[OWN[self.site]])
        attach = self.service == OWN[self.site] or (self.service == STABLE and self.core.path == self.site)
        return self.move is None and self.active >= self.serving and there and attach

    # --- the control plane --------------------------------------------------------------------------------------------------

    def _hears(self, message: Message) -> None:
        match message:
            case RedirectClient():
                self._travels(lambda: self._redirects(message))
            case ExpectClient(site):
                self._travels(lambda: setattr(self.gateways[site], "expected", True))
            case RouteInstalled(_, generation):
                if self.move is not None and self.move[0] == generation:
                    self.after(30 * MS, lambda: self._activate(generation))
            case RouteActivated(_, generation, _, service, redirected) if generation == self.serving:
                self.active, self.service, self.redirected = generation, service, redirected
                if self.way.present is None:
                    self.way.attached(ENDS[service], ENDS.values())
            case _:
                super()._hears(message)

    def _install(self, generation: int, site: SiteId) -> None:
        if self.move == (generation, site):
            access = self.kind if self.rng.random() < 0.5 else ""
            self.say(
                InstallRoute(
                    SESSION, KEY, UE, generation, site, GATEWAYS[site], AppId("arena"), False, access
                )
            )

    def _activate(self, generation: int) -> None:
        if self.move is None or self.move[0] != generation:
            return
        source, target = self.site, self.move[1]
        self.site, self.serving, self.move, self.epoch = target, generation, None, self.epoch + 1
        redirected = self.told is not None and self.told.generation == generation
        if redirected and self.told is not None:
            self.gateways[
                target
            ].at = self.told.service  # the source tells the target where its client will be
        else:
            self.gateways[target].at = self.gateways[source].at
        self.say(ActivateRoute(SESSION, KEY, generation))

    def say_active(self) -> None:
        """As the control plane repeats what it waits for."""
        if self.active < self.serving:
            arena = AppId("arena")
            here = GATEWAYS[self.site]
            self.say(InstallRoute(SESSION, KEY, UE, self.serving, self.site, here, arena, top=self.top))
            self.say(ActivateRoute(SESSION, KEY, self.serving))
        elif self.move is not None:
            self._install(*self.move)

    # --- packets ------------------------------------------------------------------------------------------------------------

    def _plays(self) -> None:
        for end in self.way.destinations(self.now):
            for address, other in ENDS.items():
                if end == other and self.rng.random() >= self.weather.lost:
                    site = (
                        self.core.path if address == STABLE else next(s for s in SITES if OWN[s] == address)
                    )
                    if site:
                        self._arrives(SiteId(site), address)
        self._writes()
        if self.way.present is not None:
            self.silent = max(self.silent, self.now - (self.accepted_at or self.now))
        self.after(PERIOD, self._plays)

    def _arrives(self, site: SiteId, address: Address) -> None:
        gateway, coming = self.gateways[site], self.move is not None and self.move[1] == site
        writer = site == self.site and self.accepted_epoch >= self.epoch
        gateway.expected |= gateway.at != address
        gateway.at = address
        if gateway.expected and (writer or (coming and site != self.site)):
            gateway.expected = False
            generation = self.serving if writer or self.move is None else self.move[0]
            heard = ClientHeard(site, KEY, generation, address, writer, self.now)
            self._travels(lambda: self.say(heard))

    def _writes(self) -> None:
        address = self.gateways[self.site].at
        if address is None:
            address = self.service or None
        change = self.core.change
        led = self.site in (
            self.core.path,
            change.target if change is not None and change.stage == "LATE" else "",
        )
        if address is None or (address == STABLE and not led) or self.rng.random() < self.weather.lost:
            return
        self.way.accepted(ENDS[address], newer=self.epoch > self.accepted_epoch)
        self.accepted_epoch, self.accepted_at = max(self.accepted_epoch, self.epoch), self.now

    def _redirects(self, order: RedirectClient) -> None:
        """A gateway tells the client, from the address where it knows it."""
        self.told = order
        known = self.gateways[order.site].at
        if known is not None and self.rng.random() >= self.weather.lost:
            self.way.redirected(order.number, ENDS[order.service], ENDS[known], self.now)

    # --- the core -----------------------------------------------------------------------------------------------------------

    def _served(self, call: Effect) -> Answer:
        if isinstance(call, Create | Patch) and self.kind != "nr":
            before = self.core.subscriptions.get(call.subscription) if isinstance(call, Patch) else None
            if before is None or before.routes != tuple(one.dnai for one in call.routes):
                return Answer(
                    call.number, 403, "REQUESTED_SERVICE_NOT_AUTHORIZED", f"attached by {self.kind}"
                )
        return super()._served(call)

    def _acknowledged(self, uri: str, status: str) -> int:
        """What is said late to a core on whose path nobody is does no harm."""
        wrong = len(self.wrong)
        answer = super()._acknowledged(uri, status)
        if self.way.present != ENDS[STABLE]:
            del self.wrong[wrong:]
        return answer

    def _reconsider(self, name: str) -> None:
        if self.kind == "nr":
            super()._reconsider(name)


def run(seed: int, weather: Weather, kinds: tuple[str, ...], restarts: bool = False) -> RedirectWorld:
    """Half a minute of moves and changes of access, then calm until all is settled, or half a minute."""
    world = RedirectWorld(seed, weather, kinds[0])
    begun = world.now
    while world.now < begun + 30 * SECOND:
        world.until(world.now + world.rng.randrange(100 * MS, 900 * MS))
        world.say_active()
        if world.rng.random() < 0.5:
            world.plan(world.rng.choice(SITES))
        if world.rng.random() < 0.4:
            kind = world.rng.choice(kinds)
            world.after(world.rng.randrange(120 * MS), lambda kind=kind: world.change_access(kind))
        if restarts and world.rng.random() < 0.1:
            world.restart()
    world.weather = Weather()
    for _ in range(60):
        world.until(world.now + 500 * MS)
        world.say_active()
        if world.settled() and (world.kind != "nr" or world.way.present == ENDS[STABLE]):
            break
    return world
