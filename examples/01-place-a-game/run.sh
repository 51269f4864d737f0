#!/usr/bin/env bash
# 1. Place a game.
#
# Start the platform alone, hand it the manifests of examples/arena, and see at which sites it runs and why. Then give it a wrong
# manifest: the field is named, and nothing changes. Run it from anywhere, with `fedge` on the PATH: bash run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
FEDGE_HOME="$(mktemp -d)" && export FEDGE_HOME            # a platform of our own, whatever else runs
trap 'fedge down; rm -rf "$FEDGE_HOME"' EXIT

fedge up --headless --sites 3 --detach
fedge get sites

echo; echo "What would happen (nothing yet):"
fedge apply -f examples/arena/ --dry-run
echo; echo "And now really:"
fedge apply -f examples/arena/

ready() { fedge get instances -o json | python3 -c '
import json, sys
sys.exit(sum(row["state"] == "ready" for row in json.load(sys.stdin)["items"]) < 3)'; }
for _ in $(seq 100); do ready && break || sleep 0.2; done
ready
fedge get instances
fedge explain deployment/arena

echo; echo "A command that is a text instead of a list:"
sed 's/command: .*/command: python3 arena.py/' examples/arena/deployment.yaml > "$FEDGE_HOME/wrong.yaml"
if fedge apply -f "$FEDGE_HOME/wrong.yaml"; then exit 1; fi

echo; fedge delete -f examples/arena/
