"""What goes wrong in a simulated world, and when: drawn from a seed, told in sentences, shrinkable.

A ``Fault`` strikes when a message of one kind has been said so many times, so that short windows of the protocol are hit as
often as long ones, or at an instant. Beside faults, ``Weather`` spoils every link a little.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from fedge.core.model import MS, SECOND

SITES = ("s1", "s2", "s3")

MOMENTS = (
    "WarmTarget", "TargetWarmed", "BeginCopy", "Proceed", "TakeState", "StateTaken", "StateRound", "Store", "Stored",
    "RoundStored", "Freeze", "Frozen", "MoveFrozen", "FinalDelta", "Activate", "Answered", "Answer", "MoveActivated",
    "InstallRoute", "ActivateRoute", "RouteActivated", "UplinkSeen", "ReleaseSource", "Drop", "Dropped", "SourceReleased",
    "AskFence",
    "FenceAnswered", "Resume", "Resumed", "MoveAborted", "Decline", "Voided", "EpochRefused", "EpochVoided", "VoidEpoch",
    "OpenSession", "Open", "Opened", "SessionOpened", "AbortMove", "CancelMove", "DiscardSession", "TargetRefused",
    "Unvoid", "GoOn", "InstanceHello", "SiteHello", "CloseSession", "SessionClosed", "AskedAttach",
)  # fmt: skip
"""The messages at whose sending a fault may strike."""

ACTIONS = (
    "crash sender", "crash receiver", "crash sender unsaid", "crash instance of sender", "crash instance of receiver",
    "tear instance of receiver", "crash centre", "crash access", "forget client", "lose", "repeat later", "delay",
    "cut", "stall", "pause sender", "pause receiver", "cut centre from all", "cut access from sender",
    "cut access from receiver",
)  # fmt: skip

COMMIT_POINT = (
    "Freeze", "Frozen", "FinalDelta", "Activate", "Answered", "Answer", "MoveActivated", "ActivateRoute", "UplinkSeen",
    "ReleaseSource", "Drop", "AskFence", "FenceAnswered", "Resume", "Resumed", "Voided", "EpochRefused", "EpochVoided",
    "VoidEpoch", "MoveAborted", "Decline", "AbortMove", "Unvoid", "GoOn", "DiscardSession",
)  # fmt: skip
"""Where it is decided who writes: half of all faults strike here."""


REDIRECTING = (
    "RedirectClient",
    "ExpectClient",
    "ClientHeard",
    "UeAt",
    "RouteInstalled",
    "RouteActivated",
    "MoveFrozen",
    "Answer",
)
"""What is said where a client is led by REDIRECT, or waited for."""


@dataclass(frozen=True)
class Fault:
    """``action`` at the ``count``-th ``moment`` (a message's name), or at ``at_ms`` if there is no moment.

    ``who`` names a node where the action needs one that the message does not give. ``for_ms``: until it is mended.
    """

    action: str
    moment: str = ""
    count: int = 1
    at_ms: int = 0
    who: str = ""
    for_ms: int = 300

    def __str__(self) -> str:
        when = f"at {self.moment} no. {self.count}" if self.moment else f"at {self.at_ms} ms"
        return f"{self.action} {self.who} {when} for {self.for_ms} ms".replace("  ", " ")


@dataclass(frozen=True)
class Weather:
    """Shares of messages between programs (``said_*``) and of packets (``packet_*``) that are lost or come twice."""

    said_lost: float = 0.0
    said_twice: float = 0.0
    in_order: bool = True
    packet_lost: float = 0.0
    packet_twice: float = 0.0
    packet_late: float = 0.0
    fence_lost: float = 0.0
    redirect_lost: float = 0.0


@dataclass(frozen=True)
class Plan:
    """One world: everything that happens in it follows from this. ``faults_ms``: how long faults may strike."""

    seed: int
    clients: int = 2
    capacity: int = 4
    faults_ms: int = 5000
    faults: tuple[Fault, ...] = ()
    weather: Weather = Weather()
    handover_every_ms: int = 900
    deadline_ms: int = 1000
    fencing: bool = True
    believe_all: bool = False
    schemas: tuple[str, ...] = ("ledger/1", "ledger/1", "ledger/1")
    unsteered: tuple[int, ...] = ()
    """Clients on an access that the core does not steer: they are moved by REDIRECT."""
    wishes: bool = True
    """Do people order moves, drain sites and close sessions?"""


def plan_of(seed: int, fencing: bool = True) -> Plan:
    """The world of a seed."""
    rng = Random(f"plan/{seed}")
    calm = rng.random() < 0.25
    weather = Weather(
        said_lost=rng.choice((0.0, 0.0, 0.01, 0.05)),
        said_twice=rng.choice((0.0, 0.02, 0.1)),
        in_order=rng.random() < 0.7,
        packet_lost=rng.choice((0.0, 0.02, 0.2)),
        packet_twice=rng.choice((0.0, 0.05)),
        packet_late=rng.choice((0.0, 0.05)),
        fence_lost=rng.choice((0.0, 0.0, 0.7)),
    )
    faults = [_fault(rng) for _ in range(rng.randrange(1, 7))]
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        faults += _unheard_answer(rng)
    long = rng.random() < 0.12
    if long:
        faults.append(_site_lost(rng))
    clients = rng.randrange(1, 4)
    return Plan(
        seed,
        clients=clients,
        capacity=rng.choice((-(-clients // 2), 2, 4, 8)),
        faults_ms=17_000 if long else rng.choice((3000, 5000)),
        faults=tuple(faults),
        weather=Weather() if calm else weather,
        handover_every_ms=rng.choice((500, 900, 2000)) * (2 if long else 1),
        deadline_ms=rng.choice((400, 1000, 2000)),
        fencing=fencing,
        believe_all=not fencing,
        schemas=("ledger/1", "ledger/1", "ledger/2" if rng.random() < 0.1 else "ledger/1"),
        wishes=rng.random() < 0.6,
    )


def redirected(plan: Plan) -> Plan:
    """The same world, with the first of its players and some others on an access without steering, and that way's own faults."""
    rng = Random(f"redirect/{plan.seed}")
    unsteered = tuple(n for n in range(plan.clients) if n == 0 or rng.random() < 0.5)
    faults = [
        Fault(
            rng.choice((*ACTIONS, "silence client")),
            rng.choice(REDIRECTING),
            rng.choice((1, 1, 2, 3, 5, 8)),
            for_ms=rng.choice((150, 400, 1200, 2500)),
        )
        for _ in range(rng.randrange(4))
    ]
    weather = plan.weather
    if weather != Weather():
        weather = replace(weather, redirect_lost=rng.choice((0.0, 0.3, 0.8)))
    return replace(plan, unsteered=unsteered, faults=(*plan.faults, *faults), weather=weather)


def _fault(rng: Random) -> Fault:
    for_ms = rng.choice((50, 150, 400, 1200, 2500))
    if rng.random() < 0.8:
        moment = rng.choice(MOMENTS) if rng.random() < 0.5 else rng.choice(COMMIT_POINT)
        return Fault(rng.choice(ACTIONS), moment, rng.choice((1, 1, 1, 2, 3, 5)), for_ms=for_ms)
    who = rng.choice((*SITES, "centre", "access", "c0", *(f"{site}/i" for site in SITES)))
    action = "forget" if who == "c0" else rng.choice(("crash", "crash", "pause"))
    return Fault(action, at_ms=rng.randrange(0, 4000), who=who, for_ms=for_ms)


def _unheard_answer(rng: Random) -> list[Fault]:
    """The target's answer does not reach the source in time, nor its frames the client: the arbiter is asked, and more."""
    count, for_ms = rng.randrange(1, 6), rng.choice((300, 500, 900, 2500))
    faults = [
        Fault(
            rng.choice(("lose", "delay", "stall", "cut", "crash sender unsaid")),
            "Answer",
            count,
            for_ms=for_ms,
        )
    ]
    if rng.random() < 0.7:
        faults.append(
            Fault("cut access from sender", "Answer", count, for_ms=rng.choice((280, 350, 600, 2500)))
        )
    if rng.random() < 0.4:
        faults.append(
            Fault(rng.choice(ACTIONS), rng.choice(COMMIT_POINT), rng.randrange(1, 3), for_ms=for_ms)
        )
    if rng.random() < 0.3:
        faults.append(
            Fault(
                rng.choice(ACTIONS),
                rng.choice(("Voided", "EpochRefused", "VoidEpoch", "Resume")),
                for_ms=for_ms,
            )
        )
    return faults


def _site_lost(rng: Random) -> Fault:
    """Long enough for the centre to give the site up: dead, or alive and cut off from the centre or from everything."""
    action = rng.choice(("crash", "cut from centre", "cut off"))
    return Fault(
        action, at_ms=rng.randrange(0, 2500), who=rng.choice(SITES), for_ms=round(13.5 * SECOND / MS)
    )
