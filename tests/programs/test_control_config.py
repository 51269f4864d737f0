"""What a fleet's control plane is told of itself on the command line: its public URL, and where notifications may go."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fedge.adapters.notifications import LOOPBACK, Notifications
from fedge.programs import control_plane
from fedge.programs.control_config import ControlConfig, public_base

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
    assert (served[0].public_url, tuple(served[0].callback_networks)) == ("", LOOPBACK)


def test_the_networks_that_are_named_are_the_only_ones_that_are_called(start) -> None:  # type: ignore[no-untyped-def]
    code, output, served = start(
        "--public-url", "https://edge.example/fedge/",
        "--callback-network", "10.0.0.0/8", "--callback-network", "fd00::/8",
    )  # fmt: skip
    assert code == 0, output
    assert served[0].public_url == "https://edge.example/fedge"
    sender = Notifications(served[0].callback_networks)
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
