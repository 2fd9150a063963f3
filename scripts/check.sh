#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the parts of `make check` one after the other and add them up.
# usage: check.sh LOGDIR PREFIX name:seconds..     (seconds: the part's share of the time, 0 none)
#
# A part passes when its target ends with status 0 AND its last total line `N passed, N failed`
# counts at least one test and no failure: a part that ran nothing, said nothing or died counts as
# one failure. Output goes to LOGDIR/NAME.log and, without the lines that say what is built, to the
# terminal. Going over a share of the time is reported, not a failure: machines differ. Processor
# time is shown beside it.
set -u
logs=$1 prefix=$2
shift 2
mkdir -p "$logs" || exit 1
make=${MAKE:-make}
case ${MAKEFLAGS:-} in
*-j*) ;; # the caller said how many jobs; they are shared with us
*) make="$make -j $(nproc 2> /dev/null || echo 2)" ;;
esac
passed=0 failed=0 begin=$(date +%s)
summary="$logs/summary"
: > "$summary"

total_of() { # log -> the last total line, or nothing
    sed -En 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed.*$/\2 \3/p' "$1" | tail -n 1
}

# Sets cpu: seconds of processor time that ended children used, tests included. Not in a subshell,
# whose children are others.
measure_cpu() {
    times > "$logs/times"
    cpu=$(tail -n 1 "$logs/times" | sed 's/[ms]/ /g' |
        awk '{ printf "%d", ($1 + $3) * 60 + $2 + $4 }')
}

run_part() { # name share
    log="$logs/$1.log"
    start=$(date +%s)
    measure_cpu
    cpu_start=$cpu
    echo "== $prefix$1"
    # The status of make, not of tee, through a file: sh has no pipefail.
    { $make --no-print-directory "$prefix$1" 2>&1; echo $? > "$log.rc"; } |
        tee "$log" | grep --line-buffered -vE '^  [A-Z]{2,} +[^ ]+$' # what is built is in the log
    status=$(cat "$log.rc")
    rm -f "$log.rc"
    measure_cpu
    took=$(($(date +%s) - start)) used=$((cpu - cpu_start))
    # shellcheck disable=SC2046 # two numbers, or none
    set -- "$1" "$2" $(total_of "$log")
    good=${3:-0} bad=${4:-0} note=
    if [ $# -lt 4 ]; then
        bad=1 note=' (ended without a total)'
    elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1 note=" (make ended with status $status)"
    elif [ "$good" = 0 ] && [ "$bad" = 0 ]; then
        bad=1 note=' (ran no test)'
    fi
    share=
    if [ "$2" != 0 ]; then
        share=" of $2 s"
        [ "$took" -le "$2" ] || share="$share: OVER ITS SHARE"
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    printf '  %-10s %5d passed %4d failed %5d s (%d s of processor time)%s%s\n' \
        "$1" "$good" "$bad" "$took" "$used" "$share" "$note" >> "$summary"
}

for part; do
    run_part "${part%%:*}" "${part#*:}"
done
if [ $# = 0 ]; then
    echo "check.sh: no part to run" >&2
    failed=1
fi
echo "== total"
cat "$summary"
echo "  $(($(date +%s) - begin)) s in all; logs in $logs"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
