# SPDX-License-Identifier: MIT
# `make check`: installs what it needs, then runs every part in turn, goes on after a failure, and
# ends with the total.
#
# A part is a page mk/check-NAME.mk: it adds NAME to CHECKS (or CHECKS_LONG) and defines the
# target check-NAME (check-long-NAME), whose last line is `N passed, N failed` and whose status is
# not 0 on a failure. Seconds of each part: CHECK_TIME_NAME = 90. Parts run one after the other,
# because they share $(BUILD); inside a part make may use all processors.

# ONLY='token..' reruns single cases; some parts call it by another name.
TESTS ?= $(ONLY)
EXPORT ?= $(ONLY)

CHECKS_ORDER := build path kernel twin services coverage recorder model rv64 qemu cost capture \
  tool verdicts decode export report

.PHONY: check check-long
check: ## run all tests (some minutes); one part: make check-NAME
	@$(MAKE) --no-print-directory -s deps-check
	@+MAKE='$(MAKE)' sh scripts/check.sh $(BUILD)/check check- \
	  $(foreach n,$(CHECKS_SORTED),$(n):$(or $(CHECK_TIME_$(n)),0))

check-long: ## the tests that take hours
	@$(MAKE) --no-print-directory -s deps-check
	@+MAKE='$(MAKE)' sh scripts/check.sh $(BUILD)/check-long check-long- \
	  $(foreach n,$(CHECKS_LONG),$(n):0)

# Parts in the order of CHECKS_ORDER, those it does not name after them. Recursive: the pages that
# add to CHECKS come later.
CHECKS_SORTED = $(filter $(CHECKS),$(CHECKS_ORDER)) $(filter-out $(CHECKS_ORDER),$(CHECKS))
