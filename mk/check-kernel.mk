# SPDX-License-Identifier: MIT
# Tests of the kernel on the target, in QEMU under icount: `make check-kernel`. One test again:
# tests/kernel/run.py IMAGE:NAME, as a failure prints it.
CHECKS += kernel
CHECK_TIME_kernel = 180

KT_NAMES := $(basename $(notdir $(wildcard tests/kernel/t_*.c)))
KT_BUILD := $(BUILD)/cfg-kernel-check
KT_IMAGES := $(KT_NAMES:%=$(KT_BUILD)/target/tests/kernel/%.elf)

# A test image: one source of tests/, linked with the kernel like an application.
$(T)/tests/kernel/%.elf: $(T)/tests/kernel/%.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive
-include $(KT_NAMES:%=$(T)/tests/kernel/%.c.d)

# The tests run on a kernel that executes its invariants at each scheduling point.
.PHONY: check-kernel kernel-test-images
kernel-test-images:
	@+$(MAKE) --no-print-directory BUILD=$(KT_BUILD) \
	  CFLAGS='$(CFLAGS) -DCONFIG_KERNEL_CHECK=1 -DCONFIG_TRACE_CHECK=1' $(KT_IMAGES)

check-kernel: kernel-test-images
	$(Q)python3 tests/kernel/run.py $(KT_IMAGES)

$(T)/tests/kernel/cost/%.elf: $(T)/tests/kernel/cost/%.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive
