#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests of the recorder. usage: make check-recorder [ONLY='case..']
room=recorder
limit=100
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd)
export BUILD
# shellcheck source=tests/cases.sh
. tests/cases.sh

# The portable recorder against its twin: 200 random runs with wraps, control calls, clocks, readers.
case_host_twin() {
    "$BUILD/trace-host/host"
}

run_cases "$@"
