"""A scenario played by real processes, and the simulated 5G system alone."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from fedge.simulation.scenario import handovers
from fedge.simulation.scenario_events import Congest, Drain, End, Kill
from fedge.simulation.scenario_file import read_scenario
from fedge.wire.records import HANDOVER, read_records
from tests.system.platform import Platform, until

SCENARIO = """
seed: 5
time_scale: 1
policy: stay
state_bytes: 65536
city: {sites: 2}
ues: [{count: 2, at: [300, 450], within_m: 50}, {trace: way.csv}]
players: {join_within_s: 0.5, pauses: false}
events:
  - {at_s: 8, do: kill, program: agent-harbour}
  - {at_s: 9, do: congest, load: 0.5, site: harbour, until_s: 11}
  - {at_s: 13, do: end}
"""


def test_a_scenario_is_played_told_and_written_down(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    (tmp_path / "way.csv").write_text("t_s,x_m,y_m,access\n0,100,450,nr\n10,1100,450,\n")
    file.write_text(SCENARIO)
    given = read_scenario(file)
    platform = Platform(tmp_path / "home", "demo", "--headless", f"--scenario={file}")
    platform.ask("POST", "sites/old-town/drain", {})
    assert platform.process.wait(60) == 0
    assert platform.stop() == 0
    told = [line["says"] for line in platform.story() if "event" in line]
    assert told == [
        "scenario: agent-harbour is killed",
        "scenario: harbour's cells: a load of 50%",
        "scenario: harbour's cells: no load any more",
        "scenario: the run ends",
    ]
    assert "agent-harbour died (signal 9); starting it again" in platform.output.read_text()
    written = read_scenario(platform.run / "scenario.yaml")
    drain, kill, *loaded, end = written.events
    assert isinstance(drain, Drain)
    assert drain.site == "old-town"
    assert (kill, end) == (Kill(at_s=8, program="agent-harbour"), End(at_s=13))
    assert loaded == [
        Congest(at_s=9, load=0.5, site="harbour"),
        Congest(at_s=11, load=0.0, site="harbour"),
    ]
    log = (platform.run / "logs" / "access-network.log").read_text()
    assert log.count("cells' load") == 2, "as the access network has it, which is not told twice"
    expected = handovers(written, 13)
    assert expected == handovers(given, 13)
    assert radio_handovers(platform) <= {
        (each.ue, each.starts_ns, each.source, each.target) for each in expected
    }
    assert radio_handovers(platform)
    assert platform.report()["findings"] == []


def radio_handovers(platform: Platform) -> set[tuple[int, int, int, int]]:
    """UE, when it left its cell (ns of the run), and the cells: as the access network wrote them down."""
    records = read_records((platform.run / "access.bin").read_bytes())
    began = platform.config()["started_ns"]
    return {(each.ue, each.t_ns - began, each.b, each.c) for each in records if each.kind == HANDOVER}


def test_the_simulated_5g_system_alone(tmp_path: Path) -> None:
    platform = Platform(tmp_path, "access", "--sites=2", "--players=2")
    found = json.loads((platform.run / "endpoints.json").read_text())
    nef, network = found["apis"]["nef-traffic-influence"], found["network"]
    assert set(network["dnais"]) == {"harbour", "old-town"}
    assert [ue["gpsi"] for ue in network["ues"]] == ["msisdn-99901000001", "msisdn-99901000002"]
    request = Request(f"{nef['url']}/{network['af']}/subscriptions")
    request.add_header("Authorization", f"Bearer {nef['token']}")
    opener = build_opener(
        ProxyHandler({}), HTTPSHandler(context=ssl.create_default_context(cafile=nef["ca"]))
    )
    with opener.open(request, timeout=10) as answer:
        assert json.loads(answer.read()) == []
    apis = found["apis"]
    assert {name for name in apis if name.startswith("capif-")} == {
        "capif-discover", "capif-events", "capif-invoker-management", "capif-provider-management", "capif-publish",
        "capif-security",
    }  # fmt: skip
    discover = apis["capif-discover"]
    shown = ssl.create_default_context(cafile=discover["ca"])
    shown.load_cert_chain(discover["certificate"], discover["key"])
    url = f"{discover['url']}/allServiceAPIs?api-invoker-id={discover['api_invoker_id']}"
    with build_opener(ProxyHandler({}), HTTPSHandler(context=shown)).open(url, timeout=10) as answer:
        offered = json.loads(answer.read())["serviceAPIDescriptions"]
    assert {one["apiName"] for one in offered} > {"3gpp-traffic-influence", "rni"}
    platform.kill("core-network")
    until("it is started again", lambda: "core-network died" in platform.output.read_text())
    assert platform.stop() == 0
    (kill, end) = read_scenario(platform.run / "scenario.yaml").events
    assert isinstance(kill, Kill)
    assert kill.program == "core-network"
    assert isinstance(end, End)
