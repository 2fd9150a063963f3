# SPDX-License-Identifier: MIT
# Kymo: `make demo` shows a real run, `make check` tests everything, `make help` lists the rest.
# Each room has its own page in mk/; this file only sets what they share.

BUILD ?= build
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

# $(call stamp,NAME,VALUE): a file that changes only when VALUE does; what depends on it is rebuilt then.
define stamp
$(BUILD)/stamps/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(subst ','\'',$(2))' | cmp -s - $$@ || printf '%s\n' '$$(subst ','\'',$(2))' > $$@
endef
.PHONY: FORCE all
FORCE:

include $(sort $(wildcard mk/*.mk))

all: kernel host plugin ## kernel library, host tool and plugin
