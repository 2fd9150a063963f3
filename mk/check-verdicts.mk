# SPDX-License-Identifier: MIT
# Tests of `kymo check`: every question broken once, simulated kernels never.
CHECKS += verdicts
.PHONY: check-verdicts
check-verdicts: host synth script
	$(Q)timeout 120 python3 tests/check/test_check.py $(H)
