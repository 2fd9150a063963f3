# SPDX-License-Identifier: MIT
# From boot to picture: every application, the demo, killed runs, damaged containers.
CHECKS += path
CHECK_TIME_path = 90

.PHONY: check-path
check-path: host plugin demo-images $(APPS:%=$(T)/%.elf)
	@python3 tests/path/run.py $(BUILD) $(ONLY)
