// SPDX-License-Identifier: MIT
// The report in headless Chromium, as a reader uses it: open, look, zoom, pan, click, search,
// keys, links.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import {
  LOSSY,
  MIXED,
  OFF,
  ON,
  frame,
  indexOf,
  launch,
  open,
  place,
  report,
  settle,
  trace,
  view,
  work,
} from './harness.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

const openOff = (options) => open(browser, report('off', OFF()), options);
const taskKey = (index, name) => `task:${index.tasks.findIndex((task) => task.name === name)}`;

async function quiet(page) {
  assert.deepEqual(page.messages, [], 'the console says nothing');
  await page.done();
}

// ---- opening ----

test('opens offline, says what the run was and finds the inversion', async () => {
  const page = await openOff();
  assert.match(await page.title(), /off\.kymo/);
  const lead = await page.textContent('#side-panel .lead');
  assert.match(lead, /events, nothing lost/);
  const card = await page.textContent('#side-panel .card[data-kind="inversion"]');
  assert.match(card, /bus .*had to wait for bus_mutex, which weather .*comm/s);
  await quiet(page);
});

test('with inheritance there is no inversion', async () => {
  const page = await open(browser, report('on', ON()));
  assert.equal(await page.locator('.card[data-kind="inversion"]').count(), 0);
  await quiet(page);
});

test('the steps of a finding lead to their moments', async () => {
  const page = await openOff();
  const steps = page.locator('.card[data-kind="inversion"] .steps .link');
  assert.ok((await steps.count()) >= 4);
  await steps.nth(1).click();
  await settle(page);
  const details = await page.textContent('#side-panel');
  assert.match(details, /State\s*blocked/);
  assert.match(details, /Held by\s*weather/);
  assert.match(await page.textContent('#holders'), /bus waits for bus_mutex\s*weather/);
  await quiet(page);
});

test('opening work does not grow with the trace', async () => {
  const cost = async (name, events) => {
    const file = report(name, trace(name, '--scenario', 'pathfinder', '--events', events));
    const page = await open(browser, file);
    const { opened } = await page.evaluate(() => window.kymo);
    await quiet(page);
    return opened;
  };
  const small = await cost('open-small', '20000');
  const large = await cost('open-large', '400000');
  assert.equal(large.blocks, small.blocks);
  assert.ok(
    large.unpacked < 2 * small.unpacked + 65536,
    `${small.unpacked} and ${large.unpacked} bytes`,
  );
});

// ---- the window ----

test('the wheel zooms where the pointer is; shift pans; keys do both', async () => {
  const page = await openOff();
  const before0 = await view(page);
  const box = await page.locator('#canvas').boundingBox();
  const x = box.x + box.width * 0.25;
  await page.mouse.move(x, box.y + 100);
  await page.mouse.wheel(0, -300);
  await settle(page);
  const near = await view(page);
  const at = (v) => v.from + (v.to - v.from) * 0.25;
  assert.ok(near.to - near.from < (before0.to - before0.from) * 0.8);
  assert.ok(Math.abs(at(near) - at(before0)) < (near.to - near.from) / 300);
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 200);
  await page.keyboard.up('Shift');
  await settle(page);
  const panned = await view(page);
  assert.ok(
    panned.from > near.from && Math.abs(panned.to - panned.from - (near.to - near.from)) < 1,
  );
  await page.locator('#canvas').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('+');
  const keyed = await view(page);
  assert.ok(keyed.to - keyed.from < panned.to - panned.from);
  await page.keyboard.press('0');
  const whole = await view(page);
  assert.deepEqual(whole, await page.evaluate(() => window.kymo.app.whole));
  await quiet(page);
});

test('a drag pans, a drag with shift measures', async () => {
  const page = await openOff();
  const box = await page.locator('#canvas').boundingBox();
  await page.keyboard.press('+');
  const start = await view(page);
  await page.mouse.move(box.x + 400, box.y + 120);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 120, { steps: 4 });
  await page.mouse.up();
  const moved = await view(page);
  const share = 100 / box.width;
  assert.ok(
    Math.abs(moved.from - start.from - (start.to - start.from) * share) <
      (start.to - start.from) * 0.01,
  );
  await page.keyboard.down('Shift');
  await page.mouse.move(box.x + 200, box.y + 380);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 380, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await settle(page);
  const range = await page.evaluate(() => window.kymo.app.range);
  const wanted = ((moved.to - moved.from) * 300) / box.width;
  assert.ok(Math.abs(range.to - range.from - wanted) < wanted * 0.05);
  assert.match(await page.textContent('#measure-note'), /measured/);
  assert.match(await page.textContent('#tables-about'), /Stretch of/);
  await quiet(page);
});

test('two fingers pinch', async () => {
  const page = await openOff({ touch: true });
  const box = await page.locator('#canvas').boundingBox();
  const session = await page.context().newCDPSession(page);
  const touch = (type, points) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: points.map((x, id) => ({ x: box.x + x, y: box.y + 150, id })),
    });
  const start = await view(page);
  await touch('touchStart', [300]);
  await touch('touchStart', [300, 400]);
  await touch('touchMove', [250, 450]);
  await touch('touchMove', [200, 500]);
  await touch('touchEnd', []);
  await settle(page);
  const near = await view(page);
  const ratio = (start.to - start.from) / (near.to - near.from);
  assert.ok(ratio > 2 && ratio < 4, `zoomed by ${ratio}`);
  await quiet(page);
});

test('the overview moves the window', async () => {
  const page = await openOff();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const box = await page.locator('#overview').boundingBox();
  await page.mouse.click(box.x + box.width * 0.8, box.y + 20);
  const v = await view(page);
  const whole = await page.evaluate(() => window.kymo.app.whole);
  const middle = ((v.from + v.to) / 2 - whole.from) / (whole.to - whole.from);
  assert.ok(Math.abs(middle - 0.8) < 0.01);
  await quiet(page);
});

test('no panel shows what only a programmer would understand', async () => {
  const page = await open(browser, report('mixed', MIXED()));
  const texts = [];
  const take = async () => texts.push(await page.evaluate(() => document.body.innerText));
  await page.keyboard.press(']');
  for (const tab of ['findings', 'details', 'search', 'bookmarks']) {
    await page.click(`#tab-${tab}`);
    await settle(page);
    await take();
  }
  for (const tab of ['tasks', 'isrs', 'objects', 'histograms', 'load']) {
    await page.click(`#tab-${tab}`);
    await settle(page);
    await take();
  }
  await page.click('#help');
  await take();
  const help = texts[texts.length - 1];
  assert.match(help, /previous, next finding/);
  for (const text of texts) assert.doesNotMatch(text, /\[object|undefined|NaN|null|Infinity/);
  await quiet(page);
});

// ---- rectangles ----

test('no frame draws more rectangles than columns times rows', async () => {
  for (const [name, file] of [
    ['mixed', MIXED()],
    ['lossy', LOSSY()],
    ['off', OFF()],
  ]) {
    const page = await open(browser, report(name, file));
    let seed = 9;
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed / 2 ** 32;
    };
    for (let k = 0; k < 25; k++) {
      const width = 10 ** (-4 * random());
      const from = random() * (1 - width);
      await page.evaluate(
        ([a, b, s]) => {
          const { app } = window.kymo;
          app.setView({ from: a * app.whole.to, to: b * app.whole.to });
          app.setScroll(s, 400);
        },
        [from, from + width, random() * 2000],
      );
      await settle(page);
      const f = await frame(page);
      assert.ok(f.rects <= f.columns * (f.rows + 1), `${name} ${k}: ${JSON.stringify(f)}`);
      assert.ok(f.overviewRects <= f.columns, `${name} ${k}: overview ${f.overviewRects}`);
    }
    await quiet(page);
  }
});

test('panning a large report keeps frames short', async () => {
  const file = report(
    'open-large',
    trace('open-large', '--scenario', 'pathfinder', '--events', '400000'),
  );
  const page = await open(browser, file, { viewport: { width: 1600, height: 900 } });
  await page.evaluate(() => window.kymo.app.zoom(0.1));
  await settle(page);
  const times = await page.evaluate(async () => {
    const out = [];
    for (let k = 0; k < 60; k++) {
      window.kymo.app.pan(0.02);
      await new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
      });
      out.push(window.kymo.frame.ms);
    }
    return out.sort((a, b) => a - b);
  });
  const [median, slowest] = [times[30], times[59]].map((t) => t.toFixed(1));
  console.log(`  panning at 1600x900: median ${median} ms, slowest ${slowest} ms a frame`);
  await quiet(page);
});

test('ten million events: size, opening and rectangles', async () => {
  const events = '10000000';
  const source = trace(
    'ten-million',
    '--scenario',
    'pathfinder',
    '--no-inherit',
    '--events',
    events,
  );
  const file = report('ten-million', source);
  rmSync(source);
  assert.ok(statSync(file).size <= 40e6, `${statSync(file).size} bytes`);
  const page = await open(browser, file, { viewport: { width: 1600, height: 900 } });
  const { opened } = await page.evaluate(() => window.kymo);
  assert.equal(opened.blocks, 2);
  assert.ok(opened.unpacked <= 4e6, `${opened.unpacked} bytes unpacked`);
  const size = (statSync(file).size / 1e6).toFixed(1);
  console.log(`  10 million events: ${size} MB, opened in ${Math.round(opened.ms)} ms`);
  assert.match(await page.textContent('#side-panel .lead'), /Full detail for \d/);
  for (const near of [1, 0.1, 0.01, 0.001, 1e-4, 1e-5]) {
    await page.evaluate((share) => {
      const { app } = window.kymo;
      const t = app.index.findings.find((f) => f.kind === 'inversion').from;
      const span = app.whole.to * share;
      app.setView({ from: t - span / 2, to: t + span / 2 });
    }, near);
    await settle(page);
    const f = await frame(page);
    assert.ok(f.rects > 5 && f.rects <= f.columns * (f.rows + 1), `${near}: ${JSON.stringify(f)}`);
  }
  assert.equal((await frame(page)).detail, true);
  await quiet(page);
});

// ---- clicking and searching ----

test('a click on a piece shows state, cause and why it took so long', async () => {
  const page = await openOff();
  const index = indexOf(work('off.html'));
  const finding = index.findings.find((f) => f.kind === 'inversion');
  await page.evaluate(([a, b]) => window.kymo.app.frameOn(a, b), [finding.from, finding.to]);
  await settle(page);
  const at = await place(page, taskKey(index, 'bus'), (finding.from + finding.to) / 2);
  await page.mouse.click(at.x, at.y);
  await page.waitForSelector('.ledger');
  const text = await page.textContent('#side-panel');
  assert.match(text, /State\s*blocked/);
  assert.match(text, /Waits for\s*bus_mutex \(mutex\)/);
  assert.match(text, /waited for bus_mutex, held by weather/);
  assert.match(text, /while comm ran/);
  const shares = await page.locator('.ledger > .num.muted').allTextContents();
  assert.ok(shares.length >= 2);
  assert.match(text, /mutex_block/);
  await quiet(page);
});

test('every kind of row answers a click', async () => {
  const page = await open(browser, report('mixed', MIXED()));
  const kinds = await page.evaluate(() => [
    ...new Map(window.kymo.app.rows.map((row) => [row.kind, row.key])).entries(),
  ]);
  for (const [kind, key] of kinds.filter(([k]) => k !== 'group')) {
    await page.evaluate((k) => {
      const { app } = window.kymo;
      const row = app.rows.find((one) => one.key === k);
      app.select(row, app.whole.to / 3);
      app.tell('reveal');
    }, key);
    await settle(page);
    await page.waitForSelector('#side-panel .events');
    assert.ok((await page.textContent('#side-panel h2')).length > 0, kind);
  }
  await quiet(page);
});

test('search by word, moment and number', async () => {
  const page = await openOff();
  await page.keyboard.press('/');
  await page.keyboard.type('mutex_block bus');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() =>
    /events match/.test(document.getElementById('search-note')?.textContent),
  );
  assert.ok((await page.locator('#side-panel .events tr').count()) > 0);
  for (const row of await page.locator('#side-panel .events tr').allTextContents())
    assert.match(row, /mutex_block/);
  await page.locator('#canvas').focus();
  await page.keyboard.press('n');
  await settle(page);
  assert.equal(await page.locator('#side-panel .events tr[aria-current="true"]').count(), 1);
  await page.fill('#search', '#100');
  await page.press('#search', 'Enter');
  await page.waitForFunction(() =>
    /^1 events match/.test(document.getElementById('search-note')?.textContent),
  );
  await page.fill('#search', '1.5 s');
  await page.press('#search', 'Enter');
  await settle(page);
  const v = await view(page);
  const index = indexOf(work('off.html'));
  const t = 1.5 * index.hz - index.start;
  assert.ok(v.from <= t && t <= v.to);
  await quiet(page);
});

test('by keyboard alone: to a row, along it, to its details and to the finding', async () => {
  const page = await openOff();
  for (let k = 0; k < 20; k++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement.id === 'canvas')) break;
  }
  assert.equal(await page.evaluate(() => document.activeElement.id), 'canvas');
  for (let k = 0; k < 3; k++) await page.keyboard.press('ArrowDown');
  await settle(page);
  const first = await page.evaluate(() => window.kymo.app.selected);
  assert.equal(first.kind, 'task');
  await page.keyboard.press('.');
  await settle(page);
  const second = await page.evaluate(() => window.kymo.app.selected);
  assert.ok(second.t > first.t);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#side-panel dl');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'side-panel');
  await page.keyboard.press(']');
  await settle(page);
  assert.match(await page.textContent('#side-panel'), /bus/);
  await page.keyboard.press('?');
  assert.equal(await page.evaluate(() => document.getElementById('help-dialog').open), true);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => window.kymo.app.selected), null);
  await quiet(page);
});

test('groups of rows fold by keyboard and by click', async () => {
  const page = await openOff();
  const tasks = () => page.locator('.label.task').count();
  assert.equal(await tasks(), 3);
  await page.locator('#label-group\\:task\\:0').focus();
  await page.keyboard.press('Enter');
  await settle(page);
  assert.equal(await tasks(), 0);
  assert.equal(
    await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')),
    'false',
  );
  await page.keyboard.press(' ');
  await settle(page);
  assert.equal(await tasks(), 3);
  await page.locator('#label-group\\:task\\:0').click();
  await settle(page);
  assert.equal(await tasks(), 0);
  await quiet(page);
});

test('marks measure, bookmarks stay, and the address opens the same view elsewhere', async () => {
  const page = await openOff();
  const index = indexOf(work('off.html'));
  const finding = index.findings.find((f) => f.kind === 'inversion');
  await page.evaluate(([a, b]) => window.kymo.app.frameOn(a, b), [finding.from, finding.to]);
  await settle(page);
  const at = await place(page, taskKey(index, 'bus'), (finding.from + finding.to) / 2);
  await page.mouse.click(at.x, at.y);
  await settle(page);
  await page.keyboard.press('b');
  await page.evaluate(
    ([a, b]) => {
      window.kymo.app.placeMark(a);
      window.kymo.app.placeMark(b);
    },
    [finding.from, finding.to],
  );
  await settle(page);
  assert.match(await page.textContent('#measure-note'), /^measured 2[0-9]\.\d+ ms$/);
  await page.waitForTimeout(400);
  const fragment = await page.evaluate(() => window.location.hash);
  const state = (p) =>
    p.evaluate(() => {
      const { app } = window.kymo;
      return {
        view: app.view,
        selected: app.selected,
        range: app.range,
        bookmarks: app.bookmarks,
        tab: app.tab,
      };
    });
  const here = await state(page);
  const other = await openOff({ fragment });
  const there = await state(other);
  assert.ok(
    Math.abs(there.view.from - here.view.from) < 2 && Math.abs(there.view.to - here.view.to) < 2,
  );
  assert.equal(there.selected.key, here.selected.key);
  assert.deepEqual(there.range, here.range);
  assert.equal(there.bookmarks.length, 1);
  assert.equal(there.tab, 'bookmarks');
  await quiet(other);
  await quiet(page);
});
