# SPDX-License-Identifier: MIT
# Tests of the recorder (room trace/): `make check-recorder`, or ONLY='name..' for single cases.
CHECKS += recorder
CHECKS_LONG += recorder
CHECK_TIME_recorder = 180

TT := $(BUILD)/trace-host
TTFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wshadow -Wno-unused-parameter \
  -fsanitize=address,undefined -fno-sanitize-recover=all
TTINC := -I$(BUILD)/gen -Iports/posix -Iinclude -Itrace -Itests/trace
TTSRC := ports/posix/trace_posix.c $(wildcard trace/*.c)
TTHDR := $(wildcard trace/*.h trace/*.def ports/posix/*.h tests/trace/*.h tests/trace/port/*.h) \
  $(wildcard include/sys/*trace*.h)

$(eval $(call stamp,trace-host,$(HCC) $(TTFLAGS) $(TTINC)))

TTHOST := tests/trace/host.c tests/trace/twin.c $(TTSRC)
$(TT)/host: $(TTHOST) $(TTHDR) $(BUILD)/gen/trace_hash.h $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) $(TTFLAGS) -Itests/trace/port $(TTINC) -o $@ $(TTHOST)

$(TT)/faults: tests/trace/faults.c tests/trace/streams.c tests/trace/bench.c tests/trace/twin.c \
  $(TTSRC) $(TTHDR) $(BUILD)/gen/trace_hash.h \
  $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) $(TTFLAGS) -DCONFIG_TRACE_TRIGGER=1 $(TTINC) -o $@ $(filter %.c,$^)

# Threads as harts, signals as interrupts; with two sanitizers.
$(TT)/threads-%: tests/trace/threads.c tests/trace/twin.c $(TTSRC) $(TTHDR) \
  $(BUILD)/gen/trace_hash.h $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) $(filter-out -fsanitize=%,$(TTFLAGS)) -fsanitize=$* -D_GNU_SOURCE \
	  -DTRACE_POSIX_SIGNALS=1 $(TTINC) -o $@ $(filter %.c,$^) -lpthread

# The same program as $(TT)/host, its choices made by a fuzzer.
$(TT)/fuzz: $(TTHOST) $(TTHDR) $(BUILD)/gen/trace_hash.h $(BUILD)/stamps/trace-host
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)clang -std=gnu11 -O1 -g -w -DFUZZ -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=all -Itests/trace/port $(TTINC) -o $@ $(TTHOST)

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

# An image that boots twice.
$(TG)/reset.o: tests/trace/reset.c $(BUILD)/stamps/target | $(TRACE_GENERATED)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(TCC) $(TFLAGS) $(TINC) -c $< -o $@

$(TG)/reset.elf: $(TG)/reset.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive

.PHONY: check-recorder
check-recorder: $(TT)/host $(TT)/faults $(TT)/placements $(TT)/fuzz \
  $(TT)/threads-address $(TT)/threads-thread $(TG)/guest.elf $(TG)/reset.elf $(T)/pathfinder.elf \
  kernel host plugin synth \
  $(BUILD)/gen/trace_empty.h
	@BUILD=$(BUILD) ONLY='$(ONLY)' MAKE='$(MAKE)' KSRC='$(filter-out trace/%,$(filter %.c,$(KSRC)))' \
	  TARGET_CC='$(TCC) $(TFLAGS) $(TINC)' sh tests/trace/run.sh

.PHONY: check-long-recorder
check-long-recorder: $(TT)/fuzz
	$(Q)$(TT)/fuzz -max_total_time=3600 -max_len=4096 -verbosity=0 -artifact_prefix=$(TT)/ \
	  && echo '1 passed, 0 failed' || { echo '0 passed, 1 failed'; exit 1; }
