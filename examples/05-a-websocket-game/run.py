"""5. A WebSocket game that knows nothing of Fedge.

Deploys examples/nim, plays it as player-1, and drains the site under the player's feet: the open connection goes on, a hint says
where to connect next, and a new connection is at the new site. With Python's own library and `fedge_sdk.visit`: python3 run.py
"""

import base64
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from fedge_sdk.attach import NotYet, Refused
from fedge_sdk.visit import Place, place_after, visit

NIM = Path(__file__).resolve().parents[1] / "nim"


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FEDGE_HOME": home}
        subprocess.run(["fedge", "up", "--detach", "--sites=3", "--players=2"], env=environment, check=True)
        try:
            subprocess.run(["fedge", "apply", "-f", str(NIM)], env=environment, check=True)
            run = Path(home, "current").resolve()
            told = json.loads((run / "endpoints.json").read_text())["apis"]["fedge-admin"]
            play(
                told["url"], told["token"], json.loads((run / "config.json").read_text())["net"], environment
            )
        finally:
            subprocess.run(["fedge", "down"], env=environment, check=True)


def play(api: str, token: str, net: int, environment: dict[str, str]) -> None:
    place = first_place(api, token)
    own = (
        f"127.{net}.200.1"  # player-1's address in the simulated network: by it the gateways know the player
    )
    print(f"player-1 is told to connect to {place.service[0]}:{place.service[1]}, at {place.site}")
    old = WebSocket(place.service, own)
    print("  take 1 →", old.say("take 1"))

    subprocess.run(["fedge", "drain", place.site], env=environment, check=True)
    led = place_after(api, place, token)
    while led.generation == place.generation:
        led = place_after(api, place, token)
    print(f"the hint: {led.service[0]}:{led.service[1]}, at {led.site}")

    print("  the open connection plays on: take 1 →", answer := old.say("take 1"))
    assert answer["site"] == place.site
    new = WebSocket(led.service, own)
    print("  a new one begins at the new site: take 1 →", answer := new.say("take 1"))
    assert answer["site"] == led.site
    post(api, token, f"sites/{place.site}/undrain")


def first_place(api: str, token: str) -> Place:
    """A place, once an instance is ready and the player has been seen on the network."""
    give_up = time.monotonic() + 60
    while True:
        try:
            return visit(api, "nim", "player-1", token)
        except (NotYet, Refused) as error:
            if time.monotonic() > give_up:
                sys.exit(str(error))
            time.sleep(0.2)


def post(api: str, token: str, path: str) -> None:
    request = Request(f"{api}/api/v1/{path}", data=b"{}", method="POST")
    request.add_header("Authorization", f"Bearer {token}")
    build_opener(ProxyHandler({})).open(request, timeout=10).close()


class WebSocket:
    """Just enough of RFC 6455 for short texts."""

    def __init__(self, to: tuple[str, int], source: str) -> None:
        self._socket = socket.create_connection(to, 10, source_address=(source, 0))
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {to[0]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while self._stream.readline().strip():
            pass

    def say(self, text: str) -> dict[str, Any]:
        mask, data = os.urandom(4), text.encode()
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(bytes((0x81, 0x80 | len(data))) + mask + masked)
        size = self._stream.read(2)[1]
        if size == 126:
            (size,) = struct.unpack("!H", self._stream.read(2))
        return dict(json.loads(self._stream.read(size)))


if __name__ == "__main__":
    main()
