#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the report's tests and add them up.
# usage: run.sh [NAME]      NAME: only tests whose name has this in it
#
# Environment (mk/check-report.mk): KYMO, KYMO_SYNTH, REPORT_WORK, REPORT_NODE, CHROMIUM.
# Without a browser or playwright-core the tests that need them fail, and say what is missing.
set -u
only=${1:-}
log=$REPORT_WORK/tap
mkdir -p "$REPORT_WORK"
missing=
command -v node > /dev/null || { echo "FAIL report: node is missing (make deps-check)"; missing=1; }
[ -x "$CHROMIUM" ] || { echo "FAIL report: chromium is missing (make deps-check)"; missing=1; }
[ -d "$REPORT_NODE/node_modules/playwright-core" ] ||
    { echo "FAIL report: playwright-core is missing (make $REPORT_NODE/installed)"; missing=1; }
if [ -n "$missing" ]; then
    echo "0 passed, 1 failed"
    exit 1
fi
if [ -n "$only" ]; then
    set -- --test-name-pattern "$only"
else
    set --
fi
timeout -k 5 "${REPORT_LIMIT:-240}" node --test --test-reporter=tap "$@" \
    tests/report/unit.test.mjs tests/report/e2e.test.mjs tests/report/figures.test.mjs \
    tests/report/hostile.test.mjs tests/report/live.test.mjs > "$log" 2>&1
status=$?
# A failure: its name, how to rerun it, and what the test said. TAP nests the files' own lines.
awk -v quote="'" '
/^ *not ok / && !/\.test\.mjs/ {
    name = $0
    sub(/^ *not ok [0-9]+ - /, "", name)
    printf "FAIL report: %s (rerun: make check-report ONLY=%s%s%s)\n", name, quote, name, quote
    shown = 12
    next
}
/^#   / { sub(/^# +/, "  "); print; next }
shown > 0 && !/duration_ms|type:|---|location:/ { print; shown-- }
/^ *ok / { shown = 0 }
' "$log"
count() { # what node counted; 0 when it did not get to the end
    n=$(sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$log" | tail -n 1)
    echo "${n:-0}"
}
passed=$(count pass) failed=$(($(count fail) + $(count cancelled)))
# Tests that a name leaves out count as skipped; without one none may be.
[ -n "$only" ] || failed=$((failed + $(count skipped)))
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
    echo "FAIL report: the tests did not end by themselves (status $status); see $log"
    failed=1
fi
echo "${passed:-0} passed, $failed failed"
[ "$failed" = 0 ]
