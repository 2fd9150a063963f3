# SPDX-License-Identifier: MIT
# Tests of the build itself and of the door.
CHECKS += build
CHECK_TIME_build = 60

.PHONY: check-build
check-build: host
	@BUILD=$(BUILD) ONLY='$(ONLY)' sh tests/build/run.sh
