#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests of the recorder. usage: make check-recorder [ONLY='case..']
room=recorder
limit=170
cd "$(dirname "$0")/../.." || exit 1
# Relative: make takes no name with a blank, and the tree's own path may have one.
export BUILD="${BUILD:-build}"
# shellcheck source=tests/cases.sh
. tests/cases.sh

qemu() { # image, options: its output; the status is the guest's
    image=$1
    shift
    timeout -k 5 30 qemu-system-riscv32 -M virt -bios none -m 128M -display none -serial stdio \
        -monitor none -icount shift=0,sleep=off -seed 1 "$@" -kernel "$image" < /dev/null
}

# The portable recorder against its twin: 200 random runs: wraps, control calls, clocks, readers.
case_host_twin() {
    "$BUILD/trace-host/host"
}

# Faults of other recorders by name, triggers, drain, recovery. One: build/trace-host/faults NAME
case_faults() {
    "$BUILD/trace-host/faults"
}

# Threads as harts under a storm of signals that record.
case_threads() {
    "$BUILD/trace-host/threads-address"
    "$BUILD/trace-host/threads-thread"
}

# A fuzzer chooses what case_host_twin does: writes, interrupts, drains, control. Here from one
# seed, so that two checks of one tree do the same; check-long-recorder looks for what is new.
case_fuzz() {
    "$BUILD/trace-host/fuzz" tests/trace/corpus/* > "$work/found" 2>&1 || { # found before
        tail -n 5 "$work/found"
        exit 1
    }
    "$BUILD/trace-host/fuzz" -seed=1 -runs=20000 -max_len=4096 -verbosity=0 \
        -artifact_prefix="$work/" > "$work/out" 2>&1 || {
        grep -a FAIL "$work/out" || tail -n 20 "$work/out"
        echo "rerun: $BUILD/trace-host/fuzz $(echo "$work"/crash-* "$work"/timeout-*)"
        exit 1
    }
}

# Every writer of the image reaches the recorder's words from gp, in one instruction each.
case_writers_use_gp() {
    python3 tests/trace/sites.py "$BUILD/target/pathfinder.elf" \
        "${CROSS_COMPILE:-riscv64-unknown-elf-}objdump"
}

# A ring in memory that nobody clears is found by the next boot.
case_reset() {
    # not under icount: QEMU 7.2 hangs there at a reset
    timeout -k 5 30 qemu-system-riscv32 -M virt -bios none -m 128M -display none -serial stdio \
        -monitor none -kernel "$BUILD/trace-guest/reset.elf" < /dev/null > "$work/out" || {
        cat "$work/out"
        exit 1
    }
    expect "first boot: nothing found" "$work/out"
    expect "reset: PASS" "$work/out"
}

# An interrupt that records at every instruction of every compiled writer, in an interpreter.
# One placement again: build/trace-host/placements build/trace-guest/guest.elf TOKEN
case_placements() {
    "$BUILD/trace-host/placements" "$BUILD/trace-guest/guest.elf"
}

# A decoder written from SPEC.md alone reads what kymo reads.
case_decoder_from_the_specification() {
    for app in pathfinder first_trace own_events mqueues prodcons timer trace_sched; do
        $MAKE -s "$app" > "$work/make" 2>&1 || { cat "$work/make"; exit 1; }
        timeout 60 "$BUILD/host/kymo" run -q --duration 2 -o "$work/$app.kymo" \
            "$BUILD/target/$app.elf" > "$work/out" 2>&1 || [ $? -lt 124 ]
    done
    timeout 60 "$BUILD/host/kymo" run -q --capture ram -o "$work/ram.kymo" \
        "$BUILD/target/pathfinder.elf" > "$work/out" 2>&1 || [ $? -lt 124 ]
    simulate plain
    simulate drop --drop 30
    simulate harts --harts 3 --drop 30 --block 512 --leap
    simulate leap --leap
    simulate small --block 256
    simulate large --block 32768
    simulate flight --keep 4
    simulate masked --mask 201
    simulate no-end --no-end
    python3 tests/trace/decode.py --compare "$BUILD/host/kymo" "$work"/*.kymo
}

simulate() { # name, options of kymo-synth
    name=$1
    shift
    "$BUILD/host/kymo-synth" --events 20000 "$@" -o "$work/$name.kymo" > "$work/made"
}

# The drain by semihosting: all 1000 marks arrive, in order.
case_stream_by_semihosting() {
    $MAKE -s BUILD="$BUILD/cfg-recorder" CFLAGS=-DTRACE_STREAM_SEMIHOSTING=1 trace_stream \
        > "$work/make" 2>&1 || { cat "$work/make"; exit 1; }
    root=$PWD
    image=$(cd "$BUILD/cfg-recorder" && pwd)/image.elf
    (cd "$work" && qemu "$image" \
        -semihosting-config enable=on,target=native > out)
    expect "trace_stream: PASS" "$work/out"
    python3 "$root/tests/trace/decode.py" "$work/trace_stream.kymo" "$image" |
        sed -n 's/.*"mark".*"value": \([0-9]*\)}}/\1/p' > "$work/marks"
    seq 0 999 | cmp - "$work/marks"
}

# Compiled out, nothing is left: objects of the kernel against a copy without trace calls.
case_disabled_objects() {
    # shellcheck disable=SC2086 # lists of words
    python3 tests/trace/disabled.py "$work" $KSRC -- $TARGET_CC
}

scheduler_trace() { # text to expect, flags
    $MAKE -s BUILD="$BUILD/cfg-recorder" CFLAGS="$2" trace_sched > "$work/make" 2>&1 || {
        cat "$work/make"
        exit 1
    }
    qemu "$BUILD/cfg-recorder/image.elf" > "$work/out" || { cat "$work/out"; exit 1; }
    expect "$1" "$work/out"
}

case_trace_sched_preemptive() { scheduler_trace "Overall: PASS" ""; }
case_trace_sched_cooperative() { scheduler_trace "Overall: PASS" -DTRACE_SCHED_COOPERATIVE=1; }
# Built to stop where an `off` writer runs with interrupts on: it never does.
case_trace_sched_asserts_interrupts_off() {
    scheduler_trace "Overall: PASS" -DCONFIG_TRACE_CHECK=1
    stops=$("${CROSS_COMPILE:-riscv64-unknown-elf-}objdump" -d "$BUILD/cfg-recorder/image.elf" |
        grep -cw ebreak)
    [ "$stops" -gt 50 ] || fail "only $stops writers assert it"
}
# Triggers are a build option.
case_trace_sched_with_triggers() { scheduler_trace "Overall: PASS" -DCONFIG_TRACE_TRIGGER=1; }

disabled="Tracing disabled build: PASS"
case_trace_sched_disabled() { scheduler_trace "$disabled" -DCONFIG_DEBUG_TRACE=0; }
case_trace_sched_disabled_cooperative() {
    scheduler_trace "$disabled" "-DCONFIG_DEBUG_TRACE=0 -DTRACE_SCHED_COOPERATIVE=1"
}

run_cases "$@"
