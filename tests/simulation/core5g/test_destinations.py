"""No request leaves for an address outside the allowed networks, whatever a subscription says."""

from __future__ import annotations

import httpx2
import pytest

from fedge.simulation.core5g.nef.destinations import objection
from tests.simulation.core5g.nef import HOOK, Exposure, body, route

FORGED = [
    "https://192.0.2.1/hook",
    "https://10.0.0.1:7443/",
    "http://169.254.169.254/latest/meta-data/",
    "https://[2001:db8::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://127.0.0.1.example.com/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://127.1/",
    "https://127.0.0.1@192.0.2.1/",
    "https://user:secret@127.0.0.1/",
    "https://127.0.0.1:0/",
    "https://127.0.0.1:99999/",
    "https://127.0.0.1:x/",
    "https://127.0.0.1/#fragment",
    "https://127.0.0.1\\@192.0.2.1/",
    "https://127.0.0.1/a b",
    "https://127.0.0.1/\r\nHost: x",
    "https://[::1/",
    "https:///path",
    "https://",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "//127.0.0.1/",
    "127.0.0.1",
    "",
]


@pytest.mark.parametrize("url", FORGED)
def test_forged_destinations_are_refused(nef: Exposure, url: str) -> None:
    assert objection(url) is not None
    answer = nef.call("POST", said=body(notificationDestination=url, requestTestNotification=True))
    assert answer.status_code == 400
    assert answer.json()["invalidParams"][0]["param"] == "/notificationDestination"
    path = nef.create()
    assert nef.call("PATCH", path, {"notificationDestination": url}).status_code == 400
    nef.notification(0)
    assert {to for to, _ in nef.posted} == {HOOK}


@pytest.mark.parametrize(
    "url", [HOOK, "http://127.0.0.1/", "https://[::1]:7443/x?y=z", "https://[::ffff:127.0.0.1]/"]
)
def test_loopback_is_allowed(url: str) -> None:
    assert objection(url) is None


def test_the_networks_are_configuration() -> None:
    assert objection("https://192.0.2.1/", ["192.0.2.0/24"]) is None
    assert objection(HOOK, ["192.0.2.0/24"]) is not None


def test_redirects_are_not_followed(nef: Exposure) -> None:
    asked = []

    def elsewhere(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"location": "https://192.0.2.1/"})

    nef.receiver = elsewhere
    nef.create()
    nef.settled()
    assert asked == [HOOK]
    assert nef.outbox.counts == {"refused": 1}


def test_a_destination_is_checked_again_before_a_request_leaves(nef: Exposure) -> None:
    """A subscription kept on disk may be older than the list."""
    nef.outbox._networks = ("192.0.2.0/24",)
    nef.create()
    nef.settled()
    assert nef.posted == []
    assert nef.outbox.counts == {"not allowed": 1}


def test_a_receiver_that_is_away_is_tried_again(nef: Exposure) -> None:
    answers = [503, 429]

    def busy(request: httpx2.Request) -> httpx2.Response:
        if not answers:
            raise httpx2.ConnectError("nobody there")
        nef.receiver = busy if answers[1:] else (lambda _: httpx2.Response(204))
        return httpx2.Response(answers.pop())

    nef.receiver = busy
    path = nef.create()
    nef.call("PATCH", path, {"trafficRoutes": [route("b")]})
    assert [nef.notification(index)["targetDnai"] for index in (0, 1)] == ["a", "b"], "in order"


def test_a_receiver_that_stays_away_is_given_up(nef: Exposure) -> None:
    def away(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody there")

    nef.receiver = away
    nef.create()
    nef.settled()
    assert nef.outbox.counts == {"given up": 1}
