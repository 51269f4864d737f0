"""``fedge demo`` and ``fedge up``: which settings the options make, and which are refused before anything starts."""

from __future__ import annotations

import json
import platform as machine
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

from fedge.cli.up import arguments
from fedge.programs.settings import Settings, fedge_home
from fedge.runtime.terms import Terms

Fedge = Callable[..., Result]

SITES = "SITE_ID,LATITUDE,LONGITUDE,NAME\n1,-37.81,144.97,One\n2,-37.82,144.96,Two\n3,-37.80,144.95,Three\n"
USERS = "Latitude,Longitude\n-37.81,144.97\n-37.82,144.96\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that a run was to be played with; it ends with status 7."""
    runs: list[Settings] = []
    course = ModuleType("fedge.programs.demo")
    course.play = lambda settings: runs.append(settings) or 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fedge.programs.demo", course)
    return runs


def test_the_defaults(fedge: Fedge, started: list[Settings]) -> None:
    assert fedge("demo").exit_code == 7
    assert fedge("up").exit_code == 7
    assert started == [Settings(), Settings(demo=False)]


def test_all_options_of_the_demo(fedge: Fedge, started: list[Settings], tmp_path: Path) -> None:
    line = (
        "demo --sites 6 --players 40 --duration 30 --seed 9 --policy stay --state-size 512KiB --backhaul-rtt 12.5 "
        "--time-scale 1 --headless --port 8123 --mec-rate 20 --test-switch no-fencing --test-switch slow"
    )
    report = tmp_path / "out.json"
    fedge(*line.split(), "--report", str(report))
    assert started == [
        Settings(
            sites=6,
            players=40,
            duration_s=30,
            seed=9,
            policy="stay",
            state_bytes=512 << 10,
            backhaul_rtt_ms=12.5,
            time_scale=1,
            headless=True,
            port=8123,
            terms=Terms(mec_rate=20),
            report=report,
            test_switches=("no-fencing", "slow"),
        )
    ]


def test_comparing_takes_half_a_minute_each_unless_told(fedge: Fedge, started: list[Settings]) -> None:
    fedge("demo", "--compare")
    fedge("demo", "--compare", "--duration", "60")
    assert [(each.compare, each.duration_s) for each in started] == [(True, 30), (True, 60)]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--sites 0", "--sites"),
        ("--sites 126", "1<=x<=125"),
        ("--players 0", "--players"),
        ("--players 1001", "1<=x<=1000"),
        ("--seed -1", "--seed"),
        ("--policy wander", "'follow', 'stay'"),
        ("--state-size 1", "8192"),
        ("--state-size 2GiB", "1GiB"),
        ("--state-size big", "1MiB"),
        ("--backhaul-rtt -1", "--backhaul-rtt"),
        ("--time-scale 0", "--time-scale"),
        ("--duration 1", "--duration"),
        ("--port 70000", "--port"),
        ("--mec-rate 0", "--mec-rate"),
        ("--client-rate 0", "--client-rate"),
        ("--client-quota -1", "--client-quota"),
        ("--public-url edge.example", "--public-url"),
        ("--callback-network 10.0.0.1/8", "--callback-network"),
        ("--sink-ca nowhere.crt", "--sink-ca"),
        ("--sites-csv nowhere.csv", "--sites-csv"),
        ("--report /no/such/folder/out.json", "--report"),
        ("--endpoints /no/such/folder/apis.json", "--endpoints"),
        ("surplus", "surplus"),
    ],
)
def test_a_wrong_option_is_named(fedge: Fedge, started: list[Settings], words: str, named: str) -> None:
    answer = fedge("demo", *words.split())
    assert answer.exit_code == 2
    assert named in answer.output
    assert started == []


def test_a_scenario_says_it_all(fedge: Fedge, started: list[Settings], tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "seed: 3\nduration_s: 9\ntime_scale: 2\npolicy: stay\ncity: {sites: 3}\nues: [{count: 5}]\n"
        "events: [{at_s: 5, do: cut, between: [harbour, old-town]}]\n"
    )
    fedge("demo", "--scenario", str(file))
    fedge("demo", "--scenario", str(file), "--duration", "20")
    first, second = started
    told = (first.sites, first.players, first.seed, first.policy, first.time_scale, first.test_switches)
    assert told == (3, 5, 3, "stay", 2.0, ("failpoints",))
    assert (first.duration_s, second.duration_s) == (9, 20)
    assert first.scenario is not None
    assert len(first.scenario.events) == 1


@pytest.mark.parametrize(
    ("words", "content", "said"),
    [
        ("", "events: [{at_s: 1, do: join}]", "events[0].do: 'join' cannot be done"),
        ("--sites 3", "seed: 1", "--sites: that is for the scenario to say"),
        ("--traces .", "seed: 1", "--traces: that is for the scenario to say"),
        ("--compare", "seed: 1", "--compare: that is for the scenario to say"),
        ("--engine karmada", "seed: 1", "--engine embedded"),
    ],
)
def test_a_scenario_that_cannot_be_played(
    fedge: Fedge, started: list[Settings], tmp_path: Path, words: str, content: str, said: str
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(content)
    answer = fedge("demo", "--scenario", str(file), *words.split())
    assert answer.exit_code == 2
    assert said in answer.output
    assert started == []


def test_players_follow_recorded_paths(fedge: Fedge, started: list[Settings], tmp_path: Path) -> None:
    for name, x in (("a", 10), ("b", 20)):
        (tmp_path / f"{name}.csv").write_text(f"t_s,x_m,y_m\n0,{x},5\n")
    fedge("demo", "--traces", str(tmp_path))
    fedge("demo", "--traces", str(tmp_path), "--players", "3")
    assert [settings.players for settings in started] == [2, 3]
    tracks = [[person.track for person in each.scenario.people] for each in started if each.scenario]
    assert [[len(track) for track in each] for each in tracks] == [[1, 1], [1, 1, 0]]
    assert tracks[0][1][0].x_m == 20


@pytest.mark.parametrize(
    ("row", "said"), [("0,1,north", "a.csv:2: column y_m"), ("0,9000,5", "outside"), ("", "no rows")]
)
def test_recorded_paths_that_are_none(
    fedge: Fedge, started: list[Settings], tmp_path: Path, row: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text(f"t_s,x_m,y_m\n{row}\n")
    answer = fedge("demo", "--traces", str(tmp_path))
    assert answer.exit_code == 2
    assert said in answer.output
    assert started == []


def test_the_network_alone_has_no_platform_to_drain(
    fedge: Fedge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Settings] = []
    system = ModuleType("fedge.programs.access_system")
    system.run = lambda settings: runs.append(settings) or 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fedge.programs.access_system", system)
    assert fedge("access", "--sites", "2", "--players", "3").exit_code == 7
    file = tmp_path / "s.yaml"
    file.write_text(
        "events: [{at_s: 1, do: kill, program: upf-harbour}, {at_s: 2, do: drain, site: harbour}]"
    )
    answer = fedge("access", "--scenario", str(file))
    assert answer.exit_code == 2
    assert "harbour shall be drained" in answer.output
    assert runs == [Settings(sites=2, players=3, demo=False)]


def test_onboarding_says_what_is_wrong_with_an_account(fedge: Fedge, tmp_path: Path) -> None:
    account = tmp_path / "core5g.json"
    assert fedge("access", "onboard").exit_code == 2
    assert fedge("access", "onboard", "--account", str(account)).exit_code == 2
    account.write_text("{}")
    answer = fedge("access", "onboard", "--account", str(account))
    assert answer.exit_code == 1
    assert "cannot be used: Object missing required field" in answer.output
    account.write_text(
        '{"nef": "", "token": "", "af": "", "client_id": "", "client_secret": "", "ca": "", "receiver": "", '
        '"receiver_crt": "", "receiver_key": ""}'
    )
    answer = fedge("access", "onboard", "--account", str(account))
    assert answer.exit_code == 1
    assert "has no CAPIF" in answer.output


def test_a_topology_of_ones_own(fedge: Fedge, started: list[Settings], tmp_path: Path) -> None:
    sites, users = tmp_path / "sites.csv", tmp_path / "users.csv"
    sites.write_text(SITES)
    users.write_text(USERS)
    files = ("--sites-csv", str(sites), "--users-csv", str(users))
    fedge("demo", *files)
    fedge("demo", *files, "--sites", "2", "--players", "1")
    assert [(each.sites, each.players, each.sites_csv, each.users_csv) for each in started] == [
        (3, 2, sites, users),
        (2, 1, sites, users),
    ]


@pytest.mark.parametrize(
    ("sites", "users", "words", "said"),
    [
        ("id,x,y\n1,2,3\n", None, "", "no columns Latitude and Longitude"),
        ("LATITUDE,LONGITUDE\n", None, "", "no rows"),
        ("LATITUDE,LONGITUDE\n1,2\n1,north\n", None, "", "line 3"),
        (SITES, None, "--sites 4", "has 3 rows"),
        (SITES, USERS, "--players 3", "has 2 rows"),
        ("LATITUDE,LONGITUDE\n" + "1,2\n" * 126, None, "", "say how many with --sites"),
        (None, USERS, "", "belong together"),
        (SITES, None, "", "belong together"),
    ],
)
def test_files_that_cannot_be_a_topology(
    fedge: Fedge,
    started: list[Settings],
    tmp_path: Path,
    sites: str | None,
    users: str | None,
    words: str,
    said: str,
) -> None:
    line = ["demo", *words.split()]
    for option, content in (("--sites-csv", sites), ("--users-csv", users)):
        if content is not None:
            file = tmp_path / f"{option.strip('-')}"
            file.write_text(content)
            line += [option, str(file)]
    answer = fedge(*line)
    assert answer.exit_code == 2
    assert said in answer.output
    assert started == []


def fleet_file(folder: Path, nodes: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "karmada.kubeconfig").write_text("")
    members = [{"name": f"m{n}", "node": f"m{n}-node", "node_kubeconfig": "k"} for n in range(nodes)]
    karmada = {"kubeconfig": str(folder / "karmada.kubeconfig")}
    (folder / "bench.json").write_text(json.dumps({"karmada": karmada, "members": members}))
    return folder


def test_the_engine_karmada_takes_its_sites_from_the_fleet_file(
    fedge: Fedge, started: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE", "karmada")
    fedge("demo", "--karmada", str(fleet_file(tmp_path)))
    (settings,) = started
    assert (settings.engine, settings.sites) == ("karmada", 2)
    assert settings.fleet is not None
    assert [member.name for member in settings.fleet.with_nodes] == ["m0", "m1"]


@pytest.mark.parametrize(
    ("nodes", "options", "said"),
    [
        (None, [], "make karmada-up"),
        (0, [], "has a node"),
        (2, ["--sites", "3"], "a site is a member cluster, and there are 2"),
    ],
)
def test_a_fleet_that_cannot_be_is_a_usage_error(
    fedge: Fedge, started: list[Settings], tmp_path: Path, nodes: int | None, options: list[str], said: str
) -> None:
    if nodes is not None:
        fleet_file(tmp_path, nodes)
    answer = fedge("demo", "--engine", "karmada", "--karmada", str(tmp_path), *options)
    assert answer.exit_code == 2
    assert said in answer.output
    assert started == []


@pytest.mark.parametrize("verb", ["demo", "up"])
def test_macos_is_told_at_once(
    fedge: Fedge, started: list[Settings], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(machine, "system", lambda: "Darwin")
    answer = fedge(verb)
    assert answer.exit_code == 2
    assert "Linux" in answer.output
    assert started == []


def test_a_detached_platform_is_started_with_the_same_settings(
    fedge: Fedge, started: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every option is handed on, also those that have come since."""
    said = [
        "--engine=karmada", f"--karmada={fleet_file(tmp_path)}", "--sites=2", "--players=3", "--seed=5", "--state-size=64KiB",
        "--headless", "--client-rate=7", "--client-quota=9", "--mec-rate=11", "--test-switch=x", "--test-switch=y",
    ]  # fmt: skip
    handed_on: list[dict[str, Any]] = []
    monkeypatch.setattr("fedge.cli.up.start_detached", lambda options, patience_s: handed_on.append(options))
    fedge("up", "--detach", *said)
    fedge("up", *arguments(handed_on[0], tmp_path / "apis.json"))
    fedge("up", *said, f"--endpoints={tmp_path / 'apis.json'}")
    again, same = started
    assert again == same
    assert (again.engine, again.state_bytes, again.test_switches) == ("karmada", 65536, ("x", "y"))


def test_callers_of_a_detached_platform_are_served_on_the_terms_that_were_given(
    fedge: Fedge, started: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text("one")
    said = [
        "--public-url=https://edge.example/", "--callback-network=10.0.0.0/8", "--callback-network=fd00::/8", f"--sink-ca={ca}",
        "--client-rate=5", "--client-quota=1000", "--mec-rate=7.5",
    ]  # fmt: skip
    handed_on: list[dict[str, Any]] = []
    monkeypatch.setattr("fedge.cli.up.start_detached", lambda options, patience_s: handed_on.append(options))
    fedge("up", "--detach", *said)
    fedge("up", *arguments(handed_on[0], tmp_path / "apis.json"))
    terms = Terms("https://edge.example", ("10.0.0.0/8", "fd00::/8"), str(ca), 5, 1000, 7.5)
    assert [each.terms for each in started] == [terms]


def test_where_runs_are_kept() -> None:
    assert fedge_home({"FEDGE_HOME": "/x", "HOME": "/h"}) == Path("/x")
    assert fedge_home({"HOME": "/h"}) == Path("/h/.local/state/fedge")
    assert fedge_home({"HOME": "/h", "XDG_STATE_HOME": "/s"}) == Path("/s/fedge")
