// SPDX-License-Identifier: MIT
// The rows of the timeline: which there are, in which order, how high, and where they are on the
// screen.
//
// A row is {key, kind, i, side, label, note, height, group}. `key` is stable ("task:5"), so that
// links, searches and tests can name it; `side` is the trace it belongs to (0, or 1 for the
// second of two); `i` counts within its kind in the index.
import { KINDS } from './blocks.js';

export const HEIGHTS = {
  group: 24,
  hart: 30,
  isr: 20,
  task: 32,
  object: 22,
  span: 20,
  counter: 40,
  marks: 18,
  loss: 18,
};
const IDLE = 0;
const BOOT = 0xffff;

export function isRealTask(task) {
  return task.id !== IDLE && task.id !== BOOT;
}

function taskOrder(index) {
  return index.tasks
    .map((task, i) => ({ task, i }))
    .filter(({ task }) => isRealTask(task))
    .sort((a, b) => a.task.base - b.task.base || a.task.id - b.task.id);
}

function priorityNote(task) {
  return task.base === 255 ? `task ${task.id}` : `prio ${task.base} · task ${task.id}`;
}

function groupsOf(index) {
  const groups = [];
  const add = (name, kind, rows) => {
    if (rows.length) groups.push({ name, kind, rows });
  };
  add(
    'Losses',
    'loss',
    index.gaps.length ? [{ i: 0, label: 'lost events', note: `${index.gaps.length} gaps` }] : [],
  );
  add(
    'Processor',
    'hart',
    Array.from({ length: index.harts }, (_, i) => ({ i, label: `hart ${i}`, note: 'who runs' })),
  );
  add(
    'Interrupts',
    'isr',
    index.isrs.map((isr, i) => ({ i, label: isr.name, note: `cause ${isr.cause}` })),
  );
  add(
    'Tasks',
    'task',
    taskOrder(index).map(({ task, i }) => ({ i, label: task.name, note: priorityNote(task) })),
  );
  add(
    'Objects',
    'object',
    index.objects
      .map((object, i) => ({ i, object, label: object.name, note: KINDS[object.kind] }))
      .filter(({ object }) => object.used),
  );
  add(
    'Spans',
    'span',
    index.spans.map((span, i) => ({
      i,
      label: span.name,
      note: index.tasks[span.task]?.name ?? '',
    })),
  );
  add(
    'Counters',
    'counter',
    index.counters.map((counter, i) => ({ i, label: counter.name, note: 'counter' })),
  );
  add(
    'Marks',
    'marks',
    index.marks ? [{ i: 0, label: 'marks and logs', note: `${index.marks}` }] : [],
  );
  return groups;
}

function sideHeader(trace, side) {
  return {
    key: `side:${side}`,
    kind: 'side',
    side,
    i: 0,
    label: `${side ? 'B' : 'A'}  ${trace.store.index.title}`,
    note: '',
    height: HEIGHTS.group,
  };
}

const FIRST = ['loss', 'hart', 'task', 'object']; // what a comparison shows without being asked

function groupHeader(key, kind, side, label, note, folded) {
  const height = HEIGHTS.group;
  return { key, kind: 'group', of: kind, side, i: 0, label, note, height, folded: folded.has(key) };
}

function memberRows(group, side, two) {
  const shorter = two ? 6 : 0;
  return group.rows.map((row) => ({
    ...row,
    key: two ? `${group.kind}:${row.i}:${side}` : `${group.kind}:${row.i}`,
    kind: group.kind,
    side,
    height: Math.max(18, HEIGHTS[group.kind] - shorter),
    group: group.name,
  }));
}

function rowsOfOne(groups, folded) {
  return groups.flatMap((group) => {
    const note = String(group.rows.length);
    const header = groupHeader(`group:${group.kind}:0`, group.kind, 0, group.name, note, folded);
    return header.folded ? [header] : [header, ...memberRows(group, 0, false)];
  });
}

// Two runs one above the other: without headers, and with what few look at first behind one fold,
// so that both fit on the screen.
function rowsOfTwo(groups, side, folded) {
  const first = groups.filter((group) => FIRST.includes(group.kind));
  const rest = groups.filter((group) => !FIRST.includes(group.kind));
  const rows = first.flatMap((group) => memberRows(group, side, true));
  if (!rest.length) return rows;
  const label = rest.map((group) => group.name).join(', ');
  const header = groupHeader(`group:rest:${side}`, 'rest', side, label, '', folded);
  return header.folded
    ? [...rows, header]
    : [...rows, header, ...rest.flatMap((group) => memberRows(group, side, true))];
}

export const FOLDED_AT_FIRST = ['group:rest:0', 'group:rest:1'];

// traces: [{store, shift}]; folded: set of keys of headers whose rows are hidden.
export function buildRows(traces, folded) {
  const two = traces.length > 1;
  const rows = traces.flatMap((trace, side) => {
    const groups = groupsOf(trace.store.index);
    return two
      ? [sideHeader(trace, side), ...rowsOfTwo(groups, side, folded)]
      : rowsOfOne(groups, folded);
  });
  let top = 0;
  for (const row of rows) {
    row.top = top;
    top += row.height;
  }
  return rows;
}

export function totalHeight(rows) {
  const last = rows[rows.length - 1];
  return last ? last.top + last.height : 0;
}

// Rows that a window of `height` pixels at `scroll` shows.
export function visibleRows(rows, scroll, height) {
  return rows.filter((row) => row.top + row.height > scroll && row.top < scroll + height);
}

export function rowAt(rows, y) {
  return rows.find((row) => y >= row.top && y < row.top + row.height) ?? null;
}

export function rowFor(rows, kind, i, side) {
  return rows.find((row) => row.kind === kind && row.i === i && row.side === side) ?? null;
}
