#!/usr/bin/env bash
# 2. Move a session by hand.
#
# Four players play; with --policy stay no session moves by itself. Order one of them to another site and watch the steps, then
# drain the site that it came to. Nobody stops playing. Run it from anywhere, with `fedge` on the PATH: bash run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
FEDGE_HOME="$(mktemp -d)" && export FEDGE_HOME
trap 'fedge down; rm -rf "$FEDGE_HOME"' EXIT

fedge demo --headless --sites 3 --players 4 --policy stay > "$FEDGE_HOME/demo.log" 2>&1 &

serving() { fedge get sessions -o json 2>/dev/null | python3 -c '
import json, sys
rows = {row["session"]: row["site"] for row in json.load(sys.stdin)["items"] if row["state"] == "serving"}
name = next((name for name in rows if not sys.argv[1:] or name in sys.argv[1:]), None)
print(name, rows[name]) if name else sys.exit(1)' "$@"; }
for _ in $(seq 150); do serving >/dev/null 2>&1 && break || sleep 0.2; done
read -r session from < <(serving)

to="$(fedge get sites -o json | python3 -c '
import json, sys
print(next(row["site"] for row in json.load(sys.stdin)["items"] if row["site"] != sys.argv[1]))' "$from")"

echo "$session is served by $from."
fedge move "$session" --to "$to" --wait
read -r _ now < <(serving "$session")
[ "$now" = "$to" ]

echo; echo "Now $to is drained:"
fedge drain "$to"
for _ in $(seq 100); do read -r _ now < <(serving "$session" || echo - "$to"); [ "$now" != "$to" ] && break || sleep 0.2; done
fedge get sessions
[ "$now" != "$to" ]
fedge undrain "$to"
fedge get moves
