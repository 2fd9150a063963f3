# SPDX-License-Identifier: MIT
# `make bench`: kymo beside babeltrace2 and trace-cmd on the same events, in one run. Prints rates,
# peak memory and ratios, and writes them to $(BUILD)/bench.json.
#
#   BENCH_EVENTS=N    how many events (5000000; 100000000 shows that memory does not grow)
BENCH_EVENTS ?= 5000000

.PHONY: bench
bench: host synth ## speed and memory beside other tools (BENCH_EVENTS=5000000)
	$(Q)python3 tests/host/bench.py $(H) $(BUILD)/bench $(BUILD)/bench.json $(BENCH_EVENTS)
	$(Q)rm -rf $(BUILD)/bench
