# SPDX-License-Identifier: MIT
# `kymo run` on bare-metal guests that write the trace by hand (tests/capture). TESTS="name
# name:7" reruns single tests.
CHECKS += capture
CHECK_TIME_capture = 45

CAPTURE_GUESTS := plain endless spin sleep panic broken untraced reset echo exit0 exit1 exit7 exit123 exit124 exit200
$(foreach n,0 1 7 123 124 200,$(eval CAPTURE_exit$(n) := -DEND=$(n)))
CAPTURE_endless := -DEVENTS=0
CAPTURE_spin := -DEND=-2
CAPTURE_sleep := -DEND=-1
CAPTURE_panic := -DPANIC -DEND=42
CAPTURE_broken := -DBROKEN
CAPTURE_reset := -DRESET
CAPTURE_echo := -DECHO -DEVENTS=10
CAPTURE_untraced := -DUNTRACED
CAPTURE_CC = $(TCC) $(TARCH) -std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -nostdlib

$(BUILD)/capture/start.o: tests/capture/start.S $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(Q)$(CAPTURE_CC) -c $< -o $@

$(BUILD)/capture/%.elf: tests/capture/guest.c $(BUILD)/capture/start.o tests/capture/guest.ld mk/check-capture.mk
	$(say) TEST $@
	$(Q)$(CAPTURE_CC) $(CAPTURE_$*) -c $< -o $(@:.elf=.o)
	$(Q)$(TLD) -melf32lriscv --build-id -T tests/capture/guest.ld -o $@ $(BUILD)/capture/start.o $(@:.elf=.o)

.PHONY: check-capture
check-capture: host plugin $(T)/deadlock.elf $(CAPTURE_GUESTS:%=$(BUILD)/capture/%.elf)
	$(Q)python3 tests/capture/run.py $(BUILD) $(TESTS)
