"""The SDK's client of the location APIs and of the consent before them, against the platform's own APIs over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from fedge_sdk.attach import Refused
from fedge_sdk.camara import Sink
from fedge_sdk.location import Location, ask_consent
from tests.api.camara.studio import EARTH, NOBODYS, NUMBER, SINK, STUDIO, StudioCentre, application
from tests.api.centre import TOKEN

MIDDLE = EARTH.degrees(500.0, 500.0)


@contextmanager
def served(centre: StudioCentre) -> Iterator[str]:
    config = uvicorn.Config(application(centre), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_a_studio_asks_its_player_first() -> None:
    with served(StudioCentre()) as api:
        with pytest.raises(Refused) as refused:
            Location(api, STUDIO).place(NUMBER)
        assert (refused.value.status, refused.value.code) == (403, "PERMISSION_DENIED")
        location = Location(api, ask_consent(api, "studio", STUDIO, NUMBER))
        place = location.place()
        assert (place.latitude, place.longitude) == pytest.approx(MIDDLE, abs=1e-5)
        assert place.radius_m == 50.0
        assert location.verify(*MIDDLE, 100.0).result == "TRUE"
        assert location.verify(*MIDDLE, 25.0)[:2] == ("PARTIAL", 25)
        assert Location(api, STUDIO).place("127.77.200.1").radius_m == 50.0, "it has consented, by any name"


def test_a_player_who_says_no_and_none() -> None:
    centre = StudioCentre()
    with served(centre) as api:
        for number, says in ((NUMBER, "no"), (NOBODYS, "yes")):
            centre.screen.says = says  # type: ignore[assignment]
            with pytest.raises(Refused) as refused:
                ask_consent(api, "studio", STUDIO, number)
            assert (refused.value.status, refused.value.code) == (400, "access_denied")
        centre.screen.says = "silent"
        with pytest.raises(Refused) as silent:
            ask_consent(api, "studio", STUDIO, NUMBER, patience_s=0.0)
        assert silent.value.code == "authorization_pending"


def test_a_fence_is_made_listed_and_ended() -> None:
    centre = StudioCentre()
    with served(centre) as api:
        location = Location(api, TOKEN)
        id = location.fence(*MIDDLE, 100.0, Sink(SINK), NUMBER, at_once=True, most_events=2)
        leaving = location.fence(*MIDDLE, 100.0, Sink(SINK), NUMBER, leaving=True)
        assert sorted(location.fences()) == sorted([id, leaving])
        fence = centre.plane.state.fences.held[id]
        assert (fence.crossing, fence.initial, fence.max_events) == ("entered", True, 2)
        location.end_fence(id)
        assert location.fences() == [leaving]
