"""What a control plane is told of those who call it: on a fleet by its command line, in a run by the run's configuration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from fedge.adapters.notifications import Notifications
from fedge.core.control.events.objects import ObjectsChanged
from fedge.programs import control_plane
from fedge.programs.control_config import ControlConfig, embedded_control
from fedge.programs.control_shell import ControlShell
from fedge.programs.terms_options import public_base
from fedge.runtime.run import Config, Run
from fedge.runtime.terms import Terms
from fedge.simulation.city import generate
from fedge.simulation.city_plan import write_city

FEDERATION = Path(__file__).resolve().parents[2] / "deploy" / "karmada" / "federation.yaml"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The program with these options, up to what it would serve."""
    served: list[ControlConfig] = []

    async def serve(told: ControlConfig) -> None:
        served.append(told)

    monkeypatch.setattr(control_plane, "serve", serve)
    (tmp_path / "token").write_text("secret\n")
    fixed = [
        "--federation",
        str(FEDERATION),
        "--state",
        str(tmp_path),
        "--token-file",
        str(tmp_path / "token"),
    ]

    def begin(*options: str) -> tuple[int, str, list[ControlConfig]]:
        found = CliRunner().invoke(control_plane.main, [*fixed, *options])
        return found.exit_code, found.output, served

    return begin


def test_without_them_links_name_what_is_bound_and_only_this_machine_is_called(start) -> None:  # type: ignore[no-untyped-def]
    code, output, served = start()
    assert code == 0, output
    assert served[0].terms == Terms()


def test_the_networks_that_are_named_are_the_only_ones_that_are_called(start) -> None:  # type: ignore[no-untyped-def]
    code, output, served = start(
        "--public-url", "https://edge.example/fedge/",
        "--callback-network", "10.0.0.0/8", "--callback-network", "fd00::/8",
    )  # fmt: skip
    assert code == 0, output
    assert served[0].terms.public_url == "https://edge.example/fedge"
    sender = Notifications(served[0].terms.callback_networks)
    for allowed in ("http://10.1.2.3:8080/told", "https://[fd00::1]/told"):
        assert sender.objection(allowed) == ""
    for other in ("http://127.0.0.1/told", "http://192.0.2.1/", "http://10.1.2.3.example/"):
        assert sender.objection(other)


@pytest.mark.parametrize(
    "url",
    [
        "edge.example",
        "ftp://edge.example",
        "https://",
        "https://a b/",
        "https://me@edge.example",
        "https://edge.example/?x=1",
        "https://edge.example/#x",
        "https://edge.example:0",
        "https://edge.example:99999",
        "https://[::1",
        "https://käse.example",
    ],
)
def test_what_is_no_public_url_is_refused(start, url: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"."):
        public_base(url)
    code, output, served = start("--public-url", url)
    assert (code, served) == (2, [])
    assert "--public-url" in output


@pytest.mark.parametrize("network", ["10.0.0.1/8", "localhost", "10.0.0.0/40", ""])
def test_what_is_no_network_is_refused(start, network: str) -> None:  # type: ignore[no-untyped-def]
    code, output, served = start("--callback-network", network)
    assert (code, served) == (2, [])
    assert "--callback-network" in output


def test_how_often_callers_may_ask_is_said_there_too(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ca = tmp_path / "ca.crt"
    ca.write_text("one")
    told = f"--client-rate 5 --client-quota 1000 --mec-rate 7.5 --sink-ca {ca}"
    code, output, served = start(*told.split())
    assert code == 0, output
    assert served[0].terms == Terms(sink_ca=str(ca), client_rate=5, client_quota=1000, mec_rate=7.5)


@pytest.mark.parametrize(
    "words", ["--client-rate 0", "--client-rate fast", "--client-quota -1", "--mec-rate 0", "--sink-ca none"]
)
def test_what_are_no_terms_is_refused(start, words: str) -> None:  # type: ignore[no-untyped-def]
    code, output, served = start(*words.split())
    assert (code, served) == (2, [])
    assert words.split()[0] in output


def test_the_options_of_the_deployment_are_ones_that_the_program_has(start) -> None:  # type: ignore[no-untyped-def]
    """But for its files, which are elsewhere in its container."""
    documents = yaml.safe_load_all((FEDERATION.parent / "host" / "control-plane.yaml").read_text())
    (deployment,) = (one for one in documents if one["kind"] == "Deployment")
    args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    files = ("--federation=", "--state=", "--token-file=", "--kubeconfig=")
    code, output, served = start(*(arg for arg in args if not arg.startswith(files)))
    assert code == 0, output
    assert served[0].terms.public_url
    assert served[0].terms.callback_networks


def run_with(terms: Terms, folder: Path) -> Run:
    config = Config("embedded", 7, 2, 1, "follow", 1.0, 65_536, 5.0, 77, 0.0, 8080, 0, terms=terms)
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    (folder / "token").write_text("secret")
    write_city(folder / "city.json", generate(7, 2))
    return Run(folder)


def test_a_run_s_control_plane_is_told_by_its_configuration(tmp_path: Path) -> None:
    terms = Terms("https://edge.example", ("10.0.0.0/8",), "/ca.crt", 5.0, 1000, 7.5)
    assert embedded_control(run_with(terms, tmp_path)).terms == terms


@pytest.mark.parametrize(
    ("terms", "base", "allowed", "other"),
    [
        (Terms(), "http://127.0.0.1:8080", "http://127.0.0.1/told", "http://10.1.2.3/told"),
        (
            Terms("https://edge.example", ("10.0.0.0/8",)),
            "https://edge.example",
            "http://10.1.2.3/told",
            "http://127.0.0.1/told",
        ),
    ],
)
def test_its_links_and_callbacks_follow(
    tmp_path: Path, terms: Terms, base: str, allowed: str, other: str
) -> None:
    shell = ControlShell(embedded_control(run_with(terms, tmp_path)))
    try:
        assert shell.base == base
        assert shell.notifications.objection(allowed) == ""
        assert shell.notifications.objection(other)
    finally:
        shell.journal.close()


def test_what_a_tenants_callbacks_were_to_be_told_goes_with_it(tmp_path: Path) -> None:
    shell = ControlShell(embedded_control(run_with(Terms(), tmp_path)))

    async def story() -> None:
        for client in ("studio", "rival"):
            assert shell.notifications.post(client, "http://127.0.0.1:9/told", b"{}")
        shell.loop.post(ObjectsChanged((), (("Tenant", "", "studio"),)))
        running = asyncio.get_running_loop().create_task(shell.loop.run())
        for _ in range(500):
            if shell.notifications.counts["forgotten"]:
                break
            await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.wait([running])
        await shell.notifications.close()

    try:
        asyncio.run(story())
        assert shell.notifications.counts["forgotten"] == 1, "the rival's is not"
    finally:
        shell.journal.close()
