"""A subscriber who is asked whether a client may, and the code that stands for its yes in the authorization code flow. Durable.

What the client was given for either is a secret: here is only its SHA-256. Neighbours: `consent.py`, what a yes leaves behind;
`core/control/asking.py` decides. Sources: OpenID CIBA Core 1.0; RFC 6749, 4.1; RFC 7636.
"""

from __future__ import annotations

from msgspec import Struct, field

from fedge.core.model import SECOND, Nanoseconds, UeId

MOST_OF_A_CLIENT, MOST = 100, 1000
"""So many subscribers are asked at once."""
MOST_OF_A_DEVICE = 5
"""Of a device for one client: questions through a browser, and codes that are not used yet. The client need not have begun it."""
MOST_CODES_OF_A_CLIENT, MOST_CODES_OF_A_DEVICE = 1000, 20
"""The used ones too, as long as they are remembered."""
KEPT_FOR = 300 * SECOND
"""So long whoever asks late hears that there was no answer in time."""
DEVICE_FULL = "this device was asked, or has got a code, as often as it may for now"
CLIENT_FULL = "as many codes are kept for this client as will be"


class Back(Struct, frozen=True):
    """Where a browser is sent with the answer, and what the client wants back (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    redirect_uri: str
    challenge: str
    state: str = ""
    nonce: str = ""


class Asking(Struct, frozen=True):
    """``ue`` None: nobody has that number. ``back`` None: the client asks for the answer itself (CIBA)."""

    id: str
    client: str
    scopes: frozenset[str]
    purpose: str
    ue: UeId | None
    began_at: Nanoseconds
    until: Nanoseconds
    back: Back | None = None

    @property
    def counts_until(self) -> Nanoseconds:
        """So long it takes the room of another question. A browser does not come late: it looks again every second."""
        return self.until if self.back is not None else self.until + KEPT_FOR


class Code(Struct, frozen=True):
    """``consent``: the record that it rests on. ``token``: the access token that was given for it; empty: none yet."""

    id: str
    client: str
    ue: UeId
    scopes: frozenset[str]
    purpose: str
    consent: str
    back: Back
    until: Nanoseconds
    token: str = ""
    token_until: Nanoseconds = 0

    def over(self, now: Nanoseconds) -> bool:
        """Need it be remembered no more? A used one is, as long as its token would live."""
        return now >= max(self.until, self.token_until)


class Askings(Struct):
    """By their ids."""

    asked: dict[str, Asking] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def full(self, one: Asking, now: Nanoseconds) -> str:
        """Why nobody more is asked; empty: there is room."""
        counted = [each for each in self.asked.values() if now < each.counts_until]
        own = sum(each.client == one.client for each in counted)
        if one.back is not None and self._device_full(one.client, one.ue, now):
            return DEVICE_FULL
        if own >= MOST_OF_A_CLIENT:
            return f"{MOST_OF_A_CLIENT} subscribers are being asked for this client already"
        return "too many subscribers are being asked" if len(counted) >= MOST else ""

    def full_of_codes(self, code: Code, now: Nanoseconds) -> str:
        """Why this one is not given; empty: there is room."""
        if self._device_full(code.client, code.ue, now):
            return DEVICE_FULL
        own = sum(one.client == code.client and not one.over(now) for one in self.codes.values())
        return CLIENT_FULL if own >= MOST_CODES_OF_A_CLIENT else ""

    def ask(self, one: Asking, now: Nanoseconds) -> None:
        self.asked = {id: each for id, each in self.asked.items() if now < each.until + KEPT_FOR}
        self.asked[one.id] = one

    def keep(self, code: Code, now: Nanoseconds) -> None:
        self.codes = {id: one for id, one in self.codes.items() if not one.over(now)}
        self.codes[code.id] = code

    def drop_client(self, client: str) -> None:
        self.asked = {id: one for id, one in self.asked.items() if one.client != client}
        self.codes = {id: one for id, one in self.codes.items() if one.client != client}

    def _device_full(self, client: str, ue: UeId | None, now: Nanoseconds) -> bool:
        """Has a browser on it begun so much for this client that its other subscribers could miss the room?"""
        own = (client, ue)
        asked = [one for one in self.asked.values() if one.back is not None and (one.client, one.ue) == own]
        codes = [one for one in self.codes.values() if (one.client, one.ue) == own and not one.over(now)]
        begun = [one.until for one in asked] + [one.until for one in codes if not one.token]
        return sum(now < until for until in begun) >= MOST_OF_A_DEVICE or len(codes) >= MOST_CODES_OF_A_DEVICE
