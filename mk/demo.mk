# SPDX-License-Identifier: MIT
# `make demo`: the Pathfinder application twice, without and with priority inheritance, recorded,
# compared and explained by scripts/demo.sh. What it leaves is under $(BUILD)/demo.
#
# Installing comes first and in a make of its own, because this one has already asked for tools
# (pkg-config) that may only be there afterwards.

DEMO := $(BUILD)/demo
DEMO_IMAGES := $(T)/inheritance-off.elf $(T)/inheritance-on.elf
# As many jobs as processors, unless the caller said how many; and quiet unless VERBOSE.
DEMO_MAKE = $(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j $(shell nproc)) \
  $(if $(Q),say=@:)

.PHONY: demo demo-build demo-images readme screenshot
demo: ## what Kymo does, in a minute: a real run, why it failed, and the files to look at
	@$(MAKE) --no-print-directory -s deps-demo
	@echo 'Building kernel, tool and plugin ..'
	@+$(DEMO_MAKE) demo-build
	@sh scripts/demo.sh $(BUILD)

demo-build: demo-images host plugin

demo-images: $(DEMO_IMAGES)

readme: demo-build ## put the demo's real output and picture into the README
	@LC_ALL=C.UTF-8 python3 scripts/readme.py $(BUILD) README.md
	@sh scripts/picture.sh $(BUILD) Documentation/pathfinder.svg

screenshot: demo-build ## a picture of the demo's report for the README (needs chromium)
	@sh scripts/demo.sh $(BUILD) > /dev/null
	@sh scripts/screenshot.sh $(BUILD) Documentation/report.png

# One source, two objects; their names are what `kymo` shows as the image's.
$(T)/app/inheritance-off.c.o: DEMO_FLAGS := -DPATHFINDER_INHERIT=0
$(T)/app/inheritance-on.c.o: DEMO_FLAGS := -DPATHFINDER_INHERIT=1
$(T)/app/inheritance-off.c.o $(T)/app/inheritance-on.c.o: app/pathfinder.c $(BUILD)/stamps/target
	@mkdir -p $(@D)
	$(say) CC $(@F:.c.o=)
	$(Q)$(TCC) $(TALL) $(DEMO_FLAGS) -MMD -MP -c $< -o $@

-include $(T)/app/inheritance-off.c.d $(T)/app/inheritance-on.c.d
