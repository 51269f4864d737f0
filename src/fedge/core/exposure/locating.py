"""One UE's place at once: answered from what is known, if that is young enough, else asked of the operator."""

from __future__ import annotations

from fedge.core.exposure.calls import Answer, Effect, Locate, Tell
from fedge.core.exposure.picture import Picture
from fedge.core.messages import AskLocation, LocationTold
from fedge.core.model import SECOND, Nanoseconds


class Locating:
    """The questions that are under way, by the number of their call."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._asked: dict[int, AskLocation] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._asked

    def known(self, asked: AskLocation, now: Nanoseconds) -> LocationTold | None:
        """What needs no asking."""
        known = self._picture.ues.get(asked.ue)
        if known is None or not known.place_at or now - known.place_at > asked.max_age_s * SECOND:
            return None
        place = known.x_m, known.y_m, known.uncertainty_m, known.place_at
        return LocationTold(asked.request, asked.ue, True, *place)

    def ask(self, asked: AskLocation, number: int) -> Locate:
        self._asked[number] = asked
        return Locate(number, asked.ue, asked.max_age_s)

    def answered(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        """What the operator says is news for the picture, too."""
        asked, place = self._asked.pop(answer.number), answer.place
        if not answer.done or place is None:
            why = answer.reason if not answer.done else "the operator does not know where it is"
            return [Tell(unknown(asked, why))]
        news = [Tell(each) for each in self._picture.placed(place, now)]
        told = place.x_m, place.y_m, place.uncertainty_m, place.at
        return [*news, Tell(LocationTold(asked.request, asked.ue, True, *told))]


def unknown(asked: AskLocation, why: str) -> LocationTold:
    return LocationTold(asked.request, asked.ue, False, reason=why)
