// SPDX-License-Identifier: MIT
// Single events: their fields by the event table of the trace, and how they read. The rules for a
// field's place are those of Documentation/SPEC.md section 4; the page knows no event by its
// code.
import { LOSSES, REASONS } from './blocks.js';
import { hex } from './units.js';
import { lastAtMost } from './bytes.js';

const WHY = ['set by a call', 'inherited', 'inheritance ended'];
const STATE_NAMES = ['stopped', 'ready', 'running', 'blocked', 'suspended', 'delayed'];

export function eventAt(chunk, i) {
  const { events } = chunk;
  return {
    number: events.first + i,
    t: events.t[i],
    code: events.code[i],
    hart: events.hart[i],
    arg: events.arg[i],
    words: events.word.subarray(events.at[i], events.at[i + 1]),
  };
}

// [kind, bits, shift, word]: S the code's low bits, A bits of the argument, W a word, M the words
// from there on.
export function fieldValue(event, desc, field) {
  if (field.kind === 'S') return event.code - desc.code;
  if (field.kind === 'A') return Math.floor(event.arg / 2 ** field.shift) % 2 ** field.bits;
  return event.words[field.word] ?? 0;
}

function textWord(value) {
  const bytes = [value, value >>> 8, value >>> 16, value >>> 24]
    .map((b) => b & 255)
    .filter((b) => b);
  return bytes.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '?')).join('');
}

const SHOW = {
  task: (v, s) =>
    s.taskById.has(v)
      ? `${s.index.tasks[s.taskById.get(v)].name}`
      : v === 0xffff
        ? 'boot'
        : `task ${v}`,
  obj: (v, s) =>
    s.index.names.obj[v] ??
    (s.objectByAddr.has(v) ? s.index.objects[s.objectByAddr.get(v)].name : hex(v)),
  code: (v, s) => s.index.names.code[v] ?? hex(v),
  tag: (v, s) => s.index.names.tag[v] ?? `tag ${v}`,
  result: (v) => String(v | 0),
  state: (v) => STATE_NAMES[v] ?? String(v),
  reason: (v, s, desc) => (desc.name === 'task_ready' ? REASONS : WHY)[v] ?? String(v),
  text: textWord,
  addr: hex,
  hex,
};

// `desc` is the event's description: a reason means another thing in each event.
export function showValue(value, type, store, desc) {
  return (SHOW[type] ?? String)(value, store, desc);
}

const CONVERSION = /%[-+ #0]*\d*(?:\.\d+)?[hlz]*([diuxXcp%])/g;

// A message whose format string stayed on the host; a conversion without an argument stays as it
// is.
export function formatLog(format, words) {
  let next = 0;
  return format.replace(CONVERSION, (whole, kind) => {
    if (kind === '%') return '%';
    if (next >= words.length) return whole;
    const word = words[next++];
    if (kind === 'd' || kind === 'i') return String(word | 0);
    if (kind === 'u') return String(word >>> 0);
    if (kind === 'c') return word >= 32 && word < 127 ? String.fromCharCode(word) : '?';
    return kind === 'p' ? hex(word) : (word >>> 0).toString(16);
  });
}

// [{name, text}] of an event.
export function eventFields(event, store) {
  const desc = store.byCode.get(event.code);
  if (desc?.name === 'log') {
    const format = store.index.names.tag[event.arg] ?? `tag ${event.arg}`;
    return [{ name: 'text', type: 'text', text: formatLog(format, event.words) }];
  }
  if (!desc) return [{ name: 'code', text: hex(event.code) }];
  return desc.fields.map((field) => ({
    name: field.name,
    type: field.type,
    text: showValue(fieldValue(event, desc, field), field.type, store, desc),
  }));
}

export function eventName(event, store) {
  return store.byCode.get(event.code)?.name ?? `event ${event.code}`;
}

export function eventText(event, store) {
  return `${eventName(event, store)} ${eventFields(event, store)
    .map((f) => `${f.name}=${f.text}`)
    .join(' ')}`.trim();
}

// Events of a chunk around a moment: up to `each` on both sides.
export function eventsAround(chunk, t, each) {
  const middle = lastAtMost(chunk.events.t, t);
  const out = [];
  for (
    let i = Math.max(0, middle - each + 1);
    i <= Math.min(chunk.events.n - 1, middle + each);
    i++
  )
    out.push(eventAt(chunk, i));
  return out;
}

// The task names in an event's fields, for searching by what a reader sees.
export function gapText([hart, , , events, cause]) {
  const count = events === null ? 'an unknown number of' : String(events);
  return `${count} events lost on hart ${hart}: ${LOSSES[cause] ?? 'unknown cause'}`;
}
