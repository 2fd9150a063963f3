# SPDX-License-Identifier: MIT
# The Promela model of the ring, exhausted by spin.
CHECKS += model
CHECKS_LONG += model
CHECK_TIME_model = 30
.PHONY: check-model check-long-model
check-model:
	$(Q)timeout 600 sh tests/trace/model/run.sh $(BUILD)/model
check-long-model:
	$(Q)sh tests/trace/model/run.sh $(BUILD)/model-long long
