# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by the shell tests: runs cases, counts them, prints the total.
#
# A case is a shell function case_NAME, run in a subshell with `set -e` in a fresh empty folder
# ($work); it fails when a command in it fails. `fail TEXT` ends it with a reason. A failure
# prints one token, ROOM:NAME, and the line that reruns exactly it.
# usage: room=build; . tests/cases.sh; case_x() { ..; }; run_cases "$@"
# ONLY='NAME..' runs these cases alone.
#
# A case has $limit seconds (60); a hang is a failure.
: "${room:?}" "${limit:=60}"
passed=0 failed=0
scratch=${SCRATCH:-${BUILD:-build}/check/tmp-$room}

fail() {
    echo "    $*" >&2
    exit 1
}

expect() { # text file: the file has the text in it
    grep -qF -- "$1" "$2" && return 0
    sed 's/^/    | /' "$2" | head -n 20 >&2
    fail "expected to read: $1"
}

all_cases() { # in the order of the file
    sed -n 's/^case_\([a-z0-9_]*\)().*/\1/p' "$0"
}

run_one() { # name
    work=$scratch/$1
    rm -rf "$work" "$work.log" && mkdir -p "$work" || exit 1
    if timeout -k 5 "$limit" sh "$0" --case "$1" > "$work.log" 2>&1 < /dev/null; then
        passed=$((passed + 1))
        rm -rf "$work" "$work.log"
    else
        status=$?
        failed=$((failed + 1))
        echo "FAIL $room:$1 (rerun: make check-$room ONLY=$1)"
        [ $status != 124 ] || echo "    hung for $limit s"
        tail -n 25 "$work.log" | sed 's/^/    /'
    fi
}

run_cases() { # call it last, with "$@"
    mkdir -p "$scratch" || exit 1
    scratch=$(cd "$scratch" && pwd)
    if [ "${1:-}" = --case ]; then
        work=$scratch/$2
        set -e
        "case_$2"
        exit 0
    fi
    for name in ${ONLY:-$(all_cases)}; do
        run_one "$name"
    done
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
