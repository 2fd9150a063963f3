# SPDX-License-Identifier: MIT
# Tests of the kernel on the target, in QEMU under icount: `make check-kernel`. One test again:
# tests/kernel/run.py IMAGE:NAME, as a failure prints it.
CHECKS += kernel
CHECK_TIME_kernel = 180

KT_NAMES := $(basename $(notdir $(wildcard tests/kernel/t_*.c)))
KT_FORCED := t_forced t_scale
KT_BUILD := $(BUILD)/cfg-kernel-check
KT_BUILD2 := $(BUILD)/cfg-kernel-forced
KT_ELF := target/tests/kernel/%.elf
KT_IMAGES1 := $(patsubst %,$(KT_BUILD)/$(KT_ELF),$(filter-out $(KT_FORCED),$(KT_NAMES)))
KT_IMAGES2 := $(patsubst %,$(KT_BUILD2)/$(KT_ELF),$(filter $(KT_FORCED),$(KT_NAMES)))
KT_IMAGES := $(KT_IMAGES1) $(KT_IMAGES2)

# A test image: one source of tests/, linked with the kernel like an application.
$(T)/tests/kernel/%.elf: $(T)/tests/kernel/%.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive
-include $(KT_NAMES:%=$(T)/tests/kernel/%.c.d)
-include $(T)/tests/kernel/cost/bench.c.d $(T)/tests/kernel/cost/size.c.d

# The tests run on a kernel that executes its invariants at each scheduling point; those that place
# ticks between instructions, or have many tasks, on one that does so where the test says.
.PHONY: check-kernel kernel-test-images
kernel-test-images:
	@+$(MAKE) -s --no-print-directory BUILD=$(KT_BUILD) \
	  CFLAGS='$(CFLAGS) -DCONFIG_KERNEL_CHECK=1 -DCONFIG_TRACE_CHECK=1' $(KT_IMAGES1)
	@+$(MAKE) -s --no-print-directory BUILD=$(KT_BUILD2) \
	  CFLAGS='$(CFLAGS) -DCONFIG_KERNEL_CHECK=2 -DCONFIG_TRACE_CHECK=1' $(KT_IMAGES2)

# What operations cost: the table of every figure, and in `make check` the budgets for the fewest
# and the most tasks.
KCOST_OUT := $(BUILD)/cfg-kernel-cost
KCOST_BARE := $(BUILD)/cfg-kernel-bare
KCOST_RUN = python3 tests/kernel/cost/run.py
KCOST_IMAGES := target/tests/kernel/cost/bench.elf target/tests/kernel/cost/size.elf

KCOST_BARE_FLAGS := -DCONFIG_DEBUG_TRACE=0 -DCONFIG_API_CHECK=0 -DCONFIG_STACK_PROTECTION=0

.PHONY: kernel-cost kernel-cost-out kernel-cost-bare
kernel-cost-bare:
	@+$(MAKE) -s --no-print-directory BUILD=$(KCOST_BARE) CFLAGS='$(CFLAGS) $(KCOST_BARE_FLAGS)' \
	  $(KCOST_IMAGES:%=$(KCOST_BARE)/%)

kernel-cost-out:
	@+$(MAKE) -s --no-print-directory BUILD=$(KCOST_OUT) CFLAGS='$(CFLAGS) -DCONFIG_DEBUG_TRACE=0' \
	  $(KCOST_IMAGES:%=$(KCOST_OUT)/%)

KCOST_FILES := --json $(BUILD)/kernel-cost.json --doc Documentation/kernel-cost.md

KCOST_TRACED := $(KCOST_IMAGES:%=$(BUILD)/%)

kernel-cost: kernel-cost-out kernel-cost-bare $(KCOST_TRACED) ## what kernel operations cost
	$(Q)$(KCOST_RUN) $(KCOST_FILES) $(KCOST_OUT) $(BUILD) $(KCOST_BARE)

KT_REPORT := $(BUILD)/check-kernel.txt
KT_TOTAL := / passed, / {p += $$1; f += $$3} END {print p + 0 " passed, " f + 0 " failed"}

check-kernel: kernel-test-images kernel-cost-out
	$(Q)fail=0; python3 tests/kernel/run.py $(KT_IMAGES) > $(KT_REPORT) || fail=1; \
	  $(KCOST_RUN) --gate --tasks 2,1000 $(KCOST_OUT) >> $(KT_REPORT) || fail=1; \
	  grep -v 'passed,.*failed' $(KT_REPORT); awk '$(KT_TOTAL)' $(KT_REPORT); exit $$fail

# Linked from the archive without --whole-archive: what an application does not reach stays out.
KCOST_LINK = $(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -u _start

$(T)/tests/kernel/cost/%.elf: $(T)/tests/kernel/cost/%.c.o $(T)/libkymo-kernel.a \
  arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(KCOST_LINK) -Map $@.map -o $@ $< $(T)/libkymo-kernel.a
