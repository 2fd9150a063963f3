#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the reader's fuzzer from seeds of the simulated kernel.
# usage: fuzz.sh FUZZER SYNTH DIR SECONDS
# A finding is kept in DIR and its command line printed.
set -eu
fuzzer=$1 synth=$2 dir=$3 seconds=$4
mkdir -p "$dir/corpus" "$dir/found"
for seed in 1 2 3 4; do
    option=
    [ $seed = 2 ] && option="--leap"
    [ $seed = 3 ] && option="--harts 2"
    [ $seed = 4 ] && option="--keep 2"
    # shellcheck disable=SC2086 # no option or two words
    "$synth" --seed $seed --events 150 --block 256 $option -o "$dir/seed" > "$dir/seed.log"
    { printf '\000'; cat "$dir/seed"; } > "$dir/corpus/seed$seed"
done
printf '\003%s\n' '0x08 3 task_switch SCHED S:state:3:state A:next:16:0:task' \
    '0x30 0 sem_create SYNC A:n:16:0:count W:obj:obj W:initial:count' > "$dir/corpus/table"
printf '\003%s\n' '80001000 100 f bus_task app/x.c:10' '80100020 20 o shared.lock' \
    > "$dir/corpus/symbols"
if ! timeout $((seconds + 60)) "$fuzzer" -max_total_time="$seconds" -max_len=20000 -seed=1 \
    -timeout=20 -artifact_prefix="$dir/found/" "$dir/corpus" > "$dir/log" 2>&1; then
    tail -n 40 "$dir/log"
    for f in "$dir"/found/*; do
        echo "FAIL fuzz: rerun: $fuzzer $f"
    done
    exit 1
fi
