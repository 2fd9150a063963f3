# SPDX-License-Identifier: MIT
# Kymo: `make demo` shows a real run, `make check` tests everything, `make help` lists the rest.
#
# Each room has its own page in mk/; this file only sets what they share. Rules for a page:
#   - outputs lie below $(BUILD), never elsewhere; two builds with different BUILD do not meet
#   - recipes begin with $(Q), and say what they do with $(say) WORD FILE
#   - what is built with flags depends on $(BUILD)/stamps/NAME of $(eval $(call stamp,NAME,VALUE))
#   - CFLAGS belongs to the target, HCFLAGS to the host
#   - a target with `## text` after its prerequisites is listed by `make help`

BUILD ?= build
ifneq ($(words $(BUILD)),1)
$(error BUILD='$(BUILD)' must be one word: make splits names at blanks)
endif
VERBOSE ?= 0
ifeq ($(VERBOSE),1)
Q :=
say = @true
else
Q := @
say = @printf '  %-7s %s\n'
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
# No __pycache__ beside the sources.
export PYTHONDONTWRITEBYTECODE := 1

# $(call quote,TEXT): TEXT as one word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'

# $(call stamp,NAME,VALUE): the file $(BUILD)/stamps/NAME, which changes only when VALUE does;
# what depends on it is rebuilt then. VALUE may hold quotes, commas, parentheses, `#` and `$`: it
# is kept in a `define`, because an assignment would end at a `#`, and read back with $(value),
# because an expansion would eat a `$`.
define stamp
define STAMP_$(1)
$(2)
endef
$(BUILD)/stamps/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' $$(call quote,$$(value STAMP_$(1))) | cmp -s - $$@ || \
	  printf '%s\n' $$(call quote,$$(value STAMP_$(1))) > $$@
endef
.PHONY: FORCE all
FORCE:

# What is built comes first: the other pages use its variables (T, H, APPS) in prerequisites.
PAGES := mk/target.mk mk/host.mk mk/qemu.mk mk/check.mk
include $(PAGES) $(filter-out $(PAGES),$(sort $(wildcard mk/*.mk)))

all: kernel host plugin ## kernel library, host tool and plugin (this is what plain `make` does)
