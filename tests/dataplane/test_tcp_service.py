"""TCP of applications without the SDK at a site: who takes a connection, doors between sites, and ports that two want."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable

from msgspec.structs import replace

from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.dataplane.away import HERE, Away
from fedge.dataplane.tcp_service import TcpApplications
from tests.dataplane.test_tcp_relay import PATIENCE_S, free, instance, said


def run(story: Awaitable[None]) -> None:
    """For this file splice or not is all the same."""

    async def bounded() -> None:
        await asyncio.wait_for(story, PATIENCE_S)

    asyncio.run(bounded())


def rules(port: int, **more: tuple[str, ...]) -> tuple[TrafficRule, ...]:
    asks = TrafficFilter(dst_address=("127.0.0.1",), dst_port=(str(port),), protocol=("TCP",), **more)
    return (TrafficRule("nim-tcp", "FLOW", 128, (asks,), "FORWARD_DECAPSULATED", "ACTIVE"),)


def site(admits: bool = True) -> TcpApplications:
    loop = asyncio.get_running_loop()
    return TcpApplications(loop, "127.0.0.1", "127.0.0.1", "127.0.0.1", lambda host: admits, Counter())


async def first_word(port: int, host: str = "127.0.0.1", source: str = "127.0.0.1") -> bytes:
    """Who answers a new connection; nobody: empty."""
    try:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
        answer = await said(reader, writer, b"?")
    except ConnectionError:
        return b""
    writer.close()
    return answer.partition(b" ")[0]


def test_each_connection_goes_to_the_instance_that_has_the_fewest() -> None:
    async def story() -> None:
        async with instance(b"one") as one, instance(b"two") as two:
            here, port = site(), free()[1]
            here.serve("nim", rules(port), [one, two])
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            names = Counter([(await said(*each, b"?")).split()[0] for each in held])
            assert names == {b"one": 2, b"two": 2}
            assert here.held("nim") == {one: 2, two: 2}
            assert here.clients("nim") == ["127.0.0.1"] * 4
            here.close()

    run(story())


def test_new_connections_are_led_through_the_other_sites_door_and_open_ones_stay() -> None:
    async def story() -> None:
        async with instance(b"here") as one, instance(b"there") as two:
            here, there, port = site(), site(), free()[1]
            here.serve("nim", rules(port), [one])
            there.serve("nim", rules(free()[1]), [two])
            door = there.door("nim")
            stays = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.5", 0))
            assert await said(*stays, b"a") == b"here a"
            here.serve("nim", rules(port), [one], Away(ues={"127.0.0.5": door} if door else {}))
            assert await first_word(port, source="127.0.0.5") == b"there"
            assert await first_word(port, source="127.0.0.6") == b"here", "another UE"
            here.serve("nim", rules(port), [one], Away(elsewhere=door))
            assert await first_word(port, source="127.0.0.6") == b"there"
            here.serve("nim", rules(port), (), Away(elsewhere=door))
            assert await first_word(port) == b"there", "no instance is left here"
            assert await said(*stays, b"b") == b"here b"
            here.serve("nim", rules(port), [one], HERE)
            assert await first_word(port, source="127.0.0.5") == b"here"
            here.close()
            there.close()

    run(story())


def test_a_door_leads_to_instances_here_and_nowhere_else() -> None:
    """Two sites that each send their UEs to the other one: nothing circles."""

    async def story() -> None:
        async with instance(b"one") as one, instance(b"two") as two:
            first, second, ports = site(), site(), (free()[1], free()[1])
            first.serve("nim", rules(ports[0]), [one])
            second.serve("nim", rules(ports[1]), [two])
            first.serve("nim", rules(ports[0]), [one], Away(elsewhere=second.door("nim")))
            second.serve("nim", rules(ports[1]), [two], Away(elsewhere=first.door("nim")))
            assert [await first_word(port) for port in ports] == [b"two", b"one"]
            first.close()
            second.close()

    run(story())


def test_a_door_is_open_to_gateways_alone() -> None:
    async def story() -> None:
        async with instance(b"one") as one:
            here = site(admits=False)
            here.serve("nim", rules(free()[1]), [one])
            door = here.door("nim")
            assert door is not None
            assert await first_word(door[1]) == b""
            here.close()

    run(story())


def test_a_rule_is_asked_for_every_new_connection() -> None:
    async def story() -> None:
        async with instance(b"one") as one:
            here, port = site(), free()[1]
            here.serve("nim", rules(port, src_address=("127.0.0.5",)), [one])
            assert await first_word(port, source="127.0.0.5") == b"one"
            assert await first_word(port, source="127.0.0.6") == b""
            here.serve("nim", (replace(rules(port)[0], action="DROP"),), [one])
            assert await first_word(port, source="127.0.0.5") == b""
            here.close()

    run(story())


def test_a_port_that_another_has_is_refused_until_it_is_free() -> None:
    async def story() -> None:
        async with instance(b"one") as one, instance(b"two") as two:
            here, port = site(), free()[1]
            here.serve("nim", rules(port), [one])
            here.serve("chess", rules(port), [two])
            assert here.refused("chess", port) == "nim's"
            assert (here.refused("nim", port), await first_word(port)) == ("", b"one")
            here.serve("nim", (), ())
            here.serve("chess", rules(port), [two])
            assert (here.refused("chess", port), await first_word(port)) == ("", b"two")
            here.close()

    run(story())


def test_without_a_host_for_doors_there_is_none_and_the_game_is_served() -> None:
    async def story() -> None:
        async with instance(b"one") as one:
            loop = asyncio.get_running_loop()
            here, port = (
                TcpApplications(loop, "127.0.0.1", "127.0.0.1", "", lambda host: True, Counter()),
                free()[1],
            )
            here.serve("nim", rules(port), [one])
            assert here.door("nim") is None
            assert await first_word(port) == b"one"
            here.close()

    run(story())
