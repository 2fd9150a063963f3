# SPDX-License-Identifier: MIT
# Every export opened by its real consumer, and `kymo query`. EXPORT=token ... reruns single cases.
CHECKS += export
EXPORT ?=

.PHONY: check-export
check-export: $(H)/kymo ## exports in their real consumers (EXPORT=token reruns one)
	$(Q)mkdir -p $(BUILD)/check-export
	$(Q)timeout 120 /usr/bin/python3 -B tests/export/run.py $(H)/kymo $(BUILD)/check-export $(EXPORT)
