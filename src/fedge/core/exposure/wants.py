"""All that is wanted of the operator, by name, and which of it is to be looked at: what was heard of, and what is due.

So that a word about one flow costs the same however many there are.
"""

from __future__ import annotations

import hmac

from fedge.core.exposure import advance, flows
from fedge.core.exposure.agenda import Agenda
from fedge.core.exposure.calls import CHANNEL, Api, Asks, Tell
from fedge.core.exposure.flows import Flow
from fedge.core.exposure.subscription import Subscription
from fedge.core.messages import RequestQuality
from fedge.core.model import SECOND, Nanoseconds

FLOW = "quality/"


class Wants:
    """``subs``; ``flows``: those that are a flow's quality; ``standing``: wanted always, few, looked at whenever anything is.

    ``secret``: addresses of notifications are derived from it.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.subs: dict[str, Subscription] = {}
        self.flows: dict[str, Flow] = {}
        self.standing: dict[str, Subscription] = {}
        self._names: dict[str, str] = {}
        self._agenda = Agenda()
        self._stirred: set[str] = set()

    def token(self, name: str) -> str:
        """The unguessable part of the address at which this subscription's notifications are taken."""
        return hmac.digest(self._secret, f"exposure/{name}".encode(), "sha256").hex()[:40]

    def at(self, token: str) -> Subscription | None:
        return self.subs.get(self._names.get(token, ""))

    def of(self, api: Api) -> dict[str, Subscription]:
        return {name: sub for name, sub in self.subs.items() if sub.api == api}

    def add(self, name: str, api: Api, asks: Asks, until: Nanoseconds = 0) -> Subscription:
        sub = Subscription(name, api, self.token(name), asks, until=until, channel=CHANNEL[api])
        self.subs[name], self._names[sub.token] = sub, name
        self.stir(name)
        return sub

    def stand(self, name: str, api: Api, asks: Asks) -> None:
        self.standing[name] = self.add(name, api, asks)

    def ask(self, event: RequestQuality, agreed: tuple[str, ...], now: Nanoseconds) -> list[Tell]:
        """A quality for a flow. ``agreed``: the references that the operator knows; none: it decides itself."""
        name = FLOW + event.flow
        self.stir(name)
        sub, flow = self.subs.get(name), self.flows.get(name)
        if agreed and event.reference not in agreed:
            why = f"the operator has not agreed {event.reference}"
            refused = flow if flow is not None else Flow(event.flow, now)
            return flows.ended(
                refused, sub or Subscription(name, "quality", "", flows.asks_of(event)), why, True
            )
        if sub is None or flow is None:
            self.add(name, "quality", flows.asks_of(event), now + event.seconds * SECOND)
            self.flows[name] = flows.first(event, now)
            return []
        return flows.asked(flow, sub, event, now)

    def release(self, flow: str) -> None:
        sub = self.subs.get(FLOW + flow)
        if sub is not None:
            sub.wanted = False
            self.stir(sub.name)

    def stir(self, *names: str) -> None:
        """Something was heard or decided of these."""
        self._stirred.update(names)

    def to_look_at(self, now: Nanoseconds) -> list[Subscription]:
        """Each once: what stands, what is due, what was stirred. Whoever has looked says so (``looked``)."""
        names = dict.fromkeys((*self.standing, *self._agenda.due(now), *sorted(self._stirred)))
        self._stirred.clear()
        return [self.subs[name] for name in names if name in self.subs]

    def looked(self, sub: Subscription, now: Nanoseconds) -> None:
        """It is dropped where nothing is left of it; else it is due when time alone may change something again."""
        flow = self.flows.get(sub.name)
        if sub.gone:
            del self.subs[sub.name], self._names[sub.token]
            self.flows.pop(sub.name, None)
            self._agenda.put(sub.name, 0)
        elif flow is not None:
            looks = (*advance.looks(sub), *flows.looks(flow, sub))
            self._agenda.put(sub.name, min((at for at in looks if at > now), default=0))
