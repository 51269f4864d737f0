"""Steering by the 5G core: Fedge as an application function (AF) of NEF Traffic Influence (3GPP TS 29.522 Rel-17, 4.4.7 and 5.4).

The control plane says ``InstallRoute``, ``ActivateRoute``, ``WithdrawRoute``, ``RemoveRoute``, ``DeclinePath`` and hears
``RouteInstalled``, ``RouteActivated``, ``RouteRefused``, ``PathChangeAsked``. The core network knows subscriptions, notifications
and acknowledgements, and no route generation. Between the two stands one ``Path`` for each session (a UE with an application).
Where the core network does not steer, its client is redirected (``redirect``). Where it does, a path changes in one of two ways:

- **asked by Fedge**: the subscription's ``trafficRoutes`` name the wanted site alone → EARLY → acknowledged, because
  ``InstallRoute`` is said only when the target is warm → LATE → ``RouteInstalled``: the move may freeze → ``ActivateRoute``: the
  target writes → LATE is acknowledged → 204 → ``RouteActivated``. Then every site is offered again.
- **begun by the core**: EARLY for another site → ``PathChangeAsked``. The control plane plans a move, and ``InstallRoute`` for
  that very site is its yes; or it says ``DeclinePath``, and the core keeps the old path.

What is wanted is compared with what the core is known to hold, and one call at a time makes up the difference; so a lost answer,
a restarted NEF and a core that says yes and does nothing are all met by asking again, with back-off. Nothing here gives a move
up: the control plane's deadline does, and says ``WithdrawRoute``.

Reading order: ``path`` (states, ``TRANSITIONS``), ``steer`` (what one path hears) and ``advance`` (what is said about it next),
``redirect`` (its client, on an access without steering), ``steering`` (all of them, and finding the way back), ``calls`` (what is
said to the NEF), ``desk`` (what all share), ``dnai`` (sites' names in the core).
Pure: ``handle(event, now) -> effects``; ``adapters/core5g`` is the shell.
"""

from fedge.core.patience import Backoff, Circuit
from fedge.core.steering.calls import (
    Acknowledge,
    Answer,
    Create,
    Delete,
    Effect,
    Held,
    List,
    N6Route,
    Patch,
    PathNotified,
    Tell,
)
from fedge.core.steering.dnai import Dnais
from fedge.core.steering.path import TRANSITIONS, Path
from fedge.core.steering.steering import Steering, SteeringSettings

__all__ = [
    "TRANSITIONS",
    "Acknowledge",
    "Answer",
    "Backoff",
    "Circuit",
    "Create",
    "Delete",
    "Dnais",
    "Effect",
    "Held",
    "List",
    "N6Route",
    "Patch",
    "Path",
    "PathNotified",
    "Steering",
    "SteeringSettings",
    "Tell",
]
