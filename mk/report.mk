# SPDX-License-Identifier: MIT
# The report's page: modules, styles and template become one file (tools/kymo/report/bundle.sh),
# which is assembled into the command `kymo`. Needs sh, awk and sha256sum; no browser, no node, no
# network.

REPORT := tools/kymo/report
# In the order in which they may import each other.
REPORT_JS := $(patsubst %,$(REPORT)/web/%.js,bytes units dom blocks store view rows paint theme \
  draw events ledger search stats app details findings load tables gutter input live main)
REPORT_CSS := $(REPORT)/web/colours.css $(REPORT)/web/style.css $(REPORT)/web/panels.css
REPORT_HTML := $(REPORT)/web/page.html
REPORT_PAGE := $(BUILD)/host/report/page.html

empty :=
comma := ,
space := $(empty) $(empty)

$(REPORT_PAGE): $(REPORT)/bundle.sh $(REPORT_HTML) $(REPORT_CSS) $(REPORT_JS)
	@mkdir -p $(@D)
	$(say) BUNDLE $@
	$(Q)sh $< $@ $(REPORT_HTML) $(subst $(space),$(comma),$(REPORT_CSS)) $(REPORT_JS)

$(BUILD)/host/report/bundled.o: $(REPORT)/bundled.S $(REPORT_PAGE) $(BUILD)/stamps/host
	$(say) HAS $<
	$(Q)$(HCC) -DKR_PAGE='"$(REPORT_PAGE)"' -c $< -o $@

# The link of host.mk takes what HOBJ holds when it runs.
HOBJ += $(BUILD)/host/report/bundled.o
$(H)/kymo: $(BUILD)/host/report/bundled.o
