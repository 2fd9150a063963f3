#!/bin/sh
# SPDX-License-Identifier: MIT
# Exhausts the Promela model of the ring, and shows that it can fail.
#
# usage: run.sh FOLDER [long] [TOKEN]
#   FOLDER  where spin's files go
#   long    larger rings and more events (minutes, gigabytes)
#   TOKEN   one of the configurations below
# A configuration with MUTANT breaks the design in one place: spin must find that.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
long=0
[ "${1-}" = long ] && long=1 && shift
only=${1-}
mkdir -p "$out" && cd "$out" || exit 1
cp "$here/ring.pml" . || exit 1
passed=0 failed=0

explore() { # token flags: how many errors spin finds, or what went wrong
    spin $2 -a ring.pml > spin.log 2>&1 || { cat spin.log; return; }
    gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=12000 -o pan pan.c || return
    timeout 1200 ./pan -m200000 > "$1.log" 2>&1
    grep -q 'Search not completed' "$1.log" && ! grep -q 'errors: [1-9]' "$1.log" &&
        { echo unfinished; return; }
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$1.log"
}

config() { # token expected-errors flags
    [ -n "$only" ] && [ "$only" != "$1" ] && return
    found=$(explore "$1" "$3")
    if [ "$found" = "$2" ]; then
        passed=$((passed + 1))
        echo "  $1: $(sed -n 's/ *\([0-9]*\) states, stored/\1/p' "$1.log") states, $found errors"
    else
        failed=$((failed + 1))
        echo "FAIL $1: $found errors instead of $2; see $out/$1.log, rerun: $0 $out $1"
    fi
}

config overwrite 0 "-DTASK_EVENTS=4 -DISR_EVENTS=2"
config one-shot 0 "-DTASK_EVENTS=4 -DISR_EVENTS=2 -DONE_SHOT"
config three-blocks 0 "-DBLOCKS=3 -DSIZE=2 -DTASK_EVENTS=3 -DISR_EVENTS=2"
for mutant in 1 2 3 4; do
    config "mutant-$mutant" 1 "-DMUTANT=$mutant"
done
if [ $long = 1 ]; then
    config long-overwrite 0 "-DTASK_EVENTS=5 -DISR_EVENTS=3"
    config long-three-blocks 0 "-DBLOCKS=3 -DTASK_EVENTS=5 -DISR_EVENTS=3"
    config long-one-shot 0 "-DBLOCKS=3 -DTASK_EVENTS=5 -DISR_EVENTS=3 -DNEST_EVENTS=2 -DONE_SHOT"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
