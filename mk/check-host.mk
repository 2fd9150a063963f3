# SPDX-License-Identifier: MIT
# Tests of libkymo and of the commands that read: the model against simulated kernels, the reader
# against damage, the commands as a user meets them; again with sanitizers, and a short fuzz.
#
#   HOST=token       reruns one failing case, for example HOST=model-test:drop:7
#   FUZZ_SECONDS=N   how long the fuzzer runs here (8); `make check-long-tool` takes an hour
CHECKS += tool
CHECKS_LONG += tool
CHECK_TIME_tool = 90
HOST ?=
FUZZ_SECONDS ?= 8

# The sanitizer build has a folder of its own, so that both are kept.
HSANBUILD := $(BUILD)/cfg-san
HFUZZ := $(BUILD)/fuzz/reader
HFUZZSRC := tests/host/fuzz_reader.c $(wildcard tools/kymo/lib/*.c) tools/kymo/util/show.c \
  tools/kymo/util/text.c

$(HFUZZ): $(HFUZZSRC) $(wildcard tools/kymo/*/*.h) tests/host/fuzz_reader.c
	@mkdir -p $(@D)
	$(say) FUZZ $@
	$(Q)clang -D_GNU_SOURCE -g -O1 -Itools/kymo -Itools/kymo/include -Itrace \
	  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(HFUZZSRC) -lz -lm -o $@

HCHECK = $(H)/model-test $(H)/reader-test $(HFUZZ) $(T)/first_trace.elf $(T)/cond.elf

.PHONY: check-tool check-long-tool san-host fuzz
san-host:
	$(Q)+$(MAKE) --no-print-directory BUILD=$(HSANBUILD) HSAN=1 $(HSANBUILD)/host/kymo \
	  $(HSANBUILD)/host/model-test $(HSANBUILD)/host/reader-test $(HSANBUILD)/host/kymo-synth

fuzz: $(HFUZZ) $(H)/kymo-synth ## fuzz the reader (FUZZ_SECONDS=8)
	$(Q)sh tests/host/fuzz.sh $(HFUZZ) $(H)/kymo-synth $(BUILD)/fuzz $(FUZZ_SECONDS)

check-tool: host plugin synth san-host demo-images $(HCHECK)
	$(Q)timeout 300 sh tests/host/run.sh $(BUILD) $(HSANBUILD) $(FUZZ_SECONDS) '$(HOST)'

check-long-tool: host plugin synth san-host demo-images $(HCHECK)
	$(Q)sh tests/host/run.sh $(BUILD) $(HSANBUILD) 3600 ''
