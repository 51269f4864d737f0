"""3. Explain a decision, through the API.

Everything that `fedge explain` prints is an API that any program can read. This one starts a small demo, takes the address from
the endpoints file, and asks why each player is served where it is. Only Python's own library is used: python3 run.py
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import urlopen


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FEDGE_HOME": home}
        endpoints, log = Path(home, "endpoints.json"), Path(home, "demo.log")
        demo = ["fedge", "demo", "--headless", "--sites=3", "--players=4", f"--endpoints={endpoints}"]
        with log.open("wb") as output:
            platform = subprocess.Popen(demo, env=environment, stdout=output, stderr=output)
        try:
            wait_until(endpoints.exists, platform, log)
            told = urlsplit(json.loads(endpoints.read_text())["apis"]["fedge-admin"]["url"])
            api = f"{told.scheme}://{told.netloc}/api/v1"
            wait_until(lambda: len(read(f"{api}/sessions")["items"]) == 4, platform, log)
            for session in read(f"{api}/sessions")["items"]:
                explain(read(f"{api}/explain/{quote(session['session'], safe='')}"))
        finally:
            subprocess.run(["fedge", "down"], env=environment, check=True)
            platform.wait(30)


def explain(decision: dict[str, Any]) -> None:
    print(f"\n{decision['session']} at {decision['serving']}: {decision['decision']}; {decision['because']}")
    for site in decision["sites"]:
        if site["feasible"]:
            terms = " + ".join(f"{name} {value:.1f}" for name, value in site["terms_ms"].items())
            print(f"  {site['rank']}. {site['site']}: {site['expected_rtt_ms']:.1f} ms = {terms}")
        else:
            print(f"  -. {site['site']}: refused by {site['refused_by']}: {site['reason']}")


def read(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=10) as answer:
        content = json.load(answer)
    return content if isinstance(content, dict) else {"items": content}


def wait_until(
    true: Callable[[], bool], platform: subprocess.Popen[bytes], log: Path, seconds: float = 60
) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if platform.poll() is not None or time.monotonic() > deadline:
            sys.exit(log.read_text())
        time.sleep(0.2)


if __name__ == "__main__":
    main()
