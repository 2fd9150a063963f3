# SPDX-License-Identifier: MIT
# The TCG plugin.
.PHONY: plugin
plugin:
