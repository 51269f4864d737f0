"""The SDK's client of Quality on Demand, against the platform's own API over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from fedge_sdk.attach import NotYet, Refused
from fedge_sdk.network import Network, Sink
from tests.api.camara.platform import NUMBER, SINK, CamaraCentre, application
from tests.api.centre import TOKEN


@contextmanager
def served(centre: CamaraCentre) -> Iterator[str]:
    config = uvicorn.Config(application(centre), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_a_studio_asks_reads_extends_and_ends() -> None:
    centre = CamaraCentre()
    with served(centre) as api:
        network = Network(api, TOKEN)
        asked = network.ask_quality(
            "127.1.1.1", NUMBER, server_ports=[(7777, 7777)], sink=Sink(SINK, "abc", "2199-01-01T00:00:00Z")
        )
        assert (asked.status, asked.profile, asked.seconds, asked.started_at) == (
            "REQUESTED",
            "QOS_E",
            600,
            "",
        )
        centre.operator()
        found = network.settled(asked.id)
        assert (found.status, found.info) == ("AVAILABLE", "")
        assert found.started_at < found.expires_at
        assert [one.id for one in network.qualities(NUMBER)] == [asked.id]
        assert network.extend_quality(asked.id, 60).seconds == 660
        network.end_quality(asked.id)
        assert network.qualities(NUMBER) == []
        with pytest.raises(Refused) as gone:
            network.quality(asked.id)
    assert (gone.value.status, gone.value.code) == (404, "NOT_FOUND")


def test_by_address_and_by_the_port_that_a_server_sees() -> None:
    with served(CamaraCentre()) as api:
        network = Network(api, TOKEN)
        first = network.ask_quality("127.1.1.1", "127.77.200.1:40000")
        assert [one.id for one in network.qualities("127.77.200.1")] == [first.id]


def test_profiles_in_plain_units() -> None:
    with served(CamaraCentre()) as api:
        [games] = [one for one in Network(api, TOKEN).profiles(NUMBER) if one.name == "QOS_E"]
    assert (games.status, games.up_bit_s, games.down_bit_s) == ("ACTIVE", 500_000, 1_000_000)
    assert (games.delay_ms, games.longest_s) == (50.0, 86400)


def test_an_unanswered_request_stays_requested_and_nobody_there_may_be_asked_again() -> None:
    centre = CamaraCentre()
    with served(centre) as api:
        network = Network(api, TOKEN)
        asked = network.ask_quality("127.1.1.1", NUMBER)
        assert network.settled(asked.id, patience_s=0.0).status == "REQUESTED"
    with pytest.raises(NotYet):
        network.quality(asked.id)
