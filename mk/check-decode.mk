# SPDX-License-Identifier: MIT
# The decoder in Python, written from SPEC.md, against `kymo print`: simulated traces and those of real applications.
CHECKS += decode
CHECK_TIME_decode = 15
DECODE_APPS := first_trace pathfinder trace_sched umode timer
DECODE := $(BUILD)/decode

.PHONY: check-decode
check-decode: host plugin synth $(DECODE_APPS:%=$(T)/%.elf)
	@mkdir -p $(DECODE)
	$(Q)for a in $(DECODE_APPS); do timeout 60 $(H)/kymo run $(T)/$$a.elf --duration 2 -o $(DECODE)/$$a.kymo > /dev/null 2>&1; \
	  [ -s $(DECODE)/$$a.kymo ] || { echo "FAIL $$a left no trace"; exit 1; }; done
	$(Q)timeout 120 python3 tests/decode/run.py $(H) $(DECODE_APPS:%=$(DECODE)/%.kymo)
