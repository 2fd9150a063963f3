# SPDX-License-Identifier: MIT
# The host: libkymo and the command `kymo`.
.PHONY: host
host:
