# SPDX-License-Identifier: MIT
# Tests of the build itself and of the door.
# CHECKS += build (when the kernel is in)
CHECK_TIME_build = 60

.PHONY: check-build
check-build:
	@BUILD=$(BUILD) ONLY='$(ONLY)' sh tests/build/run.sh
