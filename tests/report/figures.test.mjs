// SPDX-License-Identifier: MIT
// The numbers on the page against `kymo stat --json`, for whole runs and for stretches; two runs
// beside each other; loss.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  LOSSY,
  MIXED,
  OFF,
  ON,
  indexOf,
  launch,
  open,
  report,
  settle,
  stat,
  work,
} from './harness.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

const openOff = () => open(browser, report('off-figures', OFF()));

async function quiet(page) {
  assert.deepEqual(page.messages, [], 'the console says nothing');
  await page.done();
}

const TASK_PAIRS = [
  ['cpu', (t) => t.cpu],
  ['ready', (t) => t.ready],
  ['blocked', (t) => t.blocked],
  ['switches', (t) => t.switches],
  ['preemptions', (t) => t.left.preempted],
];
const SPREADS = [
  ['response', 'response'],
  ['readyWait', 'ready_wait'],
  ['blocking', 'blocking'],
];

// `slack` is what the cut handlers of a stretch may differ by, in counts.
function compare(rows, index, truth, slack) {
  for (const task of truth.tasks) {
    const i = index.tasks.findIndex((t) => t.id === task.id);
    const row = rows.tasks[i];
    const about = `task ${task.name}`;
    for (const [name, of] of TASK_PAIRS) {
      const off = name === 'cpu' ? slack : 0;
      assert.ok(
        Math.abs(row[name] - of(task)) <= off,
        `${about}: ${name} ${row[name]}, stat ${of(task)}`,
      );
    }
    for (const [mine, theirs] of SPREADS) {
      const [a, b] = [row[mine], task[theirs]];
      assert.equal(a.count, b.count, `${about}: ${mine} count`);
      if (!b.count) continue;
      assert.equal(a.max, b.max, `${about}: ${mine} max`);
      assert.equal(a.p99, b.p99, `${about}: ${mine} p99`);
      assert.ok(Math.abs(a.mean - b.mean) < 0.001 * b.mean + 1e-3, `${about}: ${mine} mean`);
    }
  }
  for (const isr of truth.isrs) {
    const i = index.isrs.findIndex((one) => one.cause === isr.cause && one.source === isr.source);
    assert.equal(rows.isrs[i].count, isr.count, `interrupt ${isr.cause}/${isr.source} count`);
    assert.equal(rows.isrs[i].own, isr.duration.sum, `interrupt ${isr.cause}/${isr.source} time`);
  }
  for (const object of truth.objects) {
    const i = index.objects.findIndex((one) => one.addr === object.addr);
    if (i < 0) continue;
    assert.equal(rows.objects[i].waits, object.waits, `object ${object.name} waits`);
    assert.equal(
      rows.objects[i].holding.count,
      object.holding.count,
      `object ${object.name} holds`,
    );
    assert.equal(rows.objects[i].holding.sum, object.holding.sum, `object ${object.name} held`);
  }
}

const rowsOf = (page) => page.evaluate(() => window.kymo.app.tableRows[0]);

test('the tables are those of kymo stat', async () => {
  for (const [name, file] of [
    ['off', OFF()],
    ['mixed', MIXED()],
    ['lossy', LOSSY()],
  ]) {
    const page = await open(browser, report(`${name}-figures`, file));
    await page.waitForFunction(() => window.kymo.app.tableRows);
    compare(await rowsOf(page), indexOf(work(`${name}-figures.html`)), stat(file), 0);
    await quiet(page);
  }
});

test('a measured stretch has the figures of kymo stat --from --to', async () => {
  for (const [name, file] of [
    ['off', OFF()],
    ['mixed', MIXED()],
  ]) {
    const page = await open(browser, report(`${name}-figures`, file));
    const index = indexOf(work(`${name}-figures.html`));
    for (const [a, b] of [
      [0.1, 0.35],
      [0.5, 0.501],
      [0.313, 0.9],
      [0, 1],
    ]) {
      const [from, to] = [a, b].map((share) => Math.round(share * index.duration));
      await page.evaluate(
        ([x, y]) => {
          window.kymo.app.tableRows = null;
          window.kymo.app.setRange(x, y);
        },
        [from, to],
      );
      await page.waitForFunction(() => window.kymo.app.tableRows);
      const truth = stat(file, '--from', `@${from + index.start}`, '--to', `@${to + index.start}`);
      compare(await rowsOf(page), index, truth, 5000);
    }
    await quiet(page);
  }
});

test('tables sort, and a worst value goes to its moment', async () => {
  const page = await openOff();
  await page.click('#grid-tasks-0 th:nth-child(3) button');
  const shares = async () =>
    (await page.locator('#grid-tasks-0 tbody td:nth-child(3)').allTextContents()).map((s) =>
      s.startsWith('<') ? 0 : parseFloat(s),
    );
  const down = await shares();
  assert.deepEqual(
    down,
    [...down].sort((a, b) => b - a),
  );
  await page.click('#grid-tasks-0 th:nth-child(3) button');
  const up = await shares();
  assert.deepEqual(
    up,
    [...up].sort((a, b) => a - b),
  );
  const index = indexOf(work('off-figures.html'));
  const bus = index.stat.tasks.find((row) => index.tasks[row.i].name === 'bus');
  await page.click('#grid-tasks-0 tr[data-row="bus"] td:nth-child(7) .link');
  await settle(page);
  const selected = await page.evaluate(() => window.kymo.app.selected);
  assert.equal(selected.t, bus.blocking.maxAt);
  assert.match(await page.textContent('#side-panel'), /State\s*blocked/);
  for (const tab of ['isrs', 'objects', 'histograms']) {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector(tab === 'histograms' ? '.histogram' : `#grid-${tab}-0`);
  }
  const counts = await page
    .locator('.pair section:nth-child(1) .histogram > .num:not(.muted)')
    .allTextContents();
  const sum = counts.reduce((s, text) => s + Number(text.replace(/\D/g, '')), 0);
  assert.equal(sum, bus.response.count);
  await quiet(page);
});

test('load over time is that of kymo stat, and a stretch adds up', async () => {
  const page = await openOff();
  const index = indexOf(work('off-figures.html'));
  const truth = stat(OFF());
  await page.click('#tab-load');
  await page.waitForSelector('.load-bar');
  assert.deepEqual(index.stat.load.busy, truth.load.busy);
  assert.equal(await page.locator('.load-bar').count(), truth.load.busy.length);
  const [a, b] = [0.2, 0.7].map((share) => Math.round(index.duration * share));
  await page.evaluate(
    ([x, y]) => {
      window.kymo.app.tableRows = null;
      window.kymo.app.setRange(x, y);
    },
    [a, b],
  );
  await page.waitForFunction(() => window.kymo.app.tableRows);
  const [rows] = await page.evaluate(() => window.kymo.app.tableRows);
  const sum = rows.load.busy.reduce((s, v) => s + v, 0);
  const running = rows.tasks
    .filter((row) => row.name !== 'idle')
    .reduce((s, row) => s + row.running, 0);
  assert.ok(Math.abs(sum - running) < 1, `${sum} and ${running}`);
  await page.locator('.load-bar').nth(3).click();
  await settle(page);
  await quiet(page);
});

// ---- two runs ----

test('two runs: the first difference is marked, and both align at it', async () => {
  const page = await open(browser, report('ab', [OFF(), ON()]));
  const index = indexOf(work('ab.html'));
  assert.equal(index.diff.same, false);
  assert.match(
    await page.textContent('.card[data-kind="diff"]'),
    /equal switches A goes to .*, B to /,
  );
  const flags = await page.evaluate(() =>
    window.kymo.app.flags.filter((f) => f.kind === 'diff').map((f) => f.t),
  );
  assert.deepEqual(flags, [index.diff.a.t, index.diff.b.t]);
  await page.click('.card[data-kind="diff"] button:text("Align both runs here")');
  await settle(page);
  const aligned = await page.evaluate(() =>
    window.kymo.app.flags.filter((f) => f.kind === 'diff').map((f) => f.t),
  );
  assert.equal(aligned[0], aligned[1]);
  const rows = await page.evaluate(
    () => window.kymo.app.rows.filter((row) => row.kind === 'side').length,
  );
  assert.equal(rows, 2);
  await quiet(page);
});

test('a run and itself have no difference', async () => {
  const page = await open(browser, report('aa', [OFF(), OFF()]));
  assert.match(await page.textContent('#side-panel'), /Both runs switch tasks in the same order/);
  await quiet(page);
});

// ---- loss ----

test('loss is drawn, told and carried into the figures', async () => {
  const page = await open(browser, report('lossy-figures', LOSSY()));
  const index = indexOf(work('lossy-figures.html'));
  assert.ok(index.gaps.length > 0);
  assert.match(await page.textContent('#side-panel .card[data-kind="loss"]'), /events were lost/);
  assert.equal(await page.locator('.label.loss').count(), 1);
  assert.match(await page.textContent('#tables-about'), /possible, not certain/);
  await quiet(page);
});
