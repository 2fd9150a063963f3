// SPDX-License-Identifier: MIT
// The tables of `kymo stat` for a stretch of time, recomputed in the page from the detail it
// holds.
//
// A stretch that begins or ends inside a piece counts the part inside it: times are exact.
// Something that touches a gap, or that the stretch cuts, is counted in times but not as a
// longest or a response: what was not seen whole has no length.
import { BLOCKED, DEAD, DELAYED, READY, RUNNING, SUSPENDED, UNKNOWN } from './blocks.js';
import { endsActivation, joinedPieces, overlap } from './ledger.js';

const IDLE_TASK = 0;

// A collection of durations: count, total, longest with its moment, and all values for
// percentiles.
export class Spread {
  constructor() {
    this.values = [];
    this.total = 0;
    this.max = 0;
    this.maxAt = null;
  }

  add(value, at) {
    this.values.push(value);
    this.total += value;
    if (value > this.max || this.maxAt === null) [this.max, this.maxAt] = [value, at];
  }

  get count() {
    return this.values.length;
  }

  get mean() {
    return this.count ? this.total / this.count : NaN;
  }

  // Nearest rank: the smallest value that at least `share` of all do not exceed.
  percentile(share) {
    if (!this.count) return NaN;
    const sorted = this.sorted ?? (this.sorted = Float64Array.from(this.values).sort());
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}

function emptyTask(task) {
  return {
    task,
    cpu: 0,
    ready: 0,
    blocked: 0,
    delayed: 0,
    suspended: 0,
    unknown: 0,
    switches: 0,
    preemptions: 0,
    activations: 0,
    response: new Spread(),
    readyWait: new Spread(),
    blocking: new Spread(),
    by: new Map(),
  };
}

const TIME_OF = {
  [READY]: 'ready',
  [BLOCKED]: 'blocked',
  [DELAYED]: 'delayed',
  [SUSPENDED]: 'suspended',
  [UNKNOWN]: 'unknown',
};

// Pieces of one state put together, where the model cut them because level or holder changed.
// `begun` and `ended` say whether that end was seen: not at the trace's ends, not at a gap.
function stretches(pieces, index) {
  const out = [];
  pieces.forEach((piece, i) => {
    const combo = index.combos[piece.combo];
    const last = out[out.length - 1];
    if (last && last.state === combo.state && last.to === piece.from) {
      last.to = piece.to;
      return;
    }
    if (last) last.ended = combo.state !== UNKNOWN;
    const begun = i > 0 && last.state !== UNKNOWN && !piece.cut;
    out.push({ state: combo.state, combo, from: piece.from, to: piece.to, begun, ended: false });
  });
  return out;
}

function addStretch(row, one, from, to) {
  const begins = one.begun && one.from >= from && one.from < to;
  const whole = begins && one.ended && one.to <= to;
  if (one.state === RUNNING && begins) row.switches += 1;
  if (one.state === READY && begins && one.combo.preempted) row.preemptions += 1;
  if (one.state === READY && whole) row.readyWait.add(one.to - one.from, one.from);
  if (one.state === BLOCKED && whole) row.blocking.add(one.to - one.from, one.from);
}

// From the end of one wait that ends an activation to the beginning of the next.
function addResponses(row, all, from, to) {
  let start = null;
  for (const one of all) {
    const ends = endsActivation(one.combo);
    if (!ends && start === null) {
      start = one;
      if (one.begun && one.from >= from && one.from < to) row.activations += 1;
    }
    if (!ends || start === null) continue;
    if (start.begun && start.from >= from && one.from <= to && one.state !== UNKNOWN)
      row.response.add(one.from - start.from, start.from);
    start = null;
  }
}

function addBlocked(row, combo, counts) {
  const key = `${combo.object} ${combo.holder}`;
  const by = row.by.get(key) ?? { object: combo.object, holder: combo.holder, counts: 0 };
  by.counts += counts;
  row.by.set(key, by);
}

function taskRow(chunks, index, task, from, to) {
  const row = emptyTask(task);
  const pieces = joinedPieces(chunks, task);
  for (const piece of pieces) {
    const combo = index.combos[piece.combo];
    const counts = overlap(piece.from, piece.to, from, to);
    if (counts <= 0) continue;
    if (combo.state === RUNNING) row.cpu += counts;
    else if (TIME_OF[combo.state]) row[TIME_OF[combo.state]] += counts;
    if (combo.state === BLOCKED) addBlocked(row, combo, counts);
  }
  const all = stretches(pieces, index);
  for (const one of all) addStretch(row, one, from, to);
  if (index.tasks[task].id !== IDLE_TASK) addResponses(row, all, from, to);
  return row;
}

// Time in handlers, own only, taken from the task they interrupted.
function takeInterrupts(chunks, rows, isrs, from, to) {
  for (const chunk of chunks) {
    chunk.isrs.forEach((items, i) => {
      for (let k = 0; k < items.n; k++) {
        const inside = overlap(items.from[k], items.to[k], from, to);
        if (inside <= 0) continue;
        const whole = items.to[k] - items.from[k];
        const own = whole > 0 ? (items.own[k] * inside) / whole : 0;
        isrs[i].own += own;
        if (rows[items.task[k]]) rows[items.task[k]].cpu -= own;
        if (inside === whole && !(items.flags[k] & 3)) isrs[i].time.add(whole, items.from[k]);
      }
    });
  }
}

function objectRow(chunks, index, object, from, to) {
  const row = { object, holds: new Spread(), held: 0, waits: 0, waited: 0 };
  let open = null;
  for (const chunk of chunks) {
    const items = chunk.objects[object];
    for (let k = 0; k < items.n; k++) {
      row.held += overlap(items.from[k], items.to[k], from, to);
      if (!(items.flags[k] & 1)) open = items.from[k];
      if (!(items.flags[k] & 2) && open !== null && open >= from && items.to[k] <= to)
        row.holds.add(items.to[k] - open, open);
    }
  }
  return row;
}

// Everything about [from, to) from the chunks that cover it. `cut` is true when a gap lies
// inside.
export function statsOf(chunks, index, from, to) {
  const tasks = index.tasks.map((_, i) => taskRow(chunks, index, i, from, to));
  const isrs = index.isrs.map((_, isr) => ({ isr, own: 0, time: new Spread() }));
  takeInterrupts(chunks, tasks, isrs, from, to);
  const objects = index.objects.map((_, i) => objectRow(chunks, index, i, from, to));
  for (const row of tasks) {
    for (const by of row.by.values()) {
      if (by.object >= 0) objects[by.object].waited += by.counts;
    }
  }
  const cut = index.gaps.some(([, a, b]) => overlap(a, Math.max(b, a + 1), from, to) > 0);
  return { from, to, tasks, isrs, objects, cut };
}

// Bins grow by the square root of two: 0, 1, 1.41, 2, .. The host uses the same (figures.c).
export function binOf(value) {
  if (value < 1) return 0;
  const log = Math.floor(Math.log2(value));
  const exact = 2 ** log > value ? log - 1 : 2 ** (log + 1) <= value ? log + 1 : log;
  return 1 + 2 * exact + (value >= Math.SQRT2 * 2 ** exact ? 1 : 0);
}

export function binFrom(bin) {
  return bin === 0 ? 0 : Math.ceil(2 ** Math.floor((bin - 1) / 2) * (bin % 2 ? 1 : Math.SQRT2));
}

export function binsOf(values) {
  const counts = new Map();
  for (const v of values) counts.set(binOf(v), (counts.get(binOf(v)) ?? 0) + 1);
  return [...counts].sort((a, b) => a[0] - b[0]);
}

// [[bin, count]] as columns from the lowest to the highest bin, the empty ones between too.
export function histogram(bins) {
  if (!bins.length) return [];
  const counts = new Map(bins);
  const first = bins[0][0];
  const last = bins[bins.length - 1][0];
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    from: binFrom(first + i),
    to: binFrom(first + i + 1),
    count: counts.get(first + i) ?? 0,
  }));
}
