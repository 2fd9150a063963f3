// SPDX-License-Identifier: MIT
// One trace in the page: its index, and the blocks that are unpacked at this moment.
//
// Opening unpacks the index and the top of the pyramid only. The rest is unpacked when a view
// first needs it and forgotten again, least recently used first. What a view cannot have yet it
// draws from a coarser level; `onload` says when to draw again.
import { fromBase64, inflate, lastAtMost } from './bytes.js';
import { decodeChunk, decodeTile, expandCombos, RUNNING } from './blocks.js';

export const TILE = 2048; // buckets of a tile
export const DETAIL_CHUNKS = 8; // a view of more chunks than this is drawn from summaries
const KEEP = 160 << 20; // bytes of memory for unpacked blocks, about
const UNPACKED = { c: 8, l: 1, i: 2 }; // what a byte of a chunk, tile, index becomes, about

// Where a report's blocks come from: elements of the page, unpacked by name.
export function pageBlocks(doc, prefix) {
  const work = { blocks: 0, packed: 0, unpacked: 0 };
  const get = async (name) => {
    const element = doc.getElementById(prefix + name);
    if (!element) return null;
    const packed = fromBase64(element.textContent);
    const bytes = await inflate(packed);
    work.blocks += 1;
    work.packed += packed.length;
    work.unpacked += bytes.length;
    return bytes;
  };
  return { get, work };
}

export async function openStore(blocks) {
  const bytes = await blocks.get('index');
  if (!bytes) throw new Error('the report holds no index');
  return new Store(JSON.parse(new TextDecoder().decode(bytes)), blocks);
}

export class Store {
  constructor(index, blocks) {
    this.blocks = blocks;
    this.cache = new Map();
    this.held = 0;
    this.failed = new Set();
    this.onload = () => {};
    this.adopt(index);
  }

  // A new index: at opening, and whenever a live trace has grown.
  adopt(index) {
    index.combos = expandCombos(index.combos);
    this.index = index;
    this.chunkFrom = Float64Array.from(index.chunks, (c) => c[0]);
    this.byCode = new Map();
    for (const d of index.table)
      for (let k = 0; k < 1 << d.sub; k++) this.byCode.set(d.code + k, d);
    this.taskById = new Map(index.tasks.map((task, i) => [task.id, i]));
    this.objectByAddr = new Map(index.objects.map((object, i) => [object.addr, i]));
  }

  // A block if it is unpacked; else undefined, and it is on its way.
  peek(name, decode) {
    const known = this.cache.get(name);
    if (known === undefined) {
      if (!this.failed.has(name)) this.load(name, decode).catch(() => {});
      return undefined;
    }
    this.cache.delete(name);
    this.cache.set(name, known);
    return known.value;
  }

  load(name, decode) {
    const known = this.cache.get(name);
    if (known) return known.promise;
    const entry = { value: undefined, promise: null, bytes: 0 };
    entry.promise = this.blocks
      .get(name)
      .then((bytes) => {
        if (!bytes) throw new Error(`block ${name} is not in the report`);
        entry.value = decode(bytes);
        entry.bytes = bytes.length * UNPACKED[name[0]];
        this.held += entry.bytes;
        this.trim();
        this.onload();
        return entry.value;
      })
      .catch((error) => {
        if (!this.index.live) this.failed.add(name); // a live trace may have it a moment later
        this.cache.delete(name);
        throw error;
      });
    this.cache.set(name, entry);
    return entry.promise;
  }

  trim() {
    for (const [name, entry] of this.cache) {
      if (this.held <= KEEP) return;
      if (entry.value === undefined) continue;
      this.cache.delete(name);
      this.held -= entry.bytes;
    }
  }

  // A chunk's name is its number in the whole run; the index names those that are in the report.
  // The open chunk of a live trace has a version too, because it changes.
  chunkName(i) {
    const [, , , , number, version] = this.index.chunks[i];
    return version === undefined ? `c${number}` : `c${number}.${version}`;
  }

  decoder(i) {
    const place = this.index.chunks[i];
    const index = this.index;
    return (bytes) => decodeChunk(bytes, index, place);
  }

  chunk(i) {
    return this.peek(this.chunkName(i), this.decoder(i));
  }

  loadChunk(i) {
    return this.load(this.chunkName(i), this.decoder(i));
  }

  tile(level, k) {
    const { buckets } = this.index.levels[level];
    const size = Math.min(TILE, buckets - k * TILE);
    return this.peek(`l${level}-${k}`, (bytes) => decodeTile(bytes, this.index, size));
  }

  loadTop() {
    const level = this.index.levels.length - 1;
    if (level < 0) return Promise.resolve(null);
    const { buckets } = this.index.levels[level];
    return this.load(`l${level}-0`, (bytes) => decodeTile(bytes, this.index, buckets));
  }

  // Numbers of the chunks that overlap [from, to), as a range; empty when first > last.
  chunkRange(from, to) {
    const { chunks } = this.index;
    let first = Math.max(0, lastAtMost(this.chunkFrom, from));
    if (chunks.length && chunks[first][1] <= from) first += 1;
    const last = lastAtMost(this.chunkFrom, to);
    return { first, last: last >= 0 && chunks[last][0] >= to ? last - 1 : last };
  }

  // Is every moment of [from, to) inside some chunk?
  covered(from, to) {
    const { first, last } = this.chunkRange(from, to);
    const { chunks, duration } = this.index;
    let at = Math.max(0, from);
    for (let i = first; i <= last; i++) {
      if (chunks[i][0] > at) return false;
      at = chunks[i][1];
    }
    return at >= Math.min(to, duration);
  }

  async chunksBetween(from, to) {
    const { first, last } = this.chunkRange(from, to);
    const out = [];
    for (let i = first; i <= last; i++) out.push(await this.loadChunk(i));
    return out;
  }

  async chunkAt(t) {
    const i = lastAtMost(this.chunkFrom, t);
    if (i < 0 || (this.index.chunks[i][1] <= t && i !== this.index.chunks.length - 1)) return null;
    return this.loadChunk(i);
  }
}

// The running pieces of each hart in a chunk, in order: {from, to, task, combo}. Made once per
// chunk.
export function hartPieces(chunk, index) {
  if (chunk.harts) return chunk.harts;
  chunk.harts = Array.from({ length: index.harts }, () => []);
  chunk.tasks.forEach((row, task) => {
    for (let i = 0; i < row.n; i++) {
      const combo = index.combos[row.combo[i]];
      if (combo.state === RUNNING && chunk.harts[combo.hart]) {
        chunk.harts[combo.hart].push({ from: row.t[i], to: row.t[i + 1], task, combo });
      }
    }
  });
  for (const list of chunk.harts) list.sort((a, b) => a.from - b.from);
  return chunk.harts;
}

// When each hart was in a handler, nested ones inside the outermost: {from, to} in order. Made
// once.
function handlerPieces(chunk, index) {
  if (chunk.handlers) return chunk.handlers;
  chunk.handlers = Array.from({ length: index.harts }, () => []);
  for (const items of chunk.isrs) {
    for (let i = 0; i < items.n; i++)
      if (items.depth[i] <= 1)
        chunk.handlers[items.hart[i]]?.push({ from: items.from[i], to: items.to[i] });
  }
  for (const list of chunk.handlers) list.sort((a, b) => a.from - b.from);
  return chunk.handlers;
}

// Time of [from, to) that a hart spent in handlers, as far as this chunk tells.
export function handlerTime(chunk, index, hart, from, to) {
  const pieces = handlerPieces(chunk, index)[hart] ?? [];
  let sum = 0;
  for (let i = firstEndingAfter(pieces, from); i < pieces.length && pieces[i].from < to; i++)
    sum += Math.min(pieces[i].to, to) - Math.max(pieces[i].from, from);
  return sum;
}

// In a list sorted by time: the first that ends after t.
export function firstEndingAfter(pieces, t) {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (pieces[mid].to > t) high = mid;
    else low = mid + 1;
  }
  return low;
}

// Who waits for each object in a chunk: {from, to, task, combo} in order, per object. Made once
// per chunk.
export function waitPieces(chunk, index) {
  if (chunk.waits) return chunk.waits;
  chunk.waits = index.objects.map(() => []);
  chunk.tasks.forEach((row, task) => {
    for (let i = 0; i < row.n; i++) {
      const combo = index.combos[row.combo[i]];
      if (combo.state === 3 && combo.object >= 0)
        chunk.waits[combo.object].push({ from: row.t[i], to: row.t[i + 1], task, combo });
    }
  });
  for (const list of chunk.waits) list.sort((a, b) => a.from - b.from);
  return chunk.waits;
}

// The piece of a task at a moment: {from, to, combo, i}; null where the chunk has none.
export function pieceAt(row, t) {
  const i = lastAtMost(row.t, t, row.n);
  if (i < 0 || i >= row.n || t >= row.t[i + 1]) return null;
  return { from: row.t[i], to: row.t[i + 1], combo: row.combo[i], i };
}
