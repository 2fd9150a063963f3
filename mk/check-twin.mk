# SPDX-License-Identifier: MIT
# The twin: random calls on the target, every event and result predicted by a naive model on the
# host.
CHECKS += twin
CHECKS_LONG += twin
CHECK_TIME_twin = 20
TWIN := $(T)/tests/twin/twin.elf
$(TWIN): $(T)/tests/twin/twin.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive

.PHONY: check-twin check-long-twin
# Preemptive and cooperative; every second seed range is its own.
check-twin: host plugin $(TWIN)
	$(Q)timeout 240 python3 tests/twin/twin.py $(H)/kymo $(TWIN) --steps 3000 --runs 16 --cooperative-runs 8
check-long-twin: host plugin $(TWIN)
	$(Q)python3 tests/twin/twin.py $(H)/kymo $(TWIN) --steps 20000 --runs 300 --cooperative-runs 100
-include $(T)/tests/twin/twin.c.d
