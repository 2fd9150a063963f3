// SPDX-License-Identifier: MIT
// The report's blocks: a *chunk* is every detail of a stretch of time, a *tile* is a stretch of
// one level of the pyramid of summaries. Layouts are in Documentation/report.md; sections cited
// as [chunk], [tile].
//
// Decoding checks what it reads against the index, because a report may have been damaged on its
// way: references out of range throw RangeError and the caller draws the stretch as not readable.
import { Reader } from './bytes.js';

export const STATES = ['unknown', 'ready', 'running', 'blocked', 'suspended', 'delayed', 'dead'];
export const KINDS = [
  'object',
  'semaphore',
  'mutex',
  'condition variable',
  'message queue',
  'pipe',
  'timer',
];
export const CERTAINTY = ['certain', 'possible', 'not known'];
export const LOSSES = [
  'overwritten',
  'ring full',
  'stopped',
  'class masked',
  'transport',
  'damaged',
];
export const REASONS = [
  'created',
  'its object',
  'delay over',
  'wait timed out',
  'resumed',
  'tick',
  'object destroyed',
  'unknown',
];

export const UNKNOWN = 0;
export const READY = 1;
export const RUNNING = 2;
export const BLOCKED = 3;
export const SUSPENDED = 4;
export const DELAYED = 5;
export const DEAD = 6;
export const SHARES = 6; // states of a tile's cell, DEAD left out

const COMBO_FIELDS = [
  'state',
  'certainty',
  'level',
  'base',
  'flags',
  'object',
  'holder',
  'waker',
  'wakerIrq',
  'hart',
  'reason',
];

// The index's combinations as objects. Combination 0 is "no such task here".
export function expandCombos(flat) {
  const combos = [];
  for (let i = 0; i + COMBO_FIELDS.length <= flat.length; i += COMBO_FIELDS.length) {
    const combo = {};
    COMBO_FIELDS.forEach((name, k) => {
      combo[name] = flat[i + k];
    });
    combo.preempted = (combo.flags & 1) !== 0;
    combo.mutex = (combo.flags & 2) !== 0;
    combo.boosted = combo.level < combo.base && combo.base !== 255;
    combos.push(combo);
  }
  return combos;
}

function bounded(values, limit, what) {
  for (const v of values) if (v >= limit) throw new RangeError(`${what} ${v} of ${limit}`);
  return values;
}

// [chunk] A task's pieces: contiguous from the chunk's start. t has one element more than combo:
// the end.
function readTask(reader, from, combos) {
  const n = reader.count();
  const flags = n ? reader.number() : 0;
  const began = from - (flags & 1 ? reader.number() : 0);
  const t = new Float64Array(n + 1);
  t[0] = from;
  for (let i = 0; i < n; i++) t[i + 1] = t[i] + reader.number();
  const combo = bounded(reader.numbers(n, new Uint32Array(n)), combos, 'combination');
  return { n, t, combo, began, fromBefore: (flags & 1) !== 0, goesOn: (flags & 2) !== 0 };
}

// [chunk] Things with a beginning and an end, in order of their beginning, with `extra` columns
// of their own.
function readItems(reader, from, extra) {
  const n = reader.count();
  const starts = reader.signeds(n);
  const lengths = reader.numbers(n);
  const flags = reader.raw(n);
  const time = () => new Float64Array(n);
  const items = { n, from: time(), to: time(), began: time(), flags };
  let at = from;
  for (let i = 0; i < n; i++) {
    at += starts[i];
    items.from[i] = at;
    items.to[i] = at + lengths[i];
    items.began[i] = at - (flags[i] & 1 ? reader.number() : 0);
  }
  for (const name of extra) items[name] = reader.numbers(n);
  if (items.task) for (let i = 0; i < n; i++) items.task[i] -= 1; // 0 is "not known"
  return items;
}

function readCounter(reader, from) {
  const n = reader.count();
  const steps = reader.numbers(n);
  const changes = reader.signeds(n);
  const points = { n, t: new Float64Array(n), value: new Float64Array(n) };
  let at = from;
  let value = 0;
  for (let i = 0; i < n; i++) {
    points.t[i] = at += steps[i];
    points.value[i] = value += changes[i];
  }
  return points;
}

function readEvents(reader, from, first) {
  const n = reader.count();
  const steps = reader.numbers(n);
  const events = { n, first, t: new Float64Array(n) };
  let at = from;
  for (let i = 0; i < n; i++) events.t[i] = at += steps[i];
  events.code = reader.raw(n);
  events.hart = reader.numbers(n, new Uint16Array(n));
  events.arg = reader.numbers(n, new Uint32Array(n));
  const words = reader.raw(n);
  events.at = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) events.at[i + 1] = events.at[i] + words[i];
  events.word = reader.numbers(events.at[n], new Uint32Array(events.at[n]));
  return events;
}

export function decodeChunk(bytes, index, place) {
  const [from, to, first] = place;
  const reader = new Reader(bytes);
  const combos = index.combos.length;
  const each = (list, read) => list.map(() => read());
  const chunk = { from, to };
  chunk.tasks = each(index.tasks, () => readTask(reader, from, combos));
  chunk.isrs = each(index.isrs, () => readItems(reader, from, ['own', 'task', 'depth', 'hart']));
  chunk.objects = each(index.objects, () => readItems(reader, from, ['task', 'waiters']));
  chunk.spans = each(index.spans, () => readItems(reader, from, []));
  chunk.counters = each(index.counters, () => readCounter(reader, from));
  chunk.events = readEvents(reader, from, first);
  return chunk;
}

// [tile] Shares of 255 per bucket. Arrays are views of the block, so a tile costs its bytes and
// no more.
export function decodeTile(bytes, index, buckets) {
  const reader = new Reader(bytes);
  const columns = (n) => Array.from({ length: n }, () => reader.raw(buckets));
  const tile = { buckets };
  tile.tasks = index.tasks.map(() => columns(SHARES));
  tile.isrs = index.isrs.map(() => columns(1));
  tile.objects = index.objects.map(() => columns(2)); // held, waited for
  tile.spans = index.spans.map(() => columns(1));
  tile.marks = reader.raw(buckets); // events of the user, at most 255
  tile.counters = index.counters.map(() => ({
    low: reader.signeds(buckets),
    high: reader.signeds(buckets),
  }));
  return tile;
}
