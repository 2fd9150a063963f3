# SPDX-License-Identifier: MIT
# The twin: random calls on the target, every event and result predicted by a naive model on the host.
CHECKS += twin
TWIN := $(T)/tests/twin/twin.elf
$(TWIN): $(T)/tests/twin/twin.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< --whole-archive $(T)/libkymo-kernel.a --no-whole-archive

.PHONY: check-twin
check-twin: host plugin $(TWIN)
	$(Q)timeout 120 python3 tests/twin/twin.py $(H)/kymo $(TWIN) --runs 24 --steps 3000
-include $(T)/tests/twin/twin.c.d
