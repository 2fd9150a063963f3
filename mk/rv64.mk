# SPDX-License-Identifier: MIT
# The recorder on RV64: trace/ with ports/rv64, bare metal under QEMU. No kernel.
CHECKS += rv64
CHECK_TIME_rv64 = 10

R64 := $(BUILD)/rv64
R64FLAGS := -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -std=gnu11 -O2 -g -Wall -Wextra \
  -Werror -Wshadow -Wno-unused-parameter \
  -ffreestanding -nostdlib -fno-common -ffunction-sections -fdata-sections -DCONFIG_TRACE_CHECK=1
R64INC := -Iports/rv64 -Iinclude -Itrace -I$(BUILD)/gen
R64SRC := ports/rv64/start.S ports/rv64/harness.c $(wildcard trace/*.c)
R64OBJ := $(R64SRC:%=$(R64)/%.o)

$(eval $(call stamp,rv64,$(TCC) $(R64FLAGS) $(R64INC) $(R64OBJ)))

$(R64)/%.o: % $(BUILD)/stamps/rv64 | $(TRACE_GENERATED)
	@mkdir -p $(@D)
	$(say) CC64 $<
	$(Q)$(TCC) $(R64FLAGS) $(R64INC) -MMD -MP -c $< -o $@

$(R64)/harness.elf: $(R64OBJ) ports/rv64/rv64.ld
	$(say) LD $@
	$(Q)$(TLD) -melf64lriscv --gc-sections --build-id -T ports/rv64/rv64.ld -o $@ $(R64OBJ)

.PHONY: check-rv64
check-rv64: $(R64)/harness.elf
	$(Q)timeout 60 qemu-system-riscv64 -M virt -m 128M -bios none -display none -monitor none -serial stdio \
	  -icount shift=0,sleep=off -seed 1 -kernel $< < /dev/null > $(R64)/out; s=$$?; cat $(R64)/out; \
	  [ $$s = 0 ] && grep -q 'rv64: PASS' $(R64)/out && echo '1 passed, 0 failed' || { echo '0 passed, 1 failed'; exit 1; }

-include $(R64OBJ:.o=.d)
