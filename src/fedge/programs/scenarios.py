"""From a run's settings to its scenario, and from a scenario file or recorded paths to settings.

Neighbours: ``simulation.scenario_file`` reads the file; ``staging`` carries its events out.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from fedge.programs.settings import Settings
from fedge.simulation.city import City, from_csv, generate
from fedge.simulation.people import Person
from fedge.simulation.scenario import Scenario
from fedge.simulation.scenario_checks import check_person
from fedge.simulation.scenario_events import Cut, Mend
from fedge.simulation.scenario_file import read_scenario
from fedge.simulation.tracks_csv import read_folder


def scenario_of(settings: Settings) -> Scenario:
    """What the run is given. Raises ``ValueError`` for a topology that cannot be."""
    given = settings.scenario
    if given is None:
        return Scenario(
            seed=settings.seed,
            city=_city(settings),
            people=(Person(),) * settings.players,
            time_scale=settings.time_scale,
            policy=settings.policy,
            state_bytes=settings.state_bytes,
            duration_s=settings.duration_s,
        )
    return msgspec.structs.replace(given, policy=settings.policy, duration_s=settings.duration_s)


def settings_by_file(settings: Settings, file: Path) -> Settings:
    """``settings`` with what the scenario ``file`` says; a duration in ``settings`` comes first. Raises ``BadScenario``."""
    scenario = read_scenario(file)
    switches = settings.test_switches
    if any(isinstance(event, Cut | Mend) for event in scenario.events):
        switches = (*switches, "failpoints")  # that is where a wire can be cut
    return dataclasses.replace(
        settings,
        scenario=scenario,
        sites=len(scenario.city.sites),
        players=len(scenario.people),
        seed=scenario.seed,
        policy=scenario.policy,
        time_scale=scenario.time_scale,
        state_bytes=scenario.state_bytes,
        backhaul_rtt_ms=scenario.city.backhaul_rtt_ms,
        duration_s=settings.duration_s or scenario.duration_s,
        test_switches=switches,
    )


def settings_by_traces(settings: Settings, folder: Path, players: int | None) -> Settings:
    """``settings`` in which the first UEs follow the recorded paths of ``folder``, one each. ``players``: how many UEs in all, if
    that was said; else as many as paths. Raises ``ValueError`` where a file cannot be read or leaves the city."""
    tracked = read_folder(folder)
    count = len(tracked) if players is None else players
    people = (*tracked[:count], *(Person(),) * (count - len(tracked)))
    settings = dataclasses.replace(settings, players=count)
    scenario = msgspec.structs.replace(scenario_of(settings), people=people)
    for number, person in enumerate(people):
        check_person(scenario.city, f"{folder}: the path of player-{number + 1}", person)
    return dataclasses.replace(settings, scenario=scenario)


def _city(settings: Settings) -> City:
    if settings.sites_csv is not None and settings.users_csv is not None:
        return from_csv(
            settings.sites_csv,
            settings.users_csv,
            settings.seed,
            settings.sites,
            settings.players,
            settings.backhaul_rtt_ms,
        )
    return generate(settings.seed, settings.sites, settings.backhaul_rtt_ms)
