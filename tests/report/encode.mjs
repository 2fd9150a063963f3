// SPDX-License-Identifier: MIT
// A second writer of the report's blocks, written from Documentation/report.md: the twin of
// tools/kymo/report/*.c. Tests describe a run as plain lists; this file makes the blocks, so that
// the page's modules are tested without the host tool.
import { deflateSync } from 'node:zlib';

export class Writer {
  constructor() {
    this.out = [];
  }

  number(value) {
    let n = value;
    while (n >= 128) {
      this.out.push((n % 128) + 128);
      n = Math.floor(n / 128);
    }
    this.out.push(n);
    return this;
  }

  signed(value) {
    return this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(bytes) {
    for (const b of bytes) this.out.push(b & 255);
    return this;
  }

  bytes() {
    return Uint8Array.from(this.out);
  }
}

function clip(items, from, to) {
  return items
    .filter((item) => item.to > from && item.from < to)
    .map((item) => ({
      ...item,
      began: item.from,
      from: Math.max(item.from, from),
      to: Math.min(item.to, to),
      flags: (item.from < from ? 1 : 0) | (item.to > to ? 2 : 0),
    }));
}

function writeTask(w, pieces, from, to) {
  const inside = clip(pieces, from, to);
  const filled = [];
  let at = from;
  for (const piece of inside) {
    if (piece.from > at) filled.push({ from: at, to: piece.from, combo: 0, flags: 0 });
    filled.push(piece);
    at = piece.to;
  }
  w.number(filled.length);
  if (!filled.length) return;
  w.number((filled[0].flags & 1) | (filled[filled.length - 1].flags & 2));
  if (filled[0].flags & 1) w.number(from - filled[0].began);
  for (const piece of filled) w.number(piece.to - piece.from);
  for (const piece of filled) w.number(piece.combo);
}

function writeItems(w, items, from, to, extra) {
  const inside = clip(items, from, to).sort((a, b) => a.from - b.from);
  w.number(inside.length);
  let at = from;
  for (const item of inside) {
    w.signed(item.from - at);
    at = item.from;
  }
  for (const item of inside) w.number(item.to - item.from);
  w.raw(inside.map((item) => item.flags));
  for (const item of inside) if (item.flags & 1) w.number(from - item.began);
  for (const name of extra)
    for (const item of inside) w.number(name === 'task' ? item.task + 1 : item[name]);
}

function writeEvents(w, events, from) {
  w.number(events.length);
  let at = from;
  for (const event of events) {
    w.number(event.t - at);
    at = event.t;
  }
  w.raw(events.map((event) => event.code));
  for (const event of events) w.number(event.hart ?? 0);
  for (const event of events) w.number(event.arg ?? 0);
  w.raw(events.map((event) => event.words?.length ?? 0));
  for (const event of events) for (const word of event.words ?? []) w.number(word);
}

// run: {duration, tasks:[[pieces]], isrs:[[items]], objects:[[items]], events:[...]} in the
// index's order; returns the bytes of the chunk [from, to).
export function encodeChunk(run, from, to, last = false) {
  const w = new Writer();
  for (const pieces of run.tasks) writeTask(w, pieces, from, to);
  for (const items of run.isrs) writeItems(w, items, from, to, ['own', 'task', 'depth', 'hart']);
  for (const items of run.objects) writeItems(w, items, from, to, ['task', 'waiters']);
  for (const items of run.spans ?? []) writeItems(w, items, from, to, []);
  for (const points of run.counters ?? []) {
    const inside = points.filter((p) => p.t >= from && p.t < to);
    w.number(inside.length);
    inside.forEach((p, i) => w.number(p.t - (i ? inside[i - 1].t : from)));
    inside.forEach((p, i) => w.signed(p.value - (i ? inside[i - 1].value : 0)));
  }
  const inside = run.events.filter((e) => e.t >= from && (e.t < to || (last && e.t === to)));
  writeEvents(w, inside, from);
  return w.bytes();
}

function shareColumn(items, buckets, width, first = 0) {
  const sums = new Float64Array(buckets);
  for (const { from, to } of items) {
    for (let b = Math.max(0, Math.floor(from / width) - first); b < buckets; b++) {
      const a = (first + b) * width;
      if (a >= to) break;
      sums[b] += Math.max(0, Math.min(to, a + width) - Math.max(from, a));
    }
  }
  return Array.from(sums, (s) => Math.min(255, Math.ceil((s / width) * 255)));
}

// A tile of `buckets` buckets from bucket `first` on of a level with buckets of `width`.
export function encodeTile(run, index, first, buckets, width) {
  const w = new Writer();
  const states = index.combos;
  for (const pieces of run.tasks) {
    for (let s = 0; s < 6; s++) {
      const of = pieces.filter((piece) => states[piece.combo * 11] === s);
      w.raw(shareColumn(of, buckets, width, first));
    }
  }
  for (const items of run.isrs) w.raw(shareColumn(items, buckets, width, first));
  run.objects.forEach((items, object) => {
    w.raw(shareColumn(items, buckets, width, first));
    const waits = run.tasks.flat().filter((piece) => {
      const at = piece.combo * 11;
      return states[at] === 3 && states[at + 5] === object;
    });
    w.raw(shareColumn(waits, buckets, width, first));
  });
  for (const items of run.spans ?? []) w.raw(shareColumn(items, buckets, width, first));
  w.raw(new Uint8Array(buckets));
  for (const points of run.counters ?? []) {
    const low = new Array(buckets).fill(1);
    const high = new Array(buckets).fill(0);
    for (const { t, value } of points) {
      const b = Math.floor(t / width) - first;
      if (b < 0 || b >= buckets) continue;
      if (low[b] > high[b]) [low[b], high[b]] = [value, value];
      else [low[b], high[b]] = [Math.min(low[b], value), Math.max(high[b], value)];
    }
    for (const value of low) w.signed(value);
    for (const value of high) w.signed(value);
  }
  return w.bytes();
}

export function pack(bytes) {
  return deflateSync(bytes).toString('base64');
}

// The elements of one trace: index, chunks of `size` counts, a pyramid of two levels.
export function encodeTrace(run, index, size, prefix = 'a-') {
  const blocks = new Map();
  const full = { ...index, chunks: [], levels: [] };
  for (let from = 0, first = 0; from < run.duration; from += size) {
    const to = Math.min(from + size, run.duration);
    const last = to === run.duration;
    const events = run.events.filter((e) => e.t >= from && (e.t < to || (last && e.t === to)));
    blocks.set(`c${full.chunks.length}`, encodeChunk(run, from, to, last));
    full.chunks.push([from, to, first, events.length, full.chunks.length]);
    first += events.length;
  }
  for (const [l, buckets] of [2048, 512].entries()) {
    const width = run.duration / buckets;
    full.levels.push({ width, buckets });
    blocks.set(`l${l}-0`, encodeTile(run, index, 0, buckets, width));
  }
  blocks.set('index', new TextEncoder().encode(JSON.stringify(full)));
  return [...blocks].map(
    ([name, bytes]) => `<script type="text/plain" id="${prefix}${name}">${pack(bytes)}</script>`,
  );
}
