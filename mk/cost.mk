# SPDX-License-Identifier: MIT
# The ledger: what each trace point executes, and what tracing costs a whole system. `make cost`
# prints it and writes Documentation/cost.md and build/cost.json; `make check-cost` fails when a
# figure is worse than tests/cost/baseline.json.

COST_RINGS := 1024 4096
COST_BUILDS := $(COST_RINGS:%=ring%) off
COST_CFLAGS_ring1024 := -DDEBUG_EVENT_BUFFER_SIZE=1024
COST_CFLAGS_ring4096 := -DDEBUG_EVENT_BUFFER_SIZE=4096
COST_CFLAGS_off := -DCONFIG_DEBUG_TRACE=0
COST_IMAGES := writers load1000 load10000 load50000

$(T)/tests/cost/load%.c.o: tests/cost/load.c $(BUILD)/stamps/target | $(TRACE_GENERATED)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(TCC) $(TALL) -DLOAD_RATE=$* -MMD -MP -c $< -o $@

$(T)/tests/cost/writers.c.o: | $(TRACE_GENERATED)
.PRECIOUS: $(T)/tests/cost/%.elf $(T)/tests/cost/%.c.o $(T)/tests/cost/load%.c.o

$(T)/tests/cost/%.elf: $(T)/tests/cost/%.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive

.PHONY: cost check-cost cost-accept cost-images
cost-images: host plugin
	@+$(foreach b,$(COST_BUILDS),$(MAKE) --no-print-directory BUILD=$(BUILD)/cfg-cost-$(b) CFLAGS='$(CFLAGS) $(COST_CFLAGS_$(b))' \
	  $(COST_IMAGES:%=$(BUILD)/cfg-cost-$(b)/target/tests/cost/%.elf) &&) true

cost: cost-images ## what each trace point executes, and what tracing costs a system
	$(Q)python3 tests/cost/ledger.py --build $(BUILD) --cross $(CROSS_COMPILE) --json $(BUILD)/cost.json \
	  --write Documentation/cost.md

cost-accept: cost-images ## take today's figures as the gate of check-cost
	$(Q)python3 tests/cost/ledger.py --build $(BUILD) --cross $(CROSS_COMPILE) --accept tests/cost/baseline.json

CHECKS += cost
CHECK_TIME_cost = 30
check-cost: cost-images
	$(Q)python3 tests/cost/ledger.py --build $(BUILD) --cross $(CROSS_COMPILE) --json $(BUILD)/cost.json \
	  --gate tests/cost/baseline.json
-include $(wildcard $(T)/tests/cost/*.d)
