// SPDX-License-Identifier: MIT
// The tables of `kymo stat` for a stretch of time, recomputed in the page from the detail it
// holds, by the definitions of libkymo (kymo_stat.h): the tests compare both.
//
// Times are exact for the part inside the stretch. One difference: a handler that the stretch
// cuts counts with its part inside, where `kymo stat` spreads handlers over the cut interval.
import { BLOCKED, DEAD, DELAYED, READY, RUNNING, SUSPENDED, UNKNOWN } from './blocks.js';
import { handlerTime, hartPieces } from './store.js';
import { endsActivation, joinedPieces, overlap } from './ledger.js';

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

  // The smallest value that at least `share` of all do not exceed, as `kymo stat` says it:
  // rounded up to its bin.
  percentile(share) {
    if (!this.count) return NaN;
    const sorted = this.sorted ?? (this.sorted = Float64Array.from(this.values).sort());
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return Math.min(distBin(value)[1], this.max);
  }
}

const NO_REASON = 255;
const GOES_ON = 2;

function emptyTask(task) {
  const zeros = ['running', 'cpu', 'ready', 'blocked', 'delayed', 'suspended', 'unknown'];
  return {
    task,
    ...Object.fromEntries([...zeros, 'switches', 'preemptions'].map((name) => [name, 0])),
    response: new Spread(),
    readyWait: new Spread(),
    blocking: new Spread(),
    by: new Map(),
  };
}

const TIME_OF = {
  [RUNNING]: 'running',
  [READY]: 'ready',
  [BLOCKED]: 'blocked',
  [DELAYED]: 'delayed',
  [SUSPENDED]: 'suspended',
  [UNKNOWN]: 'unknown',
};

// Pieces of one state put together, where the model cut them because level or holder changed.
// `next` is the state after it; UNKNOWN at a gap and where the report's detail ends.
function stretches(pieces, index) {
  const out = [];
  for (const piece of pieces) {
    const combo = index.combos[piece.combo];
    const last = out[out.length - 1];
    if (last && last.state === combo.state && last.to === piece.from) {
      last.to = piece.to;
      continue;
    }
    if (last) [last.next, last.nextCombo] = [combo.state, combo];
    out.push({ state: combo.state, combo, from: piece.began, to: piece.to, next: UNKNOWN });
  }
  return out;
}

// What libkymo's statistics do with the intervals of a task (kymo_stat.h), for a stretch: samples
// count by their end, activations that began before the stretch do not.
class Machine {
  constructor(row, from, to) {
    Object.assign(this, { row, active: false, wake: 0, inMutex: false });
    this.inside = (t) => t >= from && t <= to;
  }

  begins(at) {
    this.active = this.inside(at);
    this.wake = at;
  }

  ends(at) {
    if (this.active && this.inside(at)) this.row.response.add(at - this.wake, this.wake);
    this.active = false;
  }

  step(one) {
    const { row } = this;
    const endsHere = this.inside(one.to);
    if (one.state !== READY && one.state !== BLOCKED) this.inMutex = false;
    if (one.state === READY) {
      const made = one.combo.reason !== NO_REASON; // not preempted, no yield
      if (made && !this.active && !this.inMutex) this.begins(one.from);
      if (one.next === RUNNING && endsHere) row.readyWait.add(one.to - one.from, one.from);
    } else if (one.state === RUNNING) {
      if (this.inside(one.from)) row.switches += 1;
      if (one.next === READY && one.nextCombo.preempted && endsHere) row.preemptions += 1;
      if (one.next === DEAD) this.ends(one.to);
    } else if (one.state === BLOCKED) {
      this.inMutex = !endsActivation(one.combo);
      if (!this.inMutex) this.ends(one.from);
      if (one.next !== UNKNOWN && endsHere) row.blocking.add(one.to - one.from, one.from);
    } else if (one.state === DELAYED || one.state === SUSPENDED) this.ends(one.from);
    else this.active = false;
  }
}

function addBlocked(row, combo, counts) {
  const key = `${combo.object} ${combo.holder}`;
  const by = row.by.get(key) ?? { object: combo.object, holder: combo.holder, counts: 0 };
  by.counts += counts;
  row.by.set(key, by);
}

function taskRow(chunks, index, task, from, to, objects) {
  const row = emptyTask(task);
  const pieces = joinedPieces(chunks, task);
  for (const piece of pieces) {
    const combo = index.combos[piece.combo];
    const counts = overlap(piece.from, piece.to, from, to);
    if (counts <= 0) continue;
    if (TIME_OF[combo.state]) row[TIME_OF[combo.state]] += counts;
    if (combo.state === BLOCKED) addBlocked(row, combo, counts);
  }
  const machine = new Machine(row, from, to);
  for (const one of stretches(pieces, index)) {
    machine.step(one);
    const object = one.state === BLOCKED ? objects[one.combo.object] : null;
    if (object) addWait(object, one, machine);
  }
  row.cpu = row.running;
  return row;
}

function addWait(object, one, machine) {
  if (machine.inside(one.from)) object.waits += 1;
  if (one.next !== UNKNOWN && machine.inside(one.to))
    object.waiting.add(one.to - one.from, one.from);
}

// Calls back for the part of each thing that lies in its last chunk: (i, items).
function eachEnd(chunks, list, from, to, visit) {
  for (const chunk of chunks) {
    chunk[list].forEach((items, row) => {
      for (let i = 0; i < items.n; i++) {
        if (!(items.flags[i] & GOES_ON) && items.to[i] >= from && items.to[i] <= to)
          visit(row, items, i);
      }
    });
  }
}

// Time in handlers is not the task's, whoever they interrupted.
function takeInterrupts(chunks, index, rows, from, to) {
  for (const chunk of chunks) {
    hartPieces(chunk, index).forEach((pieces, hart) => {
      for (const piece of pieces) {
        const [a, b] = [Math.max(piece.from, from), Math.min(piece.to, to)];
        if (b > a) rows[piece.task].cpu -= handlerTime(chunk, index, hart, a, b);
      }
    });
  }
}

// Everything about [from, to) from the chunks that cover it. `cut` is true when a gap lies
// inside.
export function statsOf(chunks, index, from, to) {
  const isrs = index.isrs.map((_, isr) => ({ isr, time: new Spread() }));
  const objects = index.objects.map((_, object) => ({
    object,
    waits: 0,
    holding: new Spread(),
    waiting: new Spread(),
  }));
  const tasks = index.tasks.map((_, i) => taskRow(chunks, index, i, from, to, objects));
  takeInterrupts(chunks, index, tasks, from, to);
  eachEnd(chunks, 'isrs', from, to, (row, items, i) =>
    isrs[row].time.add(items.own[i], items.began[i]),
  );
  eachEnd(chunks, 'objects', from, to, (row, items, i) =>
    objects[row].holding.add(items.to[i] - items.began[i], items.began[i]),
  );
  const cut = index.gaps.some(([, a, b]) => overlap(a, Math.max(b, a + 1), from, to) > 0);
  return { from, to, tasks, isrs, objects, cut };
}

// The least and greatest value of the bin that libkymo's distributions put a value in: bins are
// 1/64 of their value wide (tools/kymo/lib/dist.c).
export function distBin(value) {
  if (value < 64) return [value, value];
  const width = 2 ** (Math.floor(Math.log2(value)) - 6);
  const low = Math.floor(value / width) * width;
  return [low, low + width - 1];
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
  for (const v of values) {
    const bin = binOf(distBin(v)[0]);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
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
