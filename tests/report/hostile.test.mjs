// SPDX-License-Identifier: MIT
// Hostile and broken input: names that are markup, scripts, very long or no UTF-8 stay text; the
// page's policy forbids the rest; the command refuses what it cannot read and leaves nothing
// behind.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { LOSSY, OFF, WORK, indexOf, launch, open, report, tryKymo, work } from './harness.mjs';
import { damage, rewrite, setMeta } from './container.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

const EVIL = '<img/src=x/onerror=window.hacked=1>';

function hostileTrace() {
  const file = work('hostile.kymo');
  const names = new Map([
    ['bus', EVIL],
    ['comm', '</script><script>window.hacked=2</script>'],
    ['weather', 'x'.repeat(20000)],
    ['bus_mutex', '\xff\xfe\x80"\'&amp;\u0007'],
    ['load', '--><!--<svg onload=window.hacked=3>\xc3\x28'],
  ]);
  writeFileSync(file, rewrite(readFileSync(OFF()), names));
  return file;
}

test('hostile names stay text, and the page asks for nothing', async () => {
  const file = report('hostile', hostileTrace(), '--title', `<b>${EVIL}</b>`);
  const page = await open(browser, file);
  for (const tab of ['details', 'search', 'bookmarks', 'findings']) await page.click(`#tab-${tab}`);
  await page.fill('#search', 'img');
  await page.press('#search', 'Enter');
  await page.waitForFunction(() =>
    /events match/.test(document.getElementById('search-note')?.textContent),
  );
  await page.click('#tab-findings');
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(
    await page.locator('img, iframe, object, embed, #labels script, #side script').count(),
    0,
  );
  assert.match(await page.textContent('#title'), /<b><img/);
  const labels = await page.locator('.label .name').allTextContents();
  assert.ok(
    labels.some((text) => text.includes('<img') || text.includes('?img')),
    labels.join(' '),
  );
  const wide = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  assert.ok(wide, 'a long name does not widen the page');
  assert.deepEqual(page.messages, []);
  await page.done();
});

test('the policy names script and style by hash and allows nothing else', async () => {
  const text = readFileSync(report('off', OFF()), 'utf8');
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)[1];
  const hash = (s) => `'sha256-${createHash('sha256').update(s).digest('base64')}'`;
  const script = /<script type="module">([\s\S]*?)<\/script>/.exec(text)[1];
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)[1];
  assert.ok(policy.includes(`script-src ${hash(script)}`));
  assert.ok(policy.includes(`style-src ${hash(style)}`));
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|http|\*|connect/);
  const page = await open(browser, work('off.html'));
  const blocked = await page.evaluate(async () => {
    const violations = [];
    document.addEventListener('securitypolicyviolation', (e) =>
      violations.push(e.effectiveDirective),
    );
    const script2 = document.createElement('script');
    script2.textContent = 'window.hacked = 1';
    document.body.append(script2);
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:9/x.png';
    document.body.append(image);
    await fetch('http://127.0.0.1:9/').catch(() => {});
    await new Promise((done) => {
      setTimeout(done, 100);
    });
    return { violations, hacked: window.hacked };
  });
  assert.equal(blocked.hacked, undefined);
  for (const kind of ['script-src-elem', 'img-src', 'connect-src'])
    assert.ok(blocked.violations.includes(kind), kind);
  await page.done();
});

test('no module makes markup from text', () => {
  const folder = path.resolve('tools/kymo/report/web');
  for (const name of readdirSync(folder).filter((f) => f.endsWith('.js'))) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser/,
      name,
    );
  }
});

test('a damaged report says so in words', async () => {
  const text = readFileSync(report('off', OFF()), 'utf8');
  const cut = work('cut.html');
  writeFileSync(cut, text.replace(/(id="a-index">.{200})[^<]*/, '$1'));
  const page = await open(browser, cut);
  assert.match(await page.textContent('.failure'), /cannot be shown/);
  await page.done();
  const chunk = work('chunk.html');
  writeFileSync(chunk, text.replace(/(id="a-c0">.{100})[^<]*/, '$1'));
  const other = await open(browser, chunk);
  await other.evaluate(() => window.kymo.app.zoom(0.01));
  await other.waitForTimeout(200);
  assert.deepEqual(other.messages, []);
  await other.done();
});

// ---- the command ----

test('bad calls get one line and status 125', () => {
  const off = OFF();
  const cases = [
    [['report'], /wanted/],
    [['report', off], /wanted/],
    [['report', off, off, off, '-o', 'x'], /wanted/],
    [['report', off, '-o', work('x.html'), '--around', 'noon'], /noon/],
    [['report', off, '-o', work('x.html'), '--detail', 'many'], /many/],
    [['report', off, '-o', work('x.html'), '--nonsense'], /usage/],
    [['report', work('absent.kymo'), '-o', work('x.html')], /absent\.kymo/],
    [['report', path.resolve('Makefile'), '-o', work('x.html')], /Makefile/],
    [['report', off, '-o', work('no/such/folder/x.html')], /no\/such\/folder/],
    [['report', off, '-o', '/dev/full'], /\/dev\/full|No space/],
  ];
  for (const [args, say] of cases) {
    const { status, stderr } = tryKymo(args);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, say, args.join(' '));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  assert.equal(existsSync(work('x.html')), false);
});

test('a trace without an event is a report that says so', async () => {
  const file = work('empty.kymo');
  writeFileSync(file, readFileSync(OFF()).subarray(0, 3000));
  const page = await open(browser, report('empty', file));
  assert.match(await page.textContent('#side-panel .lead'), /0 events/);
  for (const tab of ['isrs', 'objects', 'histograms', 'load', 'tasks'])
    await page.click(`#tab-${tab}`);
  for (const key of ['+', ']', '.', 'f', '0', 'm', 'b']) await page.keyboard.press(key);
  assert.deepEqual(page.messages, []);
  await page.done();
});

test('two traces of different clocks are refused', () => {
  const other = work('other-clock.kymo');
  writeFileSync(other, setMeta(readFileSync(OFF()), 'clock_hz', '12345'));
  const { status, stderr } = tryKymo(['report', OFF(), other, '-o', work('clocks.html')]);
  assert.equal(status, 125);
  assert.match(stderr, /10000000 and 12345 Hz/);
  assert.equal(existsSync(work('clocks.html')), false);
});

test('a failure leaves the report that was there, and no temporary file', () => {
  const folder = mkdtempSync(path.join(WORK, 'keep-'));
  const file = path.join(folder, 'r.html');
  writeFileSync(file, 'precious');
  const { status } = tryKymo(['report', OFF(), '-o', file, '--around', 'noon']);
  assert.equal(status, 125);
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  assert.deepEqual(readdirSync(folder), ['r.html']);
});

test('help, standard output, and the same bytes twice', () => {
  assert.equal(tryKymo(['report', '--help']).status, 0);
  const a = tryKymo(['report', OFF(), '-o', '-'], { maxBuffer: 1 << 26 });
  const b = tryKymo(['report', OFF(), '-o', '-'], { maxBuffer: 1 << 26 });
  assert.equal(a.status, 0);
  assert.match(a.stdout, /^<!doctype html>/);
  assert.ok(a.stdout === b.stdout);
});

test('a trace cut anywhere gives a report or one clear line', () => {
  const bytes = readFileSync(LOSSY());
  for (let k = 0; k < 24; k++) {
    const file = work('truncated.kymo');
    writeFileSync(file, bytes.subarray(0, Math.floor((bytes.length * k) / 24)));
    const { status, stderr } = tryKymo(['report', file, '-o', work('truncated.html')]);
    assert.ok(
      status === 0 || (status === 125 && /truncated\.kymo/.test(stderr)),
      `cut ${k}: ${status} ${stderr}`,
    );
    if (status === 0 && k > 0)
      assert.equal(
        indexOf(work('truncated.html')).info.damaged || !indexOf(work('truncated.html')).info.ended,
        true,
        `cut ${k} says so`,
      );
  }
});

test('above the limit detail stays at findings, ends and where it is asked for', () => {
  const index0 = indexOf(report('lossy', LOSSY()));
  const middle = (index0.start + index0.duration / 2) / index0.hz;
  const file = report(
    'partial',
    LOSSY(),
    '--detail',
    '1',
    '--bookmark',
    `${middle}=here & <there>`,
  );
  const index = indexOf(file);
  const inside = (t) => index.chunks.some(([from, to]) => from <= t && t < to);
  assert.ok(inside(0) && inside(index.duration - 1) && inside(index.duration / 2));
  for (const f of index.findings) assert.ok(inside(f.from), `${f.kind} at ${f.from}`);
  assert.deepEqual(
    index.bookmarks.map(([, label]) => label),
    ['here & <there>'],
  );
});

test('a report keeps its size limit and says what it left out', () => {
  const { status, stderr } = tryKymo([
    'report',
    LOSSY(),
    '-o',
    work('small.html'),
    '--max-size',
    '0.05',
  ]);
  assert.equal(status, 0);
  assert.match(stderr, /left out/);
  assert.equal(indexOf(work('small.html')).complete, false);
  assert.ok(statSync(work('small.html')).size < statSync(work('lossy.html')).size);
});

test('an output that is a link is written through or refused, never half', () => {
  const target = work('target.html');
  const link = work('link.html');
  writeFileSync(target, 'old');
  if (!existsSync(link)) symlinkSync(target, link);
  const { status } = tryKymo(['report', OFF(), '-o', link]);
  const text = readFileSync(link, 'utf8');
  assert.ok(status === 0 ? text.startsWith('<!doctype') : text === 'old');
});

test('containers whose contents lie, with right checksums, still give a sound page', async () => {
  const good = readFileSync(LOSSY());
  let seed = 77;
  const random = (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % n;
  };
  const statuses = new Map();
  for (let k = 0; k < 20; k++) {
    const file = work('lie.kymo');
    writeFileSync(file, damage(good, random));
    const { status, stderr } = tryKymo(['report', file, '-o', work(`lie${k}.html`)]);
    assert.ok(status === 0 || status === 125, `case ${k}: ${status} ${stderr}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status !== 0 || k % 5) continue;
    const page = await open(browser, work(`lie${k}.html`));
    await page.evaluate(() => window.kymo.app.zoom(0.05));
    await page.waitForTimeout(100);
    assert.deepEqual(page.messages, [], `case ${k}`);
    await page.done();
  }
  assert.ok(statuses.get(0) > 5, 'most still can be read');
});
