# SPDX-License-Identifier: MIT
# Tests of the build itself and of the door.
CHECKS += build
CHECK_TIME_build = 60

.PHONY: check-build
check-build: host
	@BUILD=$(BUILD) ONLY='$(ONLY)' sh tests/build/run.sh

# The rules of CONTRIBUTING.md that can be checked; not a part of make check, because a wide line breaks nothing.
.PHONY: lint
lint: ## licence lines, widths, file heads, sizes of functions and files (tests/build/style.py)
	@python3 tests/build/style.py
