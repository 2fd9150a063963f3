# SPDX-License-Identifier: MIT
# The counting plugin against functions of known cost (tests/qemu). TESTS="known sites" reruns single tests.
CHECKS += qemu
CHECK_TIME_qemu = 20

$(BUILD)/qemu/%.o: tests/qemu/%.c $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(Q)$(CAPTURE_CC) -c $< -o $@

$(BUILD)/qemu/known_s.o: tests/qemu/known.S $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(Q)$(CAPTURE_CC) -march=rv32ima_zicsr -c $< -o $@

$(BUILD)/qemu/known.elf: $(BUILD)/capture/start.o $(BUILD)/qemu/known.o $(BUILD)/qemu/known_s.o tests/capture/guest.ld
	$(say) TEST $@
	$(Q)$(TLD) -melf32lriscv --build-id -T tests/capture/guest.ld -o $@ $(filter %.o,$^)

.PHONY: check-qemu
check-qemu: host plugin $(T)/hello.elf $(BUILD)/qemu/known.elf $(BUILD)/capture/sleep.elf $(BUILD)/capture/spin.elf
	$(Q)python3 tests/qemu/run.py $(BUILD) $(TESTS)
