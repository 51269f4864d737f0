"""Notifications go where they may and nowhere else, in order, again after a failure, and never without bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from fedge.adapters.notifications import MOST_LANES, MOST_LANES_OF_ALL, MOST_WAITING, Notifications

Answers = list[str]


class Receiver:
    """An HTTP server on loopback that gives ``answers`` one after the other, then 204; ``heard``: the bodies in order.

    To what it should answer with ``hang`` it does not.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers, self.heard = answers, list[bytes]()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(one[16:]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length: ")
        )
        self.heard.append(await reader.readexactly(length))
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        if answer == "hang":
            await reader.read()
            return
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver(answers: Answers) -> AsyncIterator[Receiver]:
    made = Receiver(answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sink"
    async with server:
        yield made


def play(
    story: Callable[[Notifications, Receiver], Awaitable[None]], answers: Answers
) -> tuple[Notifications, Receiver]:
    async def run() -> tuple[Notifications, Receiver]:
        sender = Notifications(retry_after_s=(0.0, 0.0), patient_s=(0.0,))
        async with receiver(answers) as heard:
            await story(sender, heard)
            await sender.close()
        return sender, heard

    return asyncio.run(run())


async def settled(sender: Notifications, count: int) -> None:
    while sender.counts["sent"] + sender.counts["failed"] < count:
        await asyncio.sleep(0.005)


def test_they_arrive_in_order_and_again_after_a_failure() -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        assert all(sender.post("studio", heard.url, body) for body in (b"1", b"2", b"3"))
        await settled(sender, 3)

    sender, heard = play(story, ["503 Busy", "204 No Content", "429 Slow Down"])
    assert heard.heard == [b"1", b"1", b"2", b"2", b"3"]
    assert sender.counts == {"sent": 3}


@pytest.mark.parametrize(
    ("answers", "heard_times"),
    [(["500 No"] * 9, 3), (["404 Not Found"], 1), (["307 Elsewhere\r\nLocation: http://127.0.0.1:1/"], 1)],
)
def test_what_is_refused_is_given_up_and_the_next_has_its_turn(answers: Answers, heard_times: int) -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        sender.post("studio", heard.url, b"1")
        await settled(sender, 1)
        heard.answers.clear()
        sender.post("studio", heard.url, b"2")
        await settled(sender, 2)

    sender, heard = play(story, list(answers))
    assert heard.heard == [b"1"] * heard_times + [b"2"]
    assert sender.counts == {"failed": 1, "sent": 1}


def test_who_is_patient_tries_more_often() -> None:
    ends: list[bool] = []

    async def story(sender: Notifications, heard: Receiver) -> None:
        assert sender.post("studio", heard.url, b"1", ended=ends.append, patient=True)
        await settled(sender, 1)
        heard.answers += ["503 Busy"] * 3
        assert sender.post("studio", heard.url, b"2", ended=ends.append)
        await settled(sender, 2)

    _, heard = play(story, ["503 Busy"] * 3)
    assert heard.heard == [b"1"] * 4 + [b"2"] * 3
    assert ends == [True, False]


def test_who_sends_one_hears_what_became_of_it() -> None:
    ends: list[bool] = []

    async def story(sender: Notifications, heard: Receiver) -> None:
        for body in (b"1", b"2"):
            assert sender.post("studio", heard.url, body, ended=ends.append)
        await settled(sender, 2)
        heard.answers.append("hang")
        sender.post("studio", heard.url, b"3", ended=ends.append)
        while b"3" not in heard.heard:
            await asyncio.sleep(0.005)

    play(story, ["404 Not Found"])
    assert ends == [False, True], "of what was under way when the program ended nothing is said"


@pytest.mark.parametrize(
    "callback",
    [
        "http://192.0.2.1/",
        "http://[2001:db8::1]/",
        "http://[::ffff:192.0.2.1]/",
        "http://169.254.169.254/latest",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1@192.0.2.1/",
        "http://192.0.2.1#@127.0.0.1/",
        "http://127.0.0.1\\@192.0.2.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/ HTTP/1.1\r\nHost: x",
        "http://" + "1" * 3000,
        "http:///x",
        "//127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "",
    ],
)
def test_nothing_leaves_for_anywhere_else(callback: str) -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        assert sender.objection(callback)
        assert not sender.post("studio", callback, b"secret")
        assert not sender._tasks

    sender, _ = play(story, [])
    assert sender.counts == {"refused": 1}


@pytest.mark.parametrize(
    "callback", ["http://127.0.0.1/x", "https://127.9.9.9:8443/", "http://[::1]:80/", "http://localhost/"]
)
def test_this_machine_may_be_called(callback: str) -> None:
    assert Notifications().objection(callback) == ""


def test_an_operator_may_allow_another_network() -> None:
    assert Notifications(allowed=("192.0.2.0/24",)).objection("http://192.0.2.7/") == ""
    assert Notifications(allowed=("192.0.2.0/24",)).objection("http://127.0.0.1/")


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        for number in range(MOST_WAITING + 5):
            sender.post("studio", heard.url, b"%d" % number)
        assert sender.counts["dropped"] == 5

    play(story, [])

    async def lanes(sender: Notifications, heard: Receiver) -> None:
        for number in range(MOST_LANES + 5):
            sender.post("studio", f"https://127.0.1.{number}/sink", b"x")
        assert sender.counts["dropped"] == 5
        assert sender.post("studio", "https://127.0.1.1/other", b"x"), (
            "another callback at an origin that has a lane"
        )

    play(lanes, [])


def test_a_client_whose_callbacks_are_dead_silences_nobody_else() -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        while sender.post("rival", "https://127.0.0.1:9/dead", b"x"):
            pass
        for number in range(MOST_LANES):
            sender.post("rival", f"https://127.0.1.{number}:9/dead", b"x")
        assert sender.post("studio", heard.url, b"1")
        while not heard.heard:
            await asyncio.sleep(0.005)

    _, heard = play(story, [])
    assert heard.heard == [b"1"]


def test_two_clients_at_one_origin_do_not_wait_for_each_other() -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        sender.post("rival", heard.url, b"r")
        while not heard.heard:
            await asyncio.sleep(0.005)
        sender.post("studio", heard.url, b"s")
        while len(heard.heard) < 2:
            await asyncio.sleep(0.005)

    _, heard = play(story, ["hang"])
    assert heard.heard == [b"r", b"s"], "while the rival's is not answered"


def test_there_is_a_bound_over_all_clients() -> None:
    async def story(sender: Notifications, heard: Receiver) -> None:
        for client in range(MOST_LANES_OF_ALL // MOST_LANES):
            for number in range(MOST_LANES):
                assert sender.post(f"studio-{client}", f"https://127.0.1.{number}:9/dead", b"x")
        assert not sender.post("one-more", heard.url, b"x")

    play(story, [])
