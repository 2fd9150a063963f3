# SPDX-License-Identifier: MIT
# The TCG plugin: build/host/kymo-qemu.so, beside the `kymo` that loads it; installed in
# PREFIX/lib/kymo.
include tools/qemu/flags.mk

QPLUGIN := $(BUILD)/host/kymo-qemu.so
QSRC := $(wildcard tools/qemu/*.c)

$(eval $(call stamp,plugin,$(QEMU_PLUGIN_CC) $(QEMU_PLUGIN_FLAGS) $(QEMU_PLUGIN_LIBS)))

$(QPLUGIN): $(QSRC) $(wildcard tools/qemu/*.h) $(BUILD)/stamps/plugin
	@mkdir -p $(@D)
	$(say) HLD $@
	$(Q)$(QEMU_PLUGIN_CC) $(QEMU_PLUGIN_FLAGS) -o $@ $(QSRC) $(QEMU_PLUGIN_LIBS)

.PHONY: plugin install-plugin
plugin: $(QPLUGIN)

install: install-plugin
install-plugin: $(QPLUGIN)
	$(Q)install -D -m 755 $(QPLUGIN) "$(DESTDIR)$(PREFIX)/lib/kymo/kymo-qemu.so"
