#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests of libkymo and the reading commands.
# usage: run.sh BUILD SANITIZED-BUILD FUZZ-SECONDS TOKEN
# TOKEN reruns one case: model-test:VARIANT:SEED, reader-test:KIND:N, cli:NAME, san:.., fuzz.
set -u
build=$1 san=$2 seconds=$3 only=$4
log=$(mktemp -d) passed=0 failed=0
trap 'rm -rf "$log"' EXIT
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

count() { # log status name: adds a program's own total
    line=$(sed -En 's/^[a-z-]*: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$1" | tail -n 1)
    p=${line% *} f=${line#* }
    grep '^FAIL' "$1"
    if [ -z "$line" ] || { [ "$2" != 0 ] && [ "$f" = 0 ]; }; then
        echo "FAIL $3: ended with status $2"
        tail -n 30 "$1"
        p=0 f=1
    fi
    passed=$((passed + p)) failed=$((failed + f))
}

run() { # name command..
    name=$1
    shift
    timeout 200 "$@" > "$log/out" 2>&1
    count "$log/out" $? "$name"
}

fuzz() {
    if sh tests/host/fuzz.sh "$build/fuzz/reader" "$build/host/kymo-synth" "$build/fuzz" \
        "$seconds"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

case $only in
'')
    run model-test "$build/host/model-test"
    run reader-test "$build/host/reader-test"
    run cli python3 tests/host/cli.py "$build/host"
    run recover python3 tests/host/recover.py "$build/host" "$build/target/first_trace.elf" \
        "$build/target/cond.elf"
    run manual python3 tests/host/manual.py "$build"
    run san:model-test "$san/host/model-test" brief
    run san:reader-test "$san/host/reader-test" brief
    run san:cli python3 tests/host/cli.py "$san/host" quick
    fuzz
    run bench python3 tests/host/bench.py "$build/host" "$log/bench" "$build/bench-check.json" \
        600000 --gate
    ;;
bench)
    run bench python3 tests/host/bench.py "$build/host" "$log/bench" "$build/bench-check.json" \
        600000 --gate
    ;;
fuzz) fuzz ;;
san:*) run "$only" "$san/host/${only#san:}" brief ;;
recover:*)
    run recover python3 tests/host/recover.py "$build/host" "$build/target/first_trace.elf" \
        "$build/target/cond.elf" "$only"
    ;;
manual) run manual python3 tests/host/manual.py "$build" ;;
manual:*) run "$only" python3 tests/host/manual.py "$build" "$only" ;;
cli:*) run "$only" python3 tests/host/cli.py "$build/host" "$only" ;;
*) run "$only" "$build/host/${only%%:*}" "$only" ;;
esac
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
