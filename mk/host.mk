# SPDX-License-Identifier: MIT
# The host: libkymo (tools/kymo/lib), the command `kymo` (every other folder of tools/kymo) and
# their installation.
#
#   HCC, HCFLAGS, HLDFLAGS   compiler and flags of the host, added to ours (CFLAGS is the target's)
#   HSAN=1                   sanitizer build (give it a BUILD of its own)
#
# A file dropped into tools/kymo/*/ is built without a line here. Libraries come from pkg-config;
# the linker keeps those that are used. One that is missing is left out with its -DHAVE_, so only
# what needs it fails, and says so.

HCC ?= gcc
HCFLAGS ?=
HLDFLAGS ?=
HSAN ?= 0
PREFIX ?= /usr/local
DESTDIR ?=

HPKGS := $(shell for p in libelf libdw zlib sqlite3 ncursesw libmicrohttpd; do \
  pkg-config --exists $$p 2> /dev/null && echo $$p; done)
HPKG_CFLAGS := $(if $(HPKGS),$(shell pkg-config --cflags $(HPKGS)))
HLIBS := $(if $(HPKGS),$(shell pkg-config --libs $(HPKGS))) -lpthread -lm
HHAVE := $(foreach p,$(HPKGS),-DHAVE_$(shell echo $(p) | tr a-z A-Z))
HSANITIZE = $(if $(filter 1,$(HSAN)),-fsanitize=address -fsanitize=undefined)
HALL = -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
  $(HHAVE) -Itools/kymo -Itools/kymo/include -Itrace $(HPKG_CFLAGS) $(HSANITIZE) \
  $(if $(HSANITIZE),-fno-sanitize-recover=all -fno-omit-frame-pointer) $(HCFLAGS)
HLDALL = -Wl,--as-needed $(HSANITIZE) $(HLDFLAGS)

H := $(BUILD)/host
HLIBSRC := $(wildcard tools/kymo/lib/*.c)
HSRC := $(filter-out $(HLIBSRC),$(wildcard tools/kymo/*.c tools/kymo/*/*.c))
HLIBOBJ := $(HLIBSRC:%.c=$(H)/%.o)
HOBJ := $(HSRC:%.c=$(H)/%.o)
HTESTSRC := $(wildcard tests/host/*.c)

$(eval $(call stamp,host,$(HCC) $(HALL) $(HLDALL)))
$(eval $(call stamp,host-objects,$(HLIBOBJ) $(HOBJ)))

$(H)/%.o: %.c $(BUILD)/stamps/host
	@mkdir -p $(@D)
	$(say) HCC $<
	$(Q)$(HCC) $(HALL) -MMD -MP -c $< -o $@

$(H)/libkymo.a: $(HLIBOBJ) $(BUILD)/stamps/host-objects
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(HLIBOBJ)

$(H)/kymo: $(HOBJ) $(H)/libkymo.a $(BUILD)/stamps/host-objects
	$(say) HLD $@
	$(Q)$(HCC) $(HALL) $(HLDALL) -o $@ $(HOBJ) $(H)/libkymo.a $(HLIBS)

# tests/host/NAME_main.c becomes build/host/NAME; the other files there are shared by all of them.
HTESTMAIN := $(wildcard tests/host/*_main.c)
HTESTCOMMON := $(patsubst %.c,$(H)/%.o,\
  $(filter-out $(HTESTMAIN) $(wildcard tests/host/fuzz_*.c),$(HTESTSRC)))
HTESTBIN := $(patsubst tests/host/%_main.c,$(H)/%,$(HTESTMAIN))
$(HTESTBIN): $(H)/%: $(H)/tests/host/%_main.o $(HTESTCOMMON) $(H)/libkymo.a
	$(say) HLD $@
	$(Q)$(HCC) $(HALL) $(HLDALL) -o $@ $< $(HTESTCOMMON) $(H)/libkymo.a $(HLIBS)

.PHONY: host install synth script
synth: $(H)/kymo-synth ## a maker of traces from a simulated kernel
script: $(H)/kymo-script
host: $(H)/kymo $(H)/libkymo.a

install: host ## install kymo, libkymo with header, man pages (DESTDIR=, PREFIX=)
	$(Q)install -D -m 755 $(H)/kymo "$(DESTDIR)$(PREFIX)/bin/kymo"
	$(Q)install -D -m 644 $(H)/libkymo.a "$(DESTDIR)$(PREFIX)/lib/libkymo.a"
	$(Q)for h in tools/kymo/include/*.h; do \
	  install -D -m 644 $$h "$(DESTDIR)$(PREFIX)/include/$${h##*/}" || exit 1; done
	$(Q)mkdir -p "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	$(Q)sed 's|@PREFIX@|$(PREFIX)|' tools/kymo/libkymo.pc.in \
	  > "$(DESTDIR)$(PREFIX)/lib/pkgconfig/libkymo.pc"
	$(Q)for s in 1 3 5; do for m in Documentation/man/*.$$s; do [ ! -e "$$m" ] || \
	  install -D -m 644 "$$m" "$(DESTDIR)$(PREFIX)/share/man/man$$s/$${m##*/}" || exit 1; done; done

-include $(HLIBOBJ:.o=.d) $(HOBJ:.o=.d) $(HTESTSRC:%.c=$(H)/%.d)
