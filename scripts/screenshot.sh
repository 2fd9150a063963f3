#!/bin/sh
# SPDX-License-Identifier: MIT
# A picture of the demo's report around its fatal stretch. usage: screenshot.sh BUILD OUT.png
# Needs chromium, and the files of `make demo`. No network is used. The picture depends on the
# fonts of the machine, so it is made by hand (`make screenshot`) and not compared by a test.
set -eu
build=$1 out=$2
demo=$(cd "$build/demo" && pwd)
command -v chromium > /dev/null ||
    { echo 'screenshot.sh: no chromium; make deps installs it' >&2; exit 1; }

# The longest wait of the bus task, with some time around: FROM,TO in counts of the trace's clock.
stretch=$("$build/host/kymo" query -H -T "$demo/inheritance-off.kymo" \
    "SELECT (ts - dur * 3 / 2) || ',' || (ts + dur * 3 / 2) FROM blocked
     WHERE task GLOB 'bus_task*' AND kind = 'mutex' ORDER BY dur DESC LIMIT 1")
rm -f "$demo/inheritance-off.kymo.sqlite"

page="file://$(echo "$demo" | sed 's/ /%20/g')/report.html#t=$stretch"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$profile" --virtual-time-budget=4000 --window-size=1400,860 \
    --screenshot="$profile/shot.png" "$page" \
    > "$profile/log" 2>&1 || { cat "$profile/log" >&2; exit 1; }
mv "$profile/shot.png" "$out"
