"""Each site's own address is reached on any access, without anybody's influence, and after anybody's restart."""

from __future__ import annotations

from fedge.core.messages.user_plane import (
    InstallPath,
    InstallTunnel,
    RanHello,
    Subscriber,
    SwitchPath,
    UpfHello,
)
from fedge.core.model import Address, UeId
from fedge.simulation.core5g.smf import SessionManagement
from fedge.simulation.core5g.words import Effect, ToRan, ToUpf
from tests.simulation.core5g.core import CELLS, ROUTE, A, B

OWN = {Address(f"127.9.2.{number}:7777"): ROUTE[site] for number, site in enumerate((A, B), 1)}
UPF = {site: UpfHello(site, Address(f"127.9.1{number}.2:2152")) for number, site in enumerate((A, B))}
UES = tuple(UeId(f"player-{number}") for number in (1, 2))
RAN = RanHello(
    Address("127.9.0.3:2152"),
    (
        Subscriber(UES[0], "msisdn-1", "127.9.200.1", "lte"),
        Subscriber(UES[1], "msisdn-2", "127.9.200.2", "nr"),
    ),
)


def said(effects: list[Effect]) -> list[object]:
    return [one.message for one in effects if isinstance(one, ToUpf | ToRan)]


def core(life: int = 1) -> SessionManagement:
    return SessionManagement(CELLS, life, internet=OWN)


def test_every_ue_has_a_path_to_every_site_once_both_ends_are_there() -> None:
    smf = core()
    assert said(smf.handle(UPF[A], 0)) == []
    first = said(smf.handle(RAN, 0))
    assert [type(one) for one in first] == [InstallTunnel, InstallPath, SwitchPath] * 2
    assert all(one.service == "127.9.2.1:7777" for one in first)  # type: ignore[attr-defined]
    second = said(smf.handle(UPF[B], 0))
    assert {one.service for one in second} == {"127.9.2.2:7777"}  # type: ignore[attr-defined]
    ends = [one.teid_up for one in [*first, *second] if isinstance(one, InstallTunnel)]
    assert len(set(ends)) == 4
    assert 0 < min(ends) <= max(ends) < 1 << 20


def test_it_is_said_again_the_same_to_whoever_comes_back_and_in_the_next_life() -> None:
    smf = core()
    everything = [one for event in (UPF[A], UPF[B], RAN) for one in said(smf.handle(event, 0))]
    assert said(smf.handle(RAN, 1)) == everything
    assert said(smf.handle(UPF[A], 1)) == [
        one for one in everything if getattr(one, "service", "") == "127.9.2.1:7777"
    ]
    again = core(life=2)
    assert [one for event in (UPF[A], UPF[B], RAN) for one in said(again.handle(event, 0))] == everything
