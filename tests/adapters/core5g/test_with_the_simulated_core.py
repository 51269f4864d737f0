"""Steering against the simulated core network as its own process: TLS both ways, OAuth2, EARLY and LATE, faults, restarts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from fedge.core.control import ControlPlane, ControlSettings
from fedge.core.messages import (
    ActivateRoute,
    DeclinePath,
    PathChangeAsked,
    RemoveRoute,
    RouteActivated,
    RouteInstalled,
    WithdrawRoute,
)
from fedge.core.model import SessionId
from fedge.programs.operated import Operated
from fedge.runtime.run import Run
from tests.adapters.core5g.stage import ON_LTE, PLAYER, Stage, stage

pytestmark = pytest.mark.system
SESSION = SessionId(PLAYER)


def played(folder: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    async def play() -> None:
        async with stage(folder) as one:
            await one.start_steering()
            await story(one)

    asyncio.run(play())


async def begun(one: Stage, site: int = 0) -> None:
    """PLAYER's session opens at a site."""
    one.steered.send(one.install(1, one.sites[site]))
    one.steered.send(ActivateRoute(SESSION, one.key(), 1))
    assert (await one.until(RouteActivated)).generation == 1
    assert one.ran == {PLAYER: one.sites[site]}
    one.heard.clear()


async def moved(one: Stage, generation: int, site: int) -> None:
    one.steered.send(one.install(generation, one.sites[site]))
    assert (await one.until(RouteInstalled)).generation == generation
    assert one.ran[PLAYER] != one.sites[site], "the old path carries everything until the target writes"
    one.steered.send(ActivateRoute(SESSION, one.key(), generation))
    assert (await one.until(RouteActivated)).generation == generation
    assert one.ran[PLAYER] == one.sites[site]


def test_a_session_opens_moves_by_fedges_wish_and_ends(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await begun(one)
        await moved(one, 2, 1)
        await moved(one, 3, 2)
        one.steered.send(RemoveRoute(SESSION, one.key()))
        async with asyncio.timeout(10):
            while one.steered.steering.paths:
                await asyncio.sleep(0.01)

    played(tmp_path, story)


def test_the_core_begins_and_late_waits_for_the_handover(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        one.hand_over(one.sites[0])
        await begun(one)
        await offered_everywhere(one)
        one.predict(one.sites[1])
        assert (await one.until(PathChangeAsked)).site == one.sites[1]
        one.steered.send(one.install(2, one.sites[1]))
        await asyncio.sleep(0.3)
        assert not one.told(RouteInstalled), "the UE is not there yet"
        one.hand_over(one.sites[1])
        assert (await one.until(RouteInstalled)).generation == 2
        one.steered.send(ActivateRoute(SESSION, one.key(), 2))
        assert (await one.until(RouteActivated)).generation == 2
        assert one.ran[PLAYER] == one.sites[1]

    played(tmp_path, story)


def test_fedge_declines_and_the_core_keeps_the_path(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        one.hand_over(one.sites[0])
        await begun(one)
        await offered_everywhere(one)
        one.predict(one.sites[1])
        await one.until(PathChangeAsked)
        one.steered.send(DeclinePath(SESSION, one.key(), one.sites[1], "congestion"))
        one.hand_over(one.sites[1])
        await asyncio.sleep(0.3)
        assert one.ran == {PLAYER: one.sites[0]}
        await moved(one, 2, 2)

    played(tmp_path, story)


@pytest.mark.parametrize("when", ["request", "early"])
def test_a_core_that_says_yes_and_does_nothing(tmp_path: Path, when: str) -> None:
    async def story(one: Stage) -> None:
        await begun(one)
        one.faults(silent_after=when)
        await asyncio.sleep(0.1)
        one.steered.send(one.install(2, one.sites[1]))
        await asyncio.sleep(1.5)
        assert not one.told(RouteInstalled), "nobody said that the path is there"
        one.steered.send(WithdrawRoute(SESSION, one.key(), 2, one.sites[1]))
        one.faults()
        await asyncio.sleep(0.1)
        await moved(one, 3, 2)

    played(tmp_path, story)


def test_notifications_are_lost_doubled_and_out_of_order(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await begun(one)
        one.faults(drop=0.2, duplicate=0.5, reorder=0.3)
        await asyncio.sleep(0.1)
        generation = 1
        for site in (1, 2, 0, 1):
            one.heard.clear()
            while True:  # a move whose LATE is lost for good is given up at its deadline, and tried again
                generation += 1
                one.steered.send(one.install(generation, one.sites[site]))
                try:
                    async with asyncio.timeout(2.5):
                        while (await one.until(RouteInstalled)).generation != generation:
                            pass  # of one that was given up, heard late
                    break
                except TimeoutError:
                    one.steered.send(WithdrawRoute(SESSION, one.key(), generation, one.sites[site]))
            one.steered.send(ActivateRoute(SESSION, one.key(), generation))
            assert (await one.until(RouteActivated)).generation == generation
            assert one.ran[PLAYER] == one.sites[site]

    played(tmp_path, story)


def test_the_core_is_killed_between_late_and_its_acknowledgement(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await begun(one)
        one.steered.send(one.install(2, one.sites[1]))
        await one.until(RouteInstalled)
        one.kill_core()
        one.steered.send(ActivateRoute(SESSION, one.key(), 2))
        await asyncio.sleep(0.5)
        one.start_core()
        assert (await one.until(RouteActivated)).generation == 2
        assert one.ran[PLAYER] == one.sites[1]

    played(tmp_path, story)


def test_fedge_is_killed_and_finds_its_subscription_again(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        await begun(one)
        await offered_everywhere(one)
        (before,) = (path.subscription for path in one.steered.steering.paths.values())
        await one.stop_steering()
        await one.start_steering(
            one.install(1, one.sites[0], leads=True), ActivateRoute(SESSION, one.key(), 1)
        )
        await one.until(RouteActivated)
        (path,) = one.steered.steering.paths.values()
        assert (path.subscription, path.there) == (before, True)
        await one.stop_steering()
        await one.start_steering()  # its journal knows no session: an orphan
        async with asyncio.timeout(10):
            while one.ran and not one.steered.steering.paths:
                one.steered.send(one.install(1, one.sites[2], ON_LTE))
                await asyncio.sleep(0.05)

    played(tmp_path, story)


def test_a_subscriber_on_lte_is_not_steered_and_waits_for_nobody(tmp_path: Path) -> None:
    async def story(one: Stage) -> None:
        one.steered.send(one.install(1, one.sites[0], ON_LTE))
        assert (await one.until(RouteInstalled)).session == ON_LTE
        one.steered.send(ActivateRoute(SessionId(ON_LTE), one.key(ON_LTE), 1))
        await one.until(RouteActivated)
        assert one.ran == {}

    played(tmp_path, story)


async def offered_everywhere(one: Stage) -> None:
    """The core may choose every site."""
    async with asyncio.timeout(10):
        while not all(len(path.held) == len(one.sites) for path in one.steered.steering.paths.values()):
            await asyncio.sleep(0.01)


def test_only_the_core_gets_as_far_as_a_token(tmp_path: Path) -> None:
    """The receiver asks for a certificate that the operator's CA signed."""

    async def story(one: Stage) -> None:
        await begun(one)
        (token,) = (path.token for path in one.steered.steering.paths.values())
        url = f"{one.account.receiver}/notifications/{token}"
        trust = ssl.create_default_context(cafile=tmp_path / one.account.ca)
        async with httpx2.AsyncClient(verify=trust, trust_env=False) as stranger:
            with pytest.raises(httpx2.HTTPError):
                await stranger.post(url, json={})
        trust.load_cert_chain(tmp_path / "tls/nef.crt", tmp_path / "tls/nef.key")
        async with httpx2.AsyncClient(verify=trust, trust_env=False) as core:
            assert (await core.post(url, json={})).status_code == 400
            assert (await core.post(url + "x", json={})).status_code == 404

    played(tmp_path, story)


@pytest.mark.parametrize("wrong", [b"", b"{}", b'{"nef": 7}'])
def test_an_account_that_cannot_be_used_ends_the_program_with_a_reason(tmp_path: Path, wrong: bytes) -> None:
    one = Stage(tmp_path)
    (tmp_path / "core5g.json").write_bytes(wrong)
    with pytest.raises(SystemExit, match=r"core5g\.json cannot be used: "):
        Operated.of(Run(tmp_path), ControlPlane(ControlSettings()))
    (tmp_path / "core5g.json").unlink()
    assert Operated.of(Run(tmp_path), ControlPlane(ControlSettings())) is None
    assert one.heard == []
