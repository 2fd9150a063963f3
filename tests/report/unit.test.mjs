// SPDX-License-Identifier: MIT
// The page's modules without a page: bytes, blocks, view, units, painting, ledger, statistics,
// search. Blocks come from encode.mjs, the second writer of the format.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';

import { Reader, fromBase64, inflate, lastAtMost } from '../../tools/kymo/report/web/bytes.js';
import { decodeChunk, decodeTile, expandCombos } from '../../tools/kymo/report/web/blocks.js';
import * as view from '../../tools/kymo/report/web/view.js';
import * as units from '../../tools/kymo/report/web/units.js';
import { Sampler, cell, mixedState, rowCells, runs } from '../../tools/kymo/report/web/paint.js';
import { Store, hartPieces, pieceAt } from '../../tools/kymo/report/web/store.js';
import * as ledgers from '../../tools/kymo/report/web/ledger.js';
import {
  Spread,
  binFrom,
  binOf,
  distBin,
  histogram,
  statsOf,
} from '../../tools/kymo/report/web/stats.js';
import { eventAt, eventFields, eventText, formatLog } from '../../tools/kymo/report/web/events.js';
import * as search from '../../tools/kymo/report/web/search.js';
import { buildRows } from '../../tools/kymo/report/web/rows.js';
import { groupFindings, holdUps } from '../../tools/kymo/report/web/findings.js';
import { Writer, encodeChunk, encodeTile, encodeTrace } from './encode.mjs';
import { pathfinder } from './run.mjs';

// A store over a simulated run, its blocks by name; `prepare` is what main.js adds to an index.
function storeOf(options, chunk = 30000) {
  const { index, run } = pathfinder(options);
  const elements = new Map();
  for (const element of encodeTrace(run, index, chunk)) {
    const [, name, text] = /id="a-([^"]+)">([^<]*)</.exec(element);
    elements.set(name, text);
  }
  const blocks = {
    work: {},
    asked: [],
    async get(name) {
      blocks.asked.push(name);
      return elements.has(name) ? inflate(fromBase64(elements.get(name))) : null;
    },
  };
  return { blocks, run, open: async () => makeStore(await blocks.get('index'), blocks) };
}

function makeStore(bytes, blocks) {
  const store = new Store(JSON.parse(new TextDecoder().decode(bytes)), blocks);
  store.index.userCodes = new Set();
  store.index.tasks.forEach((task, i) => Object.assign(task, { colour: i }));
  return store;
}

// A generator with a seed: failures repeat.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

// ---- bytes ----

test('numbers of every size come back', () => {
  const values = [0, 1, 127, 128, 16383, 16384, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 1, 2 ** 53 - 1];
  const w = new Writer();
  for (const v of values) w.number(v);
  const r = new Reader(w.bytes());
  assert.deepEqual(
    values.map(() => r.number()),
    values,
  );
});

test('signed numbers come back', () => {
  const values = [0, -1, 1, -2, 63, -64, 64, -(2 ** 40), 2 ** 40];
  const w = new Writer();
  for (const v of values) w.signed(v);
  const r = new Reader(w.bytes());
  assert.deepEqual(
    values.map(() => r.signed()),
    values,
  );
});

test('a reader stops at the end, and a lying count is refused', () => {
  assert.throws(() => new Reader(Uint8Array.of(128)).number(), RangeError);
  assert.throws(() => new Reader(Uint8Array.of(200, 1, 0)).count(), RangeError);
  assert.throws(() => new Reader(Uint8Array.of(1)).raw(2), RangeError);
});

test('base64 and inflation undo what the host does', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 255);
  const text = deflateSync(bytes).toString('base64');
  assert.deepEqual(await inflate(fromBase64(text)), bytes);
});

test('search in sorted numbers', () => {
  const sorted = [1, 3, 3, 7];
  const naive = (v) => sorted.filter((x) => x <= v).length - 1;
  for (let v = 0; v < 9; v++) assert.equal(lastAtMost(sorted, v), naive(v), `value ${v}`);
});

// ---- blocks ----

test('a chunk comes back as it was written, cut pieces with their beginning', () => {
  const { index, run } = pathfinder({});
  const full = { ...index, combos: expandCombos(index.combos) };
  const chunk = decodeChunk(encodeChunk(run, 30000, 60000), full, [30000, 60000, 5]);
  run.tasks.forEach((pieces, task) => {
    const inside = pieces.filter((p) => p.to > 30000 && p.from < 60000);
    const row = chunk.tasks[task];
    const got = Array.from(row.combo, (combo, i) => [row.t[i], row.t[i + 1], combo]).filter(
      (p) => p[2] !== 0,
    );
    assert.deepEqual(
      got,
      inside.map((p) => [Math.max(p.from, 30000), Math.min(p.to, 60000), p.combo]),
    );
    if (row.fromBefore) assert.equal(row.began, inside[0].from);
  });
  assert.equal(chunk.events.first, 5);
  const events = run.events.filter((e) => e.t >= 30000 && e.t < 60000);
  assert.deepEqual(
    Array.from(chunk.events.t),
    events.map((e) => e.t),
  );
  assert.deepEqual(
    Array.from(chunk.events.word),
    events.flatMap((e) => e.words),
  );
});

test('a chunk cut or changed anywhere throws or decodes, never hangs', () => {
  const { index, run } = pathfinder({});
  const full = { ...index, combos: expandCombos(index.combos) };
  const good = encodeChunk(run, 0, 30000);
  const next = random(1);
  let refused = 0;
  const decode = (bytes) => {
    try {
      decodeChunk(bytes, full, [0, 30000, 0]);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
      refused += 1;
    }
  };
  for (let n = 0; n < good.length; n += 7) decode(good.subarray(0, n));
  for (let k = 0; k < 500; k++) {
    const bytes = good.slice();
    bytes[Math.floor(next() * bytes.length)] ^= 1 << Math.floor(next() * 8);
    decode(bytes);
  }
  assert.ok(refused > 100);
});

test('a tile holds the shares of each bucket, rounded up', () => {
  const { index, run } = pathfinder({});
  const tile = decodeTile(encodeTile(run, index, 0, 100, 1200), index, 100);
  const running = run.tasks[1].filter((p) => index.combos[p.combo * 11] === 2);
  for (let b = 0; b < 100; b++) {
    const sum = running.reduce(
      (s, p) => s + ledgers.overlap(p.from, p.to, b * 1200, (b + 1) * 1200),
      0,
    );
    assert.equal(tile.tasks[1][2][b], Math.min(255, Math.ceil((sum / 1200) * 255)), `bucket ${b}`);
  }
});

// ---- view ----

test('zooming keeps the moment under the pointer', () => {
  const v = view.zoomView({ from: 100, to: 300 }, 0.5, 150);
  assert.deepEqual(v, { from: 125, to: 225 });
  assert.equal(view.timeToX(v, 1000, 150), view.timeToX({ from: 100, to: 300 }, 1000, 150));
});

test('a view stays near the run and has a least width', () => {
  const v = view.clampView({ from: -500, to: -400 }, 0, 1000);
  assert.ok(v.from >= -11 && v.to - v.from === 100);
  assert.equal(
    view.clampView({ from: 5, to: 5.5 }, 0, 1000).to -
      view.clampView({ from: 5, to: 5.5 }, 0, 1000).from,
    view.LEAST_SPAN,
  );
  assert.ok(view.clampView({ from: -9e9, to: 9e9 }, 0, 1000).to <= 1200);
});

test('a fragment carries everything', () => {
  const state = {
    view: { from: 10, to: 20 },
    selected: { key: 'task:5:1', t: 15 },
    range: { from: 11, to: 12 },
    shift: -7,
    tab: 'search',
    bookmarks: [{ t: 13, label: 'a;b&c=d#é<b>' }],
  };
  const back = view.decodeFragment(`#${view.encodeFragment(state)}`);
  assert.deepEqual({ ...back, selected: { ...back.selected } }, state);
});

test('a fragment of nonsense is left out, part by part', () => {
  const back = view.decodeFragment('#t=5,4&sel=@&range=a,b&bm=x:y;:;3:%E0%A4%A&tab=%zz&shift=q&&=');
  assert.deepEqual(back, {
    view: null,
    selected: null,
    range: null,
    shift: 0,
    tab: '',
    bookmarks: [{ t: 3, label: '' }],
  });
});

// ---- units ----

test('durations have four digits and a unit', () => {
  const cases = [
    [0, '0 s'],
    [1, '1.000 µs'],
    [1234, '1.234 ms'],
    [12345, '12.35 ms'],
    [999999, '1.000 s'],
    [5e6, '5.000 s'],
    [3.6e9, '3600 s'],
    [NaN, '–'],
    [null, '–'],
  ];
  for (const [counts, text] of cases) assert.equal(units.duration(counts, 1e6), text);
});

test('moments count from the zero of the clock', () => {
  assert.equal(
    units.moment(250000, { hz: 1e6, start: 1000001 }).replaceAll('\u202f', ' '),
    '1.250 001 s',
  );
});

test('ruler steps are 1, 2 or 5', () => {
  for (let least = 1; least < 1e9; least = Math.ceil(least * 1.7)) {
    const step = units.rulerStep(least, 1e6);
    assert.ok(step >= least * 0.999 && step <= least * 2.6, `${least} ${step}`);
    assert.match(
      String(Number((step / 10 ** Math.floor(Math.log10(step) + 1e-9)).toPrecision(3))),
      /^(1|2|5)$/,
    );
  }
});

// ---- painting ----

test('a sampler adds up to the time it was given', () => {
  const next = random(7);
  for (let round = 0; round < 50; round++) {
    const columns = 40;
    const sampler = new Sampler(columns, 8);
    const sum = new Float64Array(8);
    const drawn = new Float64Array(8);
    const mixed = (shares, used) => {
      for (const s of used) drawn[s] += shares[s];
      return 1;
    };
    const pure = (slot) => cell(slot, 24);
    for (let x = -3; x < columns + 3;) {
      const end = x + next() * (round % 2 ? 0.4 : 6);
      const slot = Math.floor(next() * 8);
      sampler.add(x, end, slot, pure, mixed);
      sum[slot] += ledgers.overlap(x, end, 0, columns);
      x = end;
    }
    sampler.settle(mixed);
    sampler.cells.forEach((value) => {
      if (value > 255) drawn[value & 255] += 1;
    });
    for (let s = 0; s < 8; s++)
      assert.ok(Math.abs(sum[s] - drawn[s]) < 1e-6, `round ${round} slot ${s}`);
  }
});

test('a column with a wait in it shows the wait; little running shows as high as its share', () => {
  const shares = new Float64Array(8);
  shares[3] = 0.3;
  shares[5] = 0.7;
  assert.equal(mixedState(shares, [3, 5]) & 255, 4);
  shares.fill(0);
  shares[2] = 0.1;
  shares[5] = 0.9;
  assert.equal(mixedState(shares, [2, 5]), cell(3, 3));
});

test('a row costs at most one rectangle per column, in detail and in summary', async () => {
  const { open } = storeOf({ duration: 400000 });
  const store = await open();
  const rows = buildRows([{ store, shift: 0 }], new Set());
  const chunks = await store.chunksBetween(0, store.index.duration);
  const tile = await store.loadTop();
  const level = store.index.levels[store.index.levels.length - 1];
  const next = random(3);
  for (let k = 0; k < 60; k++) {
    const from = next() * 300000;
    const v = { from, to: from + 10 + next() * 90000 };
    for (const row of rows.filter((r) => ['task', 'hart', 'isr', 'object'].includes(r.kind))) {
      for (const source of [{ chunks }, { chunks: null, level, tile: () => tile }]) {
        let count = 0;
        let end = 0;
        runs(rowCells(row, source, v, 300, store.index), (column, columns) => {
          assert.ok(column >= end && columns > 0);
          end = column + columns;
          count += 1;
        });
        assert.ok(count <= 300 && end <= 300);
      }
    }
  }
});

test('detail paints what happened', async () => {
  const { open, run } = storeOf({});
  const store = await open();
  const chunks = await store.chunksBetween(0, store.index.duration);
  const [row] = buildRows([{ store, shift: 0 }], new Set()).filter((r) => r.kind === 'task');
  const v = { from: 3000, to: 3400 };
  const cells = rowCells(row, { chunks }, v, 400, store.index);
  const style = { 1: 2, 2: 3, 3: 4, 5: 6 };
  for (let c = 0; c < 400; c++) {
    const inside = run.tasks[row.i].find((p) => p.from <= 3000 + c && 3001 + c <= p.to);
    if (inside)
      assert.equal(cells[c] & 255, style[store.index.combos[inside.combo].state], `column ${c}`);
  }
});

// ---- store ----

test('opening unpacks the index and one tile, whatever the number of chunks', async () => {
  const { open, blocks } = storeOf({ duration: 900000 }, 3000);
  const store = await open();
  await store.loadTop();
  assert.equal(store.index.chunks.length, 300);
  assert.deepEqual(blocks.asked, ['index', 'l1-0']);
});

test('chunks of a stretch', async () => {
  const store = await storeOf({}).open();
  assert.deepEqual(store.chunkRange(0, 30000), { first: 0, last: 0 });
  assert.deepEqual(store.chunkRange(29999, 30001), { first: 0, last: 1 });
  assert.deepEqual(store.chunkRange(-50, 1e9), { first: 0, last: 3 });
  assert.equal(store.covered(0, 120000), true);
  store.index.chunks.splice(1, 1);
  store.chunkFrom = Float64Array.from(store.index.chunks, (c) => c[0]);
  assert.equal(store.covered(0, 120000), false);
  assert.equal(store.covered(60000, 120000), true);
  assert.equal(await store.chunkAt(45000), null);
});

test('a block that is missing or broken is asked for once', async () => {
  const { open, blocks } = storeOf({});
  const store = await open();
  store.index.chunks.push([120000, 130000, 0, 0, 99]);
  await assert.rejects(store.loadChunk(4));
  assert.equal(store.chunk(4), undefined);
  assert.equal(blocks.asked.filter((name) => name === 'c99').length, 1);
});

// ---- ledger ----

test('a ledger adds up to the stretch, for every task and many stretches', async () => {
  const store = await storeOf({ duration: 300000 }).open();
  const chunks = await store.chunksBetween(0, store.index.duration);
  const next = random(11);
  for (let k = 0; k < 200; k++) {
    const from = next() * 280000;
    const to = from + next() * 20000;
    const task = Math.floor(next() * 4);
    const parts = ledgers.ledger(chunks, store.index, task, from, to);
    const sum = parts.reduce((s, part) => s + part.counts, 0);
    assert.ok(Math.abs(sum - (to - from)) < 1e-6, `case ${k}`);
    for (const part of parts.filter((p) => p.kind === 'ready' || p.kind === 'blocked')) {
      const by = [...part.by.values()].reduce((s, v) => s + v, 0);
      assert.ok(by <= part.counts + 1e-6, `case ${k}: others ran longer than the wait`);
    }
  }
});

test('the holder of a wait and who kept it are found', async () => {
  const store = await storeOf({}).open();
  const chunks = await store.chunksBetween(0, store.index.duration);
  const { index } = store;
  const wait = ledgers.joinedPieces(chunks, 1).find((p) => index.combos[p.combo].state === 3);
  const chunk = await store.chunkAt(wait.from);
  const chain = ledgers.holderChain(chunk, index, 1, wait.from);
  assert.deepEqual(
    chain.map((link) => index.tasks[link.task].name),
    ['bus_task', 'weather_task'],
  );
  const finding = index.findings[0];
  if (finding) assert.ok(holdUps(chunks, index, finding).length > 0);
});

test('a chain that closes is a deadlock', () => {
  const combos = [
    { state: 3, holder: 1 },
    { state: 3, holder: 0 },
  ];
  const row = (combo) => ({ n: 1, t: Float64Array.of(0, 10), combo: Uint32Array.of(combo) });
  const chain = ledgers.holderChain({ tasks: [row(0), row(1)] }, { combos }, 0, 5);
  assert.equal(chain.length, 2);
  assert.equal(chain.deadlock, true);
});

test('an activation runs from wake to the next wait', async () => {
  const store = await storeOf({}).open();
  const chunks = await store.chunksBetween(0, store.index.duration);
  const pieces = ledgers.joinedPieces(chunks, 1);
  const first = pieces.find((p) => store.index.combos[p.combo].state === 2);
  const activation = ledgers.activationAt(pieces, first.from, store.index);
  assert.equal(activation.whole, true);
  assert.ok(activation.to - activation.from >= 700);
  assert.equal(ledgers.activationAt(pieces, 1, store.index), null);
});

test('who runs on a hart, piece by piece', async () => {
  const store = await storeOf({}).open();
  const chunk = await store.loadChunk(0);
  for (const piece of hartPieces(chunk, store.index)[0]) {
    assert.equal(ledgers.runnerAt(chunk, store.index, 0, piece.from), piece.task);
    assert.equal(pieceAt(chunk.tasks[piece.task], piece.from).to, piece.to);
  }
});

// ---- statistics ----

test('figures of a stretch: times add up, cutting the run changes no sum', async () => {
  const store = await storeOf({ duration: 300000 }).open();
  const chunks = await store.chunksBetween(0, store.index.duration);
  const whole = statsOf(chunks, store.index, 0, 300000);
  const parts = [
    [0, 77777],
    [77777, 200001],
    [200001, 300000],
  ].map(([a, b]) => statsOf(chunks, store.index, a, b));
  whole.tasks.forEach((row, i) => {
    for (const name of ['running', 'ready', 'blocked', 'delayed']) {
      const sum = parts.reduce((s, part) => s + part.tasks[i][name], 0);
      assert.ok(Math.abs(sum - row[name]) < 1e-6, `${name} of task ${i}`);
    }
    const all = row.running + row.ready + row.blocked + row.delayed;
    if (i > 0) assert.equal(all, 300000);
  });
});

test('distributions have the bins of the host', () => {
  assert.deepEqual([0, 63, 64, 127, 128, 200, 201].map(distBin), [
    [0, 0],
    [63, 63],
    [64, 64],
    [127, 127],
    [128, 129],
    [200, 201],
    [200, 201],
  ]);
  for (let v = 1; v < 1e12; v = Math.ceil(v * 1.31)) {
    const [low, high] = distBin(v);
    assert.ok(low <= v && v <= high && high - low <= low / 64 + 1);
    assert.ok(binFrom(binOf(v)) <= v && v < binFrom(binOf(v) + 1), `bin of ${v}`);
  }
});

test('percentiles, extremes and histograms', () => {
  const spread = new Spread();
  for (let v = 1; v <= 100; v++) spread.add(v, 1000 - v);
  assert.equal(spread.percentile(0.5), 50);
  assert.equal(spread.percentile(0.99), 99);
  assert.equal(spread.max, 100);
  assert.equal(spread.maxAt, 900);
  const columns = histogram([
    [3, 2],
    [5, 1],
  ]);
  assert.deepEqual(
    columns.map((c) => c.count),
    [2, 0, 1],
  );
});

// ---- events and search ----

test('events read like their table', async () => {
  const store = await storeOf({}).open();
  const chunk = await store.loadChunk(0);
  const lock = Array.from({ length: chunk.events.n }, (_, i) => eventAt(chunk, i)).find(
    (e) => e.code === 0x42,
  );
  assert.deepEqual(eventFields(lock, store), [{ name: 'obj', type: 'obj', text: 'info_bus' }]);
  const change = Array.from({ length: chunk.events.n }, (_, i) => eventAt(chunk, i)).find(
    (e) => e.code >= 8 && e.code < 16,
  );
  assert.match(eventText(change, store), /^task_switch state=\w+ next=\w+$/);
  assert.match(eventText({ code: 250, words: [], arg: 0 }, store), /^event 250/);
});

test('messages are put together, arguments or not', () => {
  const words = [5, 0xffffffff, 65];
  assert.equal(formatLog('%d of %d: %c, %u %%', words), '5 of -1: A, %u %');
  assert.equal(formatLog('%08x|%p|%ld', [16, 16, 7]), '10|0x00000010|7');
  assert.equal(formatLog('%s %n <b>', [1]), '%s %n <b>');
});

test('search finds every event that says all words, and no other', async () => {
  const store = await storeOf({}).open();
  const found = await search.searchEvents(store, 'mutex_lock info_bus');
  const { run } = pathfinder({});
  assert.equal(found.length, run.events.filter((e) => e.code === 0x42).length);
  assert.deepEqual(await search.searchEvents(store, 'no such thing'), []);
  assert.equal((await search.eventByNumber(store, 3)).number, 3);
  assert.equal(await search.eventByNumber(store, 1e9), null);
});

test('moments and numbers in the search field', () => {
  const index = { hz: 1e6, start: 5000 };
  assert.equal(search.parseMoment('1.25 s', index), 1245000);
  assert.equal(search.parseMoment('@7ms', index), 2000);
  assert.equal(search.parseMoment('7 apples', index), null);
  assert.equal(search.parseEventNumber('# 42'), 42);
  assert.equal(search.parseEventNumber('42'), null);
});

test('inversions of the same tasks are one story', () => {
  const a = { kind: 'inversion', task: 1, holder: 2, object: 0 };
  const groups = groupFindings([
    a,
    { kind: 'wait', task: 1, holder: 2, object: 0 },
    { ...a },
    { ...a, task: 3 },
  ]);
  assert.deepEqual(
    groups.map((g) => g.length),
    [2, 1, 1],
  );
});
