# SPDX-License-Identifier: MIT
# How the plugin is compiled: no QEMU header and no glib, unless QEMU_PLUGIN_INC names the folder of a real header
# (from QEMU 9 on that header needs glib, which pkg-config then finds).
QEMU_PLUGIN_CC ?= $(or $(HCC),gcc)
QEMU_PLUGIN_FLAGS = -std=gnu11 -O2 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror -Wshadow -D_GNU_SOURCE \
  $(if $(QEMU_PLUGIN_INC),-DKYMO_QEMU_PLUGIN_HEADER -isystem $(QEMU_PLUGIN_INC) \
    $(shell pkg-config --cflags glib-2.0 2>/dev/null)) $(HCFLAGS)
QEMU_PLUGIN_LIBS = -ldl
