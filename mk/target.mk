# SPDX-License-Identifier: MIT
# The target: kernel library, recorder and applications for RV32, and the link of build/image.elf.
# CFLAGS from the environment or the command line is appended to the target's flags (never to the
# host's).

CROSS_COMPILE ?= riscv64-unknown-elf-
TOOLCHAIN_TYPE ?= gnu
TCC := $(CROSS_COMPILE)gcc
TLD := $(CROSS_COMPILE)ld
TAR := $(CROSS_COMPILE)ar

TARCH := -march=rv32imac_zicsr -mabi=ilp32
TFLAGS := $(TARCH) -std=gnu99 -O2 -g -Wall -Wextra -Werror -Wshadow -Wno-unused-parameter \
  -mstrict-align \
  -ffreestanding -nostdlib -fomit-frame-pointer -fdata-sections -ffunction-sections -fno-common
TINC := -Iarch/riscv -Iinclude -Iinclude/lib -Itrace -Ikernel -I$(BUILD)/gen -I. -include config.h
TALL = $(TFLAGS) $(TINC) $(CFLAGS)

T := $(BUILD)/target
KSRC := $(wildcard kernel/*.c lib/*.c trace/*.c trace/*.S arch/riscv/*.c arch/riscv/*.S)
KOBJ := $(KSRC:%=$(T)/%.o)
APPS := $(sort $(patsubst app/%.c,%,$(wildcard app/*.c)))

# Ways that are not hot are compiled for size.
TSMALL := $(patsubst %,$(T)/kernel/%.c.o,task cond irq main panic check syscall logger)
$(TSMALL) $(T)/arch/riscv/hal.c.o: TFLAGS += -Os

$(eval $(call stamp,target,$(TCC) $(TALL)))
$(eval $(call stamp,kernel-objects,$(KOBJ)))

$(T)/%.c.o: %.c $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(TCC) $(TALL) -MMD -MP -c $< -o $@

$(T)/%.S.o: %.S $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(TCC) $(TALL) -MMD -MP -c $< -o $@

# The stamp makes a removed source leave the archive.
$(T)/libkymo-kernel.a: $(KOBJ) $(BUILD)/stamps/kernel-objects
	$(say) AR $@
	$(Q)rm -f $@ && $(TAR) rcs $@ $(KOBJ)

.PHONY: kernel
kernel: $(T)/libkymo-kernel.a

$(T)/%.elf: $(T)/app/%.c.o $(T)/libkymo-kernel.a arch/riscv/riscv32-qemu.ld
	$(say) LD $@
	$(Q)$(TLD) -melf32lriscv --gc-sections --build-id -T arch/riscv/riscv32-qemu.ld -o $@ $< \
	  --whole-archive $(T)/libkymo-kernel.a --no-whole-archive
.PRECIOUS: $(T)/%.elf $(T)/%.c.o $(T)/%.S.o

.PHONY: $(APPS)
$(APPS): %: $(T)/%.elf
	@cp $< $(BUILD)/image.elf

-include $(KOBJ:.o=.d) $(APPS:%=$(T)/app/%.c.d)
