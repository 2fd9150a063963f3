# SPDX-License-Identifier: MIT
# The recorder: the hash of its event table, for whoever compiles trace/trace.c.
TRACE_GEN := $(BUILD)/gen
HCC ?= cc

$(TRACE_GEN)/table_hash: trace/gen/table_hash.c trace/events.def trace/trace_text.h trace/trace_gen.h
	@mkdir -p $(@D)
	$(say) HOSTCC $@
	$(Q)$(HCC) -O1 -Itrace -o $@ $<

$(TRACE_GEN)/trace_hash.h: $(TRACE_GEN)/table_hash
	$(Q)$< > $@

$(T)/trace/trace.c.o: $(TRACE_GEN)/trace_hash.h
