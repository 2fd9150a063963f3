# SPDX-License-Identifier: MIT
# Every export opened by its real consumer, and `kymo query`. EXPORT=token ... reruns single cases.
CHECKS += export
CHECK_TIME_export = 40
EXPORT ?=
XP := $(BUILD)/check-export

# Two real traces of the demo's kernel: everything, by the plugin; and what the ring held at the
# end. The demo's watchdog ends it with status 3.
$(XP)/real/0.kymo: XP_CAPTURE := plugin
$(XP)/real/1.kymo: XP_CAPTURE := ram
$(XP)/real/%.kymo: $(T)/pathfinder.elf $(H)/kymo $(H)/kymo-qemu.so
	@mkdir -p $(@D)
	$(Q)timeout 60 $(H)/kymo run -q --capture $(XP_CAPTURE) -o $@ $< >$@.txt; [ $$? = 3 ]

.PHONY: check-export
XP_REAL := $(XP)/real/0.kymo $(XP)/real/1.kymo
check-export: $(H)/kymo $(XP_REAL) san-host ## exports in their real consumers (EXPORT=token: one)
	$(Q)timeout 300 /usr/bin/python3 -B tests/export/run.py $(H)/kymo $(BUILD)/cfg-san/host/kymo \
	  $(XP) $(EXPORT)
