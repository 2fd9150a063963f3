# SPDX-License-Identifier: MIT
# Tests of the recorder (room trace/): `make check-recorder`, or ONLY='name..' for single cases.
CHECKS += recorder
CHECK_TIME_recorder = 180

TT := $(BUILD)/trace-host
TTFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wshadow -Wno-unused-parameter \
  -fsanitize=address,undefined -fno-sanitize-recover=all
TTINC := -I$(BUILD)/gen -Iports/posix -Iinclude -Itrace -Itests/trace
TTSRC := ports/posix/trace_posix.c $(wildcard trace/*.c)
TTHDR := $(wildcard trace/*.h trace/*.def ports/posix/*.h tests/trace/*.h include/sys/*trace*.h)

$(eval $(call stamp,trace-host,$(HCC) $(TTFLAGS) $(TTINC)))

$(TT)/host: tests/trace/host.c tests/trace/twin.c $(TTSRC) $(TTHDR) $(BUILD)/gen/trace_hash.h \
  $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) $(TTFLAGS) $(TTINC) -o $@ $(filter %.c,$^)

$(TT)/faults: tests/trace/faults.c tests/trace/twin.c $(TTSRC) $(TTHDR) $(BUILD)/gen/trace_hash.h \
  $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) $(TTFLAGS) -DCONFIG_TRACE_TRIGGER=1 $(TTINC) -o $@ $(filter %.c,$^)

# The recorder's compiled code for the interpreter: the kernel's objects and flags, a handler and a
# function per writer.
TG := $(BUILD)/trace-guest
$(TG)/%.o: tests/trace/guest/% $(wildcard tests/trace/guest/*.h trace/*.h trace/*.def) \
  $(wildcard kernel/trace_port*.h) include/sys/debug_trace.h $(BUILD)/stamps/target | \
  $(BUILD)/gen/trace_hash.h $(BUILD)/gen/trace_empty.h
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(TCC) $(TFLAGS) $(TINC) -c $< -o $@

$(TG)/guest.elf: $(TG)/guest.c.o $(TG)/start.S.o $(filter $(T)/trace/%,$(KOBJ)) \
  arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv -T arch/riscv/riscv32-qemu.ld -o $@ $(filter %.o,$^)

$(TT)/placements: tests/trace/placements.c tests/trace/rv32.c tests/trace/twin.c $(TTHDR) \
  tests/trace/guest/kinds.h
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -Itrace -Itests/trace -o $@ \
	  $(filter %.c,$^)

.PHONY: check-recorder
check-recorder: $(TT)/host $(TT)/faults $(TT)/placements $(TG)/guest.elf kernel host plugin synth $(BUILD)/gen/trace_empty.h
	@BUILD=$(BUILD) ONLY='$(ONLY)' MAKE='$(MAKE)' KSRC='$(filter-out trace/%,$(filter %.c,$(KSRC)))' \
	  TARGET_CC='$(TCC) $(TFLAGS) $(TINC)' sh tests/trace/run.sh
