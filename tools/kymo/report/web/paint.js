// SPDX-License-Identifier: MIT
// What colour each pixel column of a row has. A row becomes an array of *cells*, one per column:
// a style number and a height; equal neighbours are then drawn as one rectangle. So a row never
// costs more rectangles than it has columns, however many events are under it (the gate of
// Documentation/report.md).
//
// A column that holds several states shows, in this order: the longest of them if it is running
// or unknown; a wait (ready or blocked) that fills a quarter of it or more; running, as high as
// its share; else the longest.
import { hartPieces, waitPieces, TILE, DETAIL_CHUNKS } from './store.js';
import { BLOCKED, DEAD, DELAYED, READY, RUNNING, SUSPENDED, UNKNOWN, SHARES } from './blocks.js';

// Styles: an index into the theme's list of colours (theme.js).
export const STYLE = {
  none: 0,
  unknown: 1,
  ready: 2,
  running: 3,
  blocked: 4,
  suspended: 5,
  delayed: 6,
  boosted: 7,
  isr: 8,
  held: 9,
  contended: 10,
  span: 11,
  counter: 12,
  mark: 13,
  loss: 14,
  idle: 15,
  task: 16,
};
export const TASK_COLOURS = 8;
export const FULL = 24; // heights are in 24ths of a row

const BOOSTED = 7; // one more state, for drawing only
const STATE_CELL = [];
STATE_CELL[UNKNOWN] = cell(STYLE.unknown, 24);
STATE_CELL[READY] = cell(STYLE.ready, 15);
STATE_CELL[RUNNING] = cell(STYLE.running, 24);
STATE_CELL[BLOCKED] = cell(STYLE.blocked, 15);
STATE_CELL[SUSPENDED] = cell(STYLE.suspended, 6);
STATE_CELL[DELAYED] = cell(STYLE.delayed, 2);
STATE_CELL[DEAD] = 0;
STATE_CELL[BOOSTED] = cell(STYLE.boosted, 24);

export function cell(style, height) {
  return style | (height << 8);
}

// Adds stretches, in order of time, and settles each column when the next begins. `pure` gives
// the cell of a column that one slot fills; `mixed(shares, used)` that of a column with several.
export class Sampler {
  constructor(columns, slots) {
    this.cells = new Uint16Array(columns);
    this.shares = new Float64Array(slots);
    this.used = [];
    this.column = -1;
  }

  settle(mixed) {
    if (this.column >= 0 && this.column < this.cells.length && this.used.length) {
      this.cells[this.column] = mixed(this.shares, this.used);
    }
    for (const slot of this.used) this.shares[slot] = 0;
    this.used.length = 0;
  }

  put(column, slot, share, mixed) {
    if (column !== this.column) {
      this.settle(mixed);
      this.column = column;
    }
    if (share <= 0) return;
    if (this.shares[slot] === 0) this.used.push(slot);
    this.shares[slot] += share;
  }

  add(xa, xb, slot, pure, mixed) {
    const columns = this.cells.length;
    const a = Math.max(xa, 0);
    const b = Math.min(xb, columns);
    if (!(b > a)) return;
    const first = Math.floor(a);
    const last = Math.floor(b);
    if (first === last) {
      this.put(first, slot, b - a, mixed);
      return;
    }
    this.put(first, slot, first + 1 - a, mixed);
    if (last > first + 1) this.cells.fill(pure(slot), first + 1, last);
    if (last < columns) this.put(last, slot, b - last, mixed);
  }
}

function longest(shares, used) {
  return used.reduce((best, slot) => (shares[slot] > shares[best] ? slot : best), used[0]);
}

const shareHeight = (share) => Math.max(3, Math.min(FULL, Math.round(share * FULL)));

export function mixedState(shares, used) {
  const run = shares[RUNNING] + shares[BOOSTED];
  const running = shares[BOOSTED] > 0 ? STYLE.boosted : STYLE.running;
  if (shares[UNKNOWN] > 0 && shares[UNKNOWN] >= run) return STATE_CELL[UNKNOWN];
  if (run >= 0.5) return cell(running, shareHeight(run));
  const wait = shares[BLOCKED] >= shares[READY] ? BLOCKED : READY;
  if (shares[wait] >= 0.25) return STATE_CELL[wait];
  if (run > 0) return cell(running, shareHeight(run));
  return STATE_CELL[longest(shares, used)] ?? 0;
}

const pureState = (slot) => STATE_CELL[slot];

export function stateSlot(combo) {
  return combo.state === RUNNING && combo.boosted ? BOOSTED : combo.state;
}

// A colour of its own for each task, in order of their base priority; idle has none.
export function taskStyle(i, index) {
  return STYLE.task + (index.tasks[i].colour % TASK_COLOURS);
}

// ---- detail: rows from chunks ----

function taskDetail(sampler, row, chunks, index, k, from) {
  const { combos } = index;
  for (const chunk of chunks) {
    const pieces = chunk.tasks[row.i];
    for (let i = 0; i < pieces.n; i++) {
      const xb = (pieces.t[i + 1] - from) * k;
      if (xb <= 0) continue;
      const xa = (pieces.t[i] - from) * k;
      if (xa >= sampler.cells.length) break;
      sampler.add(xa, xb, stateSlot(combos[pieces.combo[i]]), pureState, mixedState);
    }
  }
  sampler.settle(mixedState);
}

function hartDetail(sampler, row, chunks, index, k, from) {
  const pure = (slot) =>
    index.tasks[slot].id === 0 ? cell(STYLE.idle, 2) : cell(taskStyle(slot, index), FULL);
  const mixed = (shares, used) => {
    const busy = used.filter((slot) => index.tasks[slot].id !== 0);
    if (!busy.length) return pure(used[0]);
    const share = busy.reduce((sum, slot) => sum + shares[slot], 0);
    return cell(taskStyle(longest(shares, busy), index), shareHeight(share));
  };
  for (const chunk of chunks) {
    for (const piece of hartPieces(chunk, index)[row.i] ?? []) {
      sampler.add((piece.from - from) * k, (piece.to - from) * k, piece.task, pure, mixed);
    }
  }
  sampler.settle(mixed);
}

// Things that may be shorter than a pixel and must still show: a column they touch is theirs.
function touch(cells, xa, xb, value) {
  const first = Math.max(0, Math.floor(xa));
  const last = Math.min(cells.length - 1, Math.max(first, Math.ceil(xb) - 1));
  for (let c = first; c <= last; c++) if (value >= cells[c]) cells[c] = value;
}

function itemsDetail(cells, items, k, from, value) {
  for (let i = 0; i < items.n; i++) {
    const xb = (items.to[i] - from) * k;
    const xa = (items.from[i] - from) * k;
    if (xb >= 0 && xa < cells.length) touch(cells, xa, xb, value);
  }
}

function objectDetail(cells, row, chunks, index, k, from) {
  for (const chunk of chunks) {
    itemsDetail(cells, chunk.objects[row.i], k, from, cell(STYLE.held, 12));
    for (const wait of waitPieces(chunk, index)[row.i]) {
      touch(cells, (wait.from - from) * k, (wait.to - from) * k, cell(STYLE.contended, FULL));
    }
  }
}

function marksDetail(cells, chunks, index, k, from) {
  for (const chunk of chunks) {
    const { events } = chunk;
    for (let i = 0; i < events.n; i++) {
      const x = (events.t[i] - from) * k;
      if (x >= 0 && x < cells.length && index.userCodes.has(events.code[i]))
        touch(cells, x, x + 1.5, cell(STYLE.mark, 18));
    }
  }
}

// ---- summary: rows from tiles ----

// Calls back for each column with the range of buckets under it; `get(k)` yields a tile or
// undefined.
function overBuckets(columns, level, view, visit) {
  const perColumn = (view.to - view.from) / columns / level.width;
  const first = view.from / level.width;
  for (let c = 0; c < columns; c++) {
    const low = Math.floor(first + c * perColumn);
    const high = Math.max(low + 1, Math.floor(first + (c + 1) * perColumn));
    if (high <= 0 || low >= level.buckets) continue;
    visit(c, Math.max(0, low), Math.min(level.buckets, high));
  }
}

function taskSummary(sampler, row, source, view) {
  const shares = sampler.shares;
  overBuckets(sampler.cells.length, source.level, view, (c, low, high) => {
    const used = [];
    shares.fill(0);
    for (let b = low; b < high; b++) {
      const states = source.tile(b)?.tasks[row.i];
      if (!states) continue;
      for (let s = 0; s < SHARES; s++) shares[s] += states[s][b % TILE] / 255 / (high - low);
    }
    for (let s = 0; s < SHARES; s++) if (shares[s] > 0) used.push(s);
    if (used.length)
      sampler.cells[c] =
        used.length === 1 && shares[used[0]] > 0.99
          ? STATE_CELL[used[0]]
          : mixedState(shares, used);
  });
}

function hartSummary(cells, source, view, index) {
  overBuckets(cells.length, source.level, view, (c, low, high) => {
    let busy = 0;
    let best = -1;
    let most = 0;
    index.tasks.forEach((task, i) => {
      if (task.id === 0) return;
      let run = 0;
      for (let b = low; b < high; b++) run += source.tile(b)?.tasks[i][RUNNING][b % TILE] ?? 0;
      busy += run;
      if (run > most) [most, best] = [run, i];
    });
    if (best >= 0)
      cells[c] = cell(taskStyle(best, index), shareHeight(busy / 255 / (high - low) / index.harts));
  });
}

function shareSummary(cells, source, view, columnsOf, choose) {
  overBuckets(cells.length, source.level, view, (c, low, high) => {
    let any = 0;
    for (let b = low; b < high; b++) {
      const tile = source.tile(b);
      if (tile) any = Math.max(any, choose(columnsOf(tile), b % TILE));
    }
    cells[c] = any;
  });
}

const SUMMARIES = {
  isr: (row) => [
    (tile) => tile.isrs[row.i],
    ([share], b) => (share[b] ? cell(STYLE.isr, shareHeight(share[b] / 255)) : 0),
  ],
  object: (row) => [
    (tile) => tile.objects[row.i],
    ([held, wait], b) => {
      if (wait[b]) return cell(STYLE.contended, FULL);
      return held[b] ? cell(STYLE.held, 12) : 0;
    },
  ],
  span: (row) => [
    (tile) => tile.spans[row.i],
    ([share], b) => (share[b] ? cell(STYLE.span, 18) : 0),
  ],
  marks: () => [(tile) => [tile.marks], ([count], b) => (count[b] ? cell(STYLE.mark, 18) : 0)],
};

// ---- counters: a rectangle per column from the least to the greatest value ----

export function counterRange(row, source, view, columns) {
  const low = new Float64Array(columns).fill(NaN);
  const high = new Float64Array(columns).fill(NaN);
  const put = (c, value) => {
    if (!(low[c] <= value)) low[c] = value;
    if (!(high[c] >= value)) high[c] = value;
  };
  if (source.chunks) counterDetail(row, source, view, columns, put);
  else {
    overBuckets(columns, source.level, view, (c, first, last) => {
      for (let b = first; b < last; b++) {
        const points = source.tile(b)?.counters[row.i];
        if (!points || points.low[b % TILE] > points.high[b % TILE]) continue;
        put(c, points.low[b % TILE]);
        put(c, points.high[b % TILE]);
      }
    });
  }
  return { low, high };
}

function counterDetail(row, source, view, columns, put) {
  const k = columns / (view.to - view.from);
  for (const chunk of source.chunks) {
    const points = chunk.counters[row.i];
    for (let i = 0; i < points.n; i++) {
      const end = i + 1 < points.n ? points.t[i + 1] : chunk.to;
      const first = Math.max(0, Math.floor((points.t[i] - view.from) * k));
      const last = Math.min(columns - 1, Math.floor((end - view.from) * k));
      for (let c = first; c <= last; c++) put(c, points.value[i]);
    }
  }
}

// ---- loss ----

function lossCells(cells, index, k, from) {
  for (const [, a, b] of index.gaps) {
    const xa = (a - from) * k;
    const xb = (b - from) * k;
    if (xb >= 0 && xa < cells.length)
      touch(cells, xa, Math.max(xb, xa + 2), cell(STYLE.loss, FULL));
  }
}

// Where a view's rows come from: chunks when few enough cover it and all are unpacked, else the
// coarsest level that still has a bucket per column, or a coarser one while that is on its way.
export function sourceFor(store, view, columns) {
  const { first, last } = store.chunkRange(view.from, view.to);
  const { live } = store.index;
  const few = last >= first && last - first < DETAIL_CHUNKS && store.covered(view.from, view.to);
  if (!live && !few) return { chunks: null, ...summaryFor(store, view, columns) };
  const chunks = [];
  for (let i = first; i <= last; i++) {
    const chunk = store.chunk(i);
    if (chunk) chunks.push(chunk);
  }
  // A live trace has no summaries: what is not here yet is drawn when it comes.
  if (live || chunks.length === last - first + 1) return { chunks };
  return { chunks: null, ...summaryFor(store, view, columns) };
}

function summaryFor(store, view, columns) {
  const { levels } = store.index;
  const pixel = (view.to - view.from) / columns;
  let want = 0;
  while (want + 1 < levels.length && levels[want + 1].width <= pixel) want += 1;
  for (let l = want; l < levels.length; l++) {
    const level = levels[l];
    const first = Math.max(0, Math.floor(view.from / level.width / TILE));
    const last = Math.min(
      Math.ceil(level.buckets / TILE) - 1,
      Math.floor(view.to / level.width / TILE),
    );
    const tiles = new Map();
    for (let k = first; k <= last; k++) tiles.set(k, store.tile(l, k));
    if ([...tiles.values()].every(Boolean))
      return { level, tile: (b) => tiles.get(Math.floor(b / TILE)) };
  }
  return { level: levels[levels.length - 1] ?? { width: 1, buckets: 0 }, tile: () => undefined };
}

// The cells of a row; `slots` must hold every task for a hart's row.
export function rowCells(row, source, view, columns, index) {
  const sampler = new Sampler(columns, Math.max(16, index.tasks.length));
  const { cells } = sampler;
  const k = columns / (view.to - view.from);
  const { chunks } = source;
  if (row.kind === 'loss') lossCells(cells, index, k, view.from);
  else if (row.kind === 'task')
    chunks
      ? taskDetail(sampler, row, chunks, index, k, view.from)
      : taskSummary(sampler, row, source, view);
  else if (row.kind === 'hart')
    chunks
      ? hartDetail(sampler, row, chunks, index, k, view.from)
      : hartSummary(cells, source, view, index);
  else if (chunks) itemRow(cells, row, chunks, index, k, view.from);
  else if (SUMMARIES[row.kind]) shareSummary(cells, source, view, ...SUMMARIES[row.kind](row));
  return cells;
}

function itemRow(cells, row, chunks, index, k, from) {
  if (row.kind === 'object') objectDetail(cells, row, chunks, index, k, from);
  else if (row.kind === 'marks') marksDetail(cells, chunks, index, k, from);
  else if (row.kind === 'isr')
    for (const chunk of chunks)
      itemsDetail(cells, chunk.isrs[row.i], k, from, cell(STYLE.isr, FULL));
  else if (row.kind === 'span')
    for (const chunk of chunks)
      itemsDetail(cells, chunk.spans[row.i], k, from, cell(STYLE.span, 18));
}

// Runs of equal cells: calls back (column, columns, cell) for each that shows something.
export function runs(cells, visit) {
  let start = 0;
  for (let c = 1; c <= cells.length; c++) {
    if (c < cells.length && cells[c] === cells[start]) continue;
    if (cells[start]) visit(start, c - start, cells[start]);
    start = c;
  }
}
