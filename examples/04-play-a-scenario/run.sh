#!/usr/bin/env bash
# 4. Play a scenario, and the same run again.
#
# examples/scenarios/site-dies.yaml kills every program of a site while it is played upon; the checker says afterwards whether
# anything was lost. What the run wrote down is a scenario too. Run it from anywhere, with `fedge` on the PATH: bash run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
FEDGE_HOME="$(mktemp -d)" && export FEDGE_HOME
trap 'fedge down; rm -rf "$FEDGE_HOME"' EXIT

fedge demo --headless --duration 14 --scenario examples/scenarios/site-dies.yaml

run="$(ls -d "$FEDGE_HOME"/runs/* | tail -1)"
echo; echo "What happened, as the run wrote it down (fedge demo --scenario $run/scenario.yaml plays it again):"
sed -n '/^events:/,$p' "$run/scenario.yaml"
grep -q 'do: kill, site: harbour' "$run/scenario.yaml"

echo; echo "A wrong name is refused, and nothing starts:"
sed 's/site: harbour/site: harbor/' examples/scenarios/site-dies.yaml > "$FEDGE_HOME/wrong.yaml"
cp -r examples/scenarios/traces "$FEDGE_HOME/"
if fedge demo --scenario "$FEDGE_HOME/wrong.yaml"; then exit 1; fi
