# SPDX-License-Identifier: MIT
# `make demo`: the Pathfinder application twice, without and with priority inheritance, recorded,
# compared and explained by scripts/demo.sh. What it leaves is under $(BUILD)/demo.
#
# Installing comes first and in a make of its own, because this one has already asked for tools
# (pkg-config) that may only be there afterwards.

DEMO := $(BUILD)/demo
DEMO_IMAGES := $(T)/inheritance-off.elf $(T)/inheritance-on.elf

.PHONY: demo demo-show demo-images
demo: ## what Kymo does, in a minute: a real run, why it failed, and the files to look at
	@$(MAKE) --no-print-directory -s deps-demo
	@$(MAKE) --no-print-directory -s demo-show

demo-show: demo-images host plugin
	@sh scripts/demo.sh $(BUILD)

demo-images: $(DEMO_IMAGES)

# One source, two objects; their names are what `kymo` shows as the image's.
$(T)/app/inheritance-off.c.o: DEMO_FLAGS := -DPATHFINDER_INHERIT=0
$(T)/app/inheritance-on.c.o: DEMO_FLAGS := -DPATHFINDER_INHERIT=1
$(T)/app/inheritance-off.c.o $(T)/app/inheritance-on.c.o: app/pathfinder.c $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(say) CC $(@F:.c.o=)
	$(Q)$(TCC) $(TALL) $(DEMO_FLAGS) -MMD -MP -c $< -o $@

-include $(T)/app/inheritance-off.c.d $(T)/app/inheritance-on.c.d
