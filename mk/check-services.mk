# SPDX-License-Identifier: MIT
# Tests of the kernel's library and services on the target: `make check-services`, ONLY='case..'
# for single cases. Built apart, with freed memory poisoned and the writers' own checks on; but for
# `bounded`, which counts the instructions of the kernel as it ships.
CHECKS += services coverage
CHECK_TIME_services = 60
CHECK_TIME_coverage = 40

SERVICE_TESTS := $(filter-out format_host,$(basename $(notdir $(wildcard tests/services/*.c))))
SERVICE_FLAGS := -DCONFIG_HEAP_POISON=1 -DCONFIG_TRACE_CHECK=1 -DCONFIG_KERNEL_CHECK=1
SERVICE_BUILD := $(BUILD)/cfg-services

.PHONY: check-services service-tests services-images
service-tests: $(SERVICE_BUILD)/format_host $(T)/tests/services/bounded.elf \
    $(T)/libkymo-kernel.a
	@+$(MAKE) --no-print-directory BUILD=$(SERVICE_BUILD) CFLAGS='$(SERVICE_FLAGS)' \
	  services-images

check-services: service-tests
	@CROSS_COMPILE=$(CROSS_COMPILE) TALL='$(TALL)' python3 tests/services/run.py $(BUILD) $(ONLY)

$(SERVICE_BUILD)/format_host: tests/services/format_host.c tests/services/format_rows.h
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) -Wall -Wextra -Werror -o $@ $<

services-images: $(SERVICE_TESTS:%=$(T)/tests/services/%.elf)

TLINK := -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld
$(T)/tests/services/%.elf: $(T)/tests/services/%.c.o $(T)/libkymo-kernel.a \
    arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) $(TLINK) -o $@ $< --whole-archive $(T)/libkymo-kernel.a --no-whole-archive

-include $(SERVICE_TESTS:%=$(T)/tests/services/%.c.d)

# How often the tests of this page and of check-kernel, and the applications, fire each event.
.PHONY: trace-coverage check-coverage
trace-coverage: host plugin service-tests kernel-test-images demo-images \
    $(APPS:%=$(T)/%.elf) ## how often the tests make each event fire
	@python3 tests/services/coverage.py $(BUILD)
check-coverage: trace-coverage
