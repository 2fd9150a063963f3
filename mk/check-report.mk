# SPDX-License-Identifier: MIT
# The report in a real browser: unit tests in Node, end-to-end tests in headless Chromium through
# playwright-core, whose exact version tests/report/package-lock.json fixes.
#
#   make check-report                  all
#   make check-report ONLY='text'      tests whose name has this in it
#   make report-shots                  pictures of the page, to be looked at
CHECKS += report
CHECK_TIME_report = 90

REPORT_NODE := $(BUILD)/check-report/node
REPORT_ENV = KYMO=$(H)/kymo KYMO_SYNTH=$(H)/kymo-synth REPORT_WORK=$(BUILD)/check-report/work \
  REPORT_NODE=$(REPORT_NODE) CHROMIUM=$$(command -v chromium || echo chromium) KYMO_IMAGES=$(T)

# Without the package the tests fail and say so (run.sh); a failed installation is tried again.
$(REPORT_NODE)/installed: tests/report/package.json tests/report/package-lock.json
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	$(say) NPM playwright-core
	$(Q)cd $(@D) && timeout 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
	  && touch installed || true

.PHONY: check-report report-shots
check-report: host plugin demo-images $(H)/kymo-synth $(REPORT_NODE)/installed ## the report in a browser (ONLY=)
	$(Q)rm -rf $(BUILD)/check-report/work
	$(Q)$(REPORT_ENV) sh tests/report/run.sh $(if $(ONLY),'$(ONLY)')

report-shots: demo $(REPORT_NODE)/installed ## pictures of the demo's report, to be looked at
	$(Q)$(REPORT_ENV) node tests/report/shots.mjs $(BUILD)/demo/report.html \
	  $(BUILD)/check-report/shots
