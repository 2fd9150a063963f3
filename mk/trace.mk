# SPDX-License-Identifier: MIT
# The recorder: headers that are made from its event table (trace/gen/tables.c says which and why).
TRACE_GEN := $(BUILD)/gen
TRACE_GENERATED := $(TRACE_GEN)/trace_hash.h $(TRACE_GEN)/trace_empty.h

$(TRACE_GEN)/tables: trace/gen/tables.c trace/events.def trace/trace_text.h trace/trace_gen.h
	@mkdir -p $(@D)
	$(say) HCC $@
	$(Q)$(HCC) -O1 -Itrace -o $@ $<

$(TRACE_GEN)/trace_%.h: $(TRACE_GEN)/tables
	$(Q)$< $* > $@

# Everything for the target sees them.
$(KOBJ) $(APPS:%=$(T)/app/%.c.o): | $(TRACE_GENERATED)
