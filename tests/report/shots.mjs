// SPDX-License-Identifier: MIT
// Pictures of the page for people to look at: light and dark, on a laptop and on a projector, at
// the places that matter. usage: node shots.mjs REPORT.html FOLDER (make report-shots)
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { launch, open, settle } from './harness.mjs';

const [, , file, folder] = process.argv;
const SIZES = { laptop: { width: 1280, height: 800 }, projector: { width: 1920, height: 1080 } };

// Each a name and what a reader would press or click to get there.
const PLACES = {
  opening: async () => {},
  finding: async (page) => page.keyboard.press(']'),
  step: async (page) => page.locator('.card[data-kind="inversion"] .steps .link').nth(1).click(),
  histograms: async (page) => page.click('#tab-histograms'),
  load: async (page) => page.click('#tab-load'),
  help: async (page) => page.keyboard.press('?'),
};

mkdirSync(folder, { recursive: true });
const browser = await launch();
let count = 0;
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const theme of ['light', 'dark']) {
    for (const [place, go] of Object.entries(PLACES)) {
      const page = await open(browser, path.resolve(file), { viewport, theme });
      await go(page);
      await settle(page);
      await page.waitForTimeout(100);
      await page.screenshot({ path: path.join(folder, `${place}-${size}-${theme}.png`) });
      await page.done();
      count += 1;
    }
  }
}
await browser.close();
console.log(`${count} pictures in ${folder}`);
