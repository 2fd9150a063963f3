# SPDX-License-Identifier: MIT
# The door: what a stranger types first. help, run, clean, distclean, and one clear line when a
# tool is not there.

.PHONY: help run clean distclean need-target need-host

# Targets from their `##` comments, the door's first; then the applications and the variables.
HELP_FIRST := Makefile mk/demo.mk mk/check.mk mk/door.mk mk/deps.mk
HELP_PAGES = $(HELP_FIRST) $(filter-out $(HELP_FIRST),$(sort $(wildcard mk/*.mk)))
help: ## this list
	@printf 'make TARGET [VARIABLE=value]..\n\n'
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(HELP_PAGES) | \
	  while IFS='	' read -r t d; do printf '  %-14s %s\n' "$$t" "$$d"; done
	@printf '\nApplications, each built as $(BUILD)/image.elf by `make NAME`:\n'
	@printf '%s\n' $(APPS) | fmt -w 90 | sed 's/^/  /'
	@printf '\nVariables:\n'
	@sed -n 's/^# variable \([A-Z_]*=[^ ]*\)  *\(.*\)/\1\t\2/p' $(HELP_PAGES) | \
	  while IFS='	' read -r v d; do printf '  %-26s %s\n' "$$v" "$$d"; done
# variable VERBOSE=1 print every command
# variable BUILD=dir where everything is built (build)
# variable CFLAGS='-DNAME=value' more flags for the target, for example -DCONFIG_DEBUG_TRACE=0
# variable HCFLAGS=.. more flags for the host tool
# variable CROSS_COMPILE=prefix- the target's tools (riscv64-unknown-elf-)
# variable DESTDIR= where `make install` puts its files; with PREFIX= (/usr/local)

# $(call need,COMMAND,HINT): one line and the end when a command is not there.
need = command -v $(1) > /dev/null || \
  { echo '$(1) is not installed; `make deps` installs what is missing$(2)' >&2; exit 1; }

# Boots what is there. It has no prerequisite on purpose: what runs is what was built last, with
# the flags it was built with.
QEMU ?= qemu-system-riscv32
run: ## boot build/image.elf as it is (Ctrl-A, then X, ends QEMU)
	@[ -f $(BUILD)/image.elf ] || \
	  { echo 'no $(BUILD)/image.elf yet; build one first, for example `make hello`' >&2; exit 1; }
	@$(call need,$(QEMU))
	$(Q)$(QEMU) -machine virt -m 128M -nographic -bios none -kernel $(BUILD)/image.elf

clean: ## remove what was built (objects, images, tools), keep the demo's traces
	$(Q)[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name demo -exec rm -rf {} +

distclean: ## remove everything that was made, traces included
	$(Q)rm -rf $(BUILD)

# Every object depends on one of these stamps, so a missing compiler gives this line and nothing
# else.
$(BUILD)/stamps/target: | need-target
need-target:
	@$(call need,$(firstword $(TCC)), (or set CROSS_COMPILE))
$(BUILD)/stamps/host: | need-host
need-host:
	@$(call need,$(firstword $(HCC)), (or set HCC))

ifneq ($(filter-out gnu,$(TOOLCHAIN_TYPE)),)
ifneq ($(filter-out help clean distclean deps deps-demo deps-check,$(or $(MAKECMDGOALS),all)),)
$(error TOOLCHAIN_TYPE=$(TOOLCHAIN_TYPE) is not supported, because clang 14 of Debian 12 rejects \
  -march=rv32imac_zicsr; leave it out, or say TOOLCHAIN_TYPE=gnu)
endif
endif

# make print-NAME shows a variable of these pages; the tests of the build use it.
print-%: FORCE
	@printf '%s\n' $(call quote,$($*))

# The first sentence of each application's head; their names alone are in `make help`.
.PHONY: apps
apps: ## the applications, each with one sentence
	@for f in app/*.c; do printf '  %-14s ' "$$(basename $$f .c)"; \
	  sed -n '2,/\*\//{s|^/\* *||;s|^ \* *||;s|\*/.*||;p;}' $$f | tr '\n' ' ' | \
	  sed "s/^$$(basename $$f .c): //; s/\([.?]\) .*/\1/"; echo; done
