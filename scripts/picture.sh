#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's picture of the demo's fatal stretch. usage: picture.sh BUILD OUT.svg
# Needs the files of `make demo`.
set -eu
exec python3 scripts/timeline_svg.py "$1/host/kymo" "$2" wait:bus_task \
    watchdog_task,bus_task,communication_task,weather_task \
    "Mutex without priority inheritance: reset=$1/demo/inheritance-off.kymo" \
    "With priority inheritance: in time=$1/demo/inheritance-on.kymo"
