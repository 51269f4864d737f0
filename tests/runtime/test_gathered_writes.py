"""What is written in one turn leaves in one write, in order, and before the end."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from fedge.runtime.gathered_writes import Gathered, gather_writes


class Below:
    def __init__(self) -> None:
        self.did: list[object] = []

    def write(self, data: bytes) -> None:
        self.did.append(data)

    def close(self) -> None:
        self.did.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.did


def test_one_write_a_turn() -> None:
    async def play() -> None:
        below = Below()
        transport: Any = Gathered(below, asyncio.get_running_loop())  # type: ignore[arg-type]
        transport.write(b"a")
        transport.write(b"b")
        assert below.did == []
        await asyncio.sleep(0)
        transport.write(b"c")
        assert not transport.is_closing()
        transport.close()
        await asyncio.sleep(0)
        assert (below.did, transport.is_closing()) == ([b"ab", b"c", "closed"], True)

    asyncio.run(play())


async def _burst(scope: Any, receive: Any, send: Any) -> None:
    """Says whatever it is told, and then as many messages as that."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    count = int((await receive())["text"])
    for number in range(count):
        await send({"type": "websocket.send", "text": str(number)})
    await send({"type": "websocket.close", "code": 1000})


def test_a_server_sends_all_of_a_burst_and_then_closes() -> None:
    async def play() -> list[str]:
        config = uvicorn.Config(
            _burst, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio", lifespan="off"
        )
        gather_writes(config)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        async with connect(f"ws://{host}:{port}/", proxy=None) as socket:
            await socket.send("2000")
            told = [str(message) async for message in socket]
        server.should_exit = True
        await serving
        return told

    assert asyncio.run(play()) == [str(number) for number in range(2000)]
