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
# Four of the simulated kernel, which does what the random runs of scenario.py do not: suspensions,
# kills, conditions, queues.
XP_SYNTH_2 := --drop 100
XP_SYNTH_3 := --keep 20
XP_SYNTH_4 := --harts 3 --drop 50
XP_SYNTH_5 := --harts 2 --keep 15 --leap
XP_SYNTH := $(foreach n,2 3 4 5,$(XP)/real/$(n).kymo)
$(XP_SYNTH): $(XP)/real/%.kymo: $(H)/kymo-synth
	@mkdir -p $(@D)
	$(Q)timeout 60 $< $(XP_SYNTH_$*) --events 6000 --seed $* -o $@ > $@.txt

XP_REAL := $(XP)/real/0.kymo $(XP)/real/1.kymo
check-export: $(H)/kymo $(XP_REAL) $(XP_SYNTH) san-host ## exports in their real consumers (EXPORT=token)
	$(Q)timeout 300 /usr/bin/python3 -B tests/export/run.py $(H)/kymo $(BUILD)/cfg-san/host/kymo \
	  $(XP) $(EXPORT)
