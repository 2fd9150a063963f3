// SPDX-License-Identifier: MIT
// Search: rows by name, moments by number, and events by what they say. Events are looked for in
// unpacked order of time, a chunk after the other, and at most MOST are kept; the page says when
// it stopped early.
import { eventAt, eventText } from './events.js';

export const MOST = 500;

// "1.25 s", "1250 ms", "#4711" (event number): a moment, else null.
export function parseMoment(text, index) {
  const time = /^@?\s*([0-9]*\.?[0-9]+)\s*(s|ms|us|µs|ns)$/i.exec(text.trim());
  if (!time) return null;
  const scale = { s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 }[time[2].toLowerCase()];
  return Number(time[1]) * scale * index.hz - index.start;
}

export function parseEventNumber(text) {
  const number = /^#\s*([0-9]+)$/.exec(text.trim());
  return number ? Number(number[1]) : null;
}

export function matchRows(rows, text) {
  const needle = text.toLowerCase();
  return rows.filter(
    (row) =>
      row.kind !== 'group' && row.kind !== 'side' && row.label.toLowerCase().includes(needle),
  );
}

// Events whose line contains every word. `step` is called after each chunk with the share done;
// returning false stops.
export async function searchEvents(store, text, step = () => true) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  const { chunks } = store.index;
  for (let c = 0; c < chunks.length && found.length < MOST; c++) {
    const chunk = await store.loadChunk(c);
    for (let i = 0; i < chunk.events.n && found.length < MOST; i++) {
      const event = eventAt(chunk, i);
      const line = eventText(event, store).toLowerCase();
      if (words.every((word) => line.includes(word))) found.push(event);
    }
    if (!step((c + 1) / chunks.length)) break;
  }
  return found;
}

// The event with this number, or null where the report holds no detail.
export async function eventByNumber(store, number) {
  const { chunks } = store.index;
  const c = chunks.findIndex(([, , first, events]) => number >= first && number < first + events);
  if (c < 0) return null;
  return eventAt(await store.loadChunk(c), number - chunks[c][2]);
}
