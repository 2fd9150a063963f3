#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo: records the Pathfinder application without and with priority inheritance, shows what
# happened, and compares. usage: demo.sh BUILD [FOLDER]     (FOLDER: BUILD/demo)
#
# Every number and every name comes out of the two traces; nothing here knows when or why a run
# fails. The tests use DEMO_ON and DEMO_ON_STATUS (image and expected status of the second run) to
# see that. DEMO_WIDTH is the number of columns (95).
set -eu
build=$1
folder=${2:-$build/demo}
kymo=$build/host/kymo
off=$folder/inheritance-off on=$folder/inheritance-on
tasks='--task bus_task --task communication_task --task weather_task'

record() { # trace image expected-status
    status=0
    "$kymo" run -q -o "$1.kymo" "$2" > "$1.console" 2>&1 || status=$?
    if [ $status != "$3" ]; then
        cat "$1.console" >&2
        echo "demo.sh: $2 ended with status $status, expected $3" >&2
        exit 1
    fi
    rm -f "$1.console" # the trace holds it
    "$kymo" export -q --to perfetto -o "$1.pftrace" "$1.kymo"
}

ask() { # trace sql: the rows of the answer, columns separated by tabs
    "$kymo" query -H -T "$1.kymo" "$2"
}

ms() { # nanoseconds
    LC_ALL=C awk -v ns="${1:-0}" 'BEGIN { printf "%.1f ms", ns / 1e6 }'
}

# The bus task's longest wait for a mutex: sets wait_begin, wait_ns, mutex and holder; and who ran
# most meanwhile although less urgent than the one that waited: other, other_ns.
find_wait() { # trace
    tab=$(printf '\t')
    IFS=$tab read -r wait_begin wait_ns mutex holder <<ROW
$(ask "$1" "SELECT ts, dur, object, holder FROM blocked WHERE task GLOB 'bus_task*'
            AND kind = 'mutex' ORDER BY dur DESC LIMIT 1")
ROW
    IFS=$tab read -r other other_ns <<ROW
$(ask "$1" "WITH w AS (SELECT * FROM blocked WHERE task GLOB 'bus_task*' AND kind = 'mutex'
                       ORDER BY dur DESC LIMIT 1)
            SELECT t.name, sum(min(r.ts + r.dur, w.ts + w.dur) - max(r.ts, w.ts)) AS ns
            FROM w JOIN sched r ON r.ts < w.ts + w.dur AND r.ts + r.dur > w.ts
                   JOIN thread t ON t.utid = r.utid
            WHERE r.utid NOT IN (w.utid, w.holder_utid) AND NOT t.is_idle
                  AND t.base_prio > w.priority GROUP BY r.utid ORDER BY ns DESC LIMIT 1")
ROW
    wait_begin=${wait_begin:-0} wait_ns=${wait_ns:-0} mutex=${mutex:-none} holder=${holder:-nobody}
    other=${other:-nobody} other_ns=${other_ns:-0}
}

measure() { # trace: sets finished (bus cycles), resets, end_ns, and find_wait's
    finished=$(ask "$1" "SELECT count(*) FROM slice WHERE name = 'bus cycle'
                         AND certainty = 'certain'")
    resets=$(ask "$1" "SELECT count(*) FROM instant WHERE name = 'mark'
                       AND arg GLOB '*watchdog reset*'")
    end_ns=$(ask "$1" "SELECT max(ts + dur) FROM sched")
    find_wait "$1"
}

draw() { # trace: the stretch around the wait that measure found
    stretch=$(LC_ALL=C awk -v b="$wait_begin" -v l="$wait_ns" 'BEGIN { a = b - l / 5;
        printf "--from %.3fms --to %.3fms", (a > 0 ? a : 0) / 1e6, (b + l + l / 15) / 1e6 }')
    # shellcheck disable=SC2086 # options
    "$kymo" timeline --width "${DEMO_WIDTH:-95}" $tasks $stretch "$1.kymo"
}

verdict() {
    if [ "$off_resets" -gt 0 ] && [ "$on_resets" = 0 ]; then
        echo 'Verdict: priority inheritance cured it.'
    elif [ "$off_resets" = "$on_resets" ] && [ "$off_wait" = "$on_wait" ]; then
        echo 'Verdict: the second run made no difference.'
    elif [ "$on_resets" -gt 0 ]; then
        echo 'Verdict: not cured, the second run is reset too.'
    else
        echo 'Verdict: neither run was reset.'
    fi
}

row() { # label off on
    printf '  %-46s %16s %12s\n' "$1" "$2" "$3"
}

mkdir -p "$folder"
rm -f "$off".* "$on".*
record "$off" "${DEMO_OFF:-$build/target/inheritance-off.elf}" 3
record "$on" "${DEMO_ON:-$build/target/inheritance-on.elf}" "${DEMO_ON_STATUS:-0}"

measure "$on"
on_finished=$finished on_resets=$resets on_wait=$wait_ns on_other=$other_ns
measure "$off"
off_finished=$finished off_resets=$resets off_wait=$wait_ns off_other=$other_ns

end=$(ms "$end_ns") cycle=$((off_finished + 1))
cat <<TEXT
The Mars Pathfinder resets of July 1997, on a small real-time kernel in QEMU, seen by Kymo.

bus_task (high priority) and weather_task (low) share the information bus under a mutex;
communication_task (middle) never touches it. A watchdog resets the machine when a bus cycle
of 120 ms is late. First run, no priority inheritance: reset at $end, in cycle $cycle:

TEXT
draw "$off"
cat <<TEXT

At $(ms "$wait_begin") bus_task asked for $mutex. ${holder%/*} held it, and would have been done
in a moment, but ${other%/*} is more urgent and ran for $(ms "$other_ns"). Who did what in this run:

TEXT
# shellcheck disable=SC2086
"$kymo" stat --brief $tasks "$off.kymo" | sed 1,2d
cat <<TEXT

The second run, one flag changed: ${holder%/*} has the priority of bus_task while that waits for it.
TEXT
draw "$on" | grep -E "^([A-Z] |  $mutex)" # the same stretch: scale and legend are above
echo
row '' 'inheritance off' 'on'
row 'bus cycles finished / resets' "$off_finished / $off_resets" "$on_finished / $on_resets"
row "longest wait for $mutex" "$(ms "$off_wait")" "$(ms "$on_wait")"
row '  while a less urgent task ran instead' "$(ms "$off_other")" "$(ms "$on_other")"
verdict
"$kymo" report -o "$folder/report.html" "$off.kymo" "$on.kymo"
rm -f "$off".kymo.sqlite "$on".kymo.sqlite
cat <<TEXT

Left in $folder, of both runs:
  report.html                               open it in a browser: timeline, figures, findings
  inheritance-off.kymo, -on.kymo            for $kymo print, stat, timeline, query, ..
  inheritance-off.pftrace, -on.pftrace      https://ui.perfetto.dev, "Open trace file"
TEXT
