// SPDX-License-Identifier: MIT
// Wheel, drag, pinch and keys. Input only calls the App; it draws nothing.
//
//   wheel zooms where the pointer is (shift or a sideways wheel pans; over the names it scrolls)
//   drag pans in both directions; drag with shift, or in the ruler, measures; two fingers pinch
//   keys: KEYS below, which the help dialog prints too
import { h, byId } from './dom.js';
import { rowAt, rowFor } from './rows.js';
import { joinedPieces } from './ledger.js';
import { RULER } from './draw.js';
import { xToTime } from './view.js';
import { findingStops } from './findings.js';

const CLICK = 5; // pixels that a click may wander
const SNAP = 6; // pixels from which an edge of a piece attracts a measuring mark

export const KEYS = [
  ['← →', 'pan'],
  ['+ −', 'zoom (also w and s)'],
  ['↑ ↓', 'select the row above or below'],
  [', .', 'previous, next change in the selected row'],
  ['Enter', 'details of the selection'],
  ['f', 'zoom to the selection or the measured stretch'],
  ['0', 'the whole run'],
  ['m', 'set a measuring mark; the second one measures'],
  ['b', 'bookmark this moment'],
  ['[ ]', 'previous, next finding'],
  ['/', 'search'],
  ['n N', 'next, previous match'],
  ['x', 'wake-up arrows on or off'],
  ['t', 'light or dark'],
  ['PgUp PgDn', 'scroll the rows'],
  ['Esc', 'let go of selection and marks'],
  ['?', 'this help'],
];

export function bindInput(app, canvas) {
  bindWheel(app, canvas);
  bindPointer(app, canvas);
  canvas.addEventListener('keydown', (e) => {
    if (canvasKey(app, canvas, e)) e.preventDefault();
  });
  document.addEventListener('keydown', (e) => {
    if (typing(e)) return;
    if (pageKey(app, e) || (e.target === document.body && canvasKey(app, canvas, e)))
      e.preventDefault();
  });
  canvas.addEventListener('mousemove', (e) => {
    app.pointer = { x: e.offsetX, y: e.offsetY, clientX: e.clientX, clientY: e.clientY };
    app.tell('hover');
  });
  canvas.addEventListener('mouseleave', () => {
    app.pointer = null;
    app.tell('hover');
  });
  bindOverview(app, byId('overview'));
}

function typing(e) {
  return (
    e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.('input, select, dialog[open]') !== null
  );
}

// ---- wheel ----

function bindWheel(app, canvas) {
  canvas.addEventListener(
    'wheel',
    (e) => {
      e.preventDefault();
      const unit = e.deltaMode === 1 ? 33 : 1;
      if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        app.pan(((e.deltaX || e.deltaY) * unit) / canvas.clientWidth);
        return;
      }
      const at = xToTime(app.view, canvas.clientWidth, e.offsetX);
      app.zoom(Math.exp(Math.max(-240, Math.min(240, e.deltaY * unit)) * 0.0022), at);
    },
    { passive: false },
  );
  byId('labels').addEventListener(
    'wheel',
    (e) => {
      e.preventDefault();
      app.setScroll(
        app.scroll + e.deltaY * (e.deltaMode === 1 ? 33 : 1),
        canvas.clientHeight - RULER,
      );
    },
    { passive: false },
  );
}

// ---- pointers: one pans, measures or clicks; two pinch ----

function bindPointer(app, canvas) {
  const pointers = new Map();
  let drag = null;
  canvas.addEventListener('pointerdown', (e) => {
    if (e.button !== 0) return;
    canvas.setPointerCapture(e.pointerId);
    pointers.set(e.pointerId, { x: e.offsetX, y: e.offsetY });
    drag =
      pointers.size === 1
        ? startDrag(app, canvas, e)
        : startPinch(app, canvas, [...pointers.values()]);
  });
  canvas.addEventListener('pointermove', (e) => {
    if (!pointers.has(e.pointerId) || !drag) return;
    pointers.set(e.pointerId, { x: e.offsetX, y: e.offsetY });
    drag.move(e, [...pointers.values()]);
  });
  const up = (e) => {
    if (!pointers.delete(e.pointerId)) return;
    canvas.classList.remove('panning');
    if (drag && e.type === 'pointerup' && !pointers.size) drag.end(e);
    if (!pointers.size) drag = null;
  };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
}

function startDrag(app, canvas, e) {
  const start = { x: e.offsetX, y: e.offsetY, view: { ...app.view }, scroll: app.scroll };
  const measures = e.shiftKey || e.offsetY < RULER;
  let moved = false;
  const time = (x) => xToTime(start.view, canvas.clientWidth, x);
  const move = (now) => {
    if (!moved && Math.hypot(now.offsetX - start.x, now.offsetY - start.y) < CLICK) return;
    moved = true;
    if (measures) {
      app.setRange(
        snap(app, time(start.x), start.y, canvas),
        snap(app, time(now.offsetX), now.offsetY, canvas),
      );
      return;
    }
    canvas.classList.add('panning');
    const shift =
      ((start.x - now.offsetX) / canvas.clientWidth) * (start.view.to - start.view.from);
    app.setView({ from: start.view.from + shift, to: start.view.to + shift });
    app.setScroll(start.scroll + start.y - now.offsetY, canvas.clientHeight - RULER);
  };
  return {
    move,
    end: () => {
      if (!moved) click(app, canvas, start.x, start.y);
    },
  };
}

function startPinch(app, canvas, [a, b]) {
  const start = {
    view: { ...app.view },
    middle: (a.x + b.x) / 2,
    apart: Math.max(20, Math.abs(a.x - b.x)),
  };
  const at = xToTime(start.view, canvas.clientWidth, start.middle);
  return {
    move: (_, [p, q]) => {
      if (!q) return;
      const span =
        (start.view.to - start.view.from) * (start.apart / Math.max(20, Math.abs(p.x - q.x)));
      const from = at - ((p.x + q.x) / 2 / canvas.clientWidth) * span;
      app.setView({ from, to: from + span });
    },
    end: () => {},
  };
}

function click(app, canvas, x, y) {
  const t = xToTime(app.view, canvas.clientWidth, x);
  app.cursor = t;
  const row = y >= RULER ? rowAt(app.rows, y - RULER + app.scroll) : null;
  if (!row) app.placeMark(t);
  else if (row.kind === 'group') app.fold(row);
  else if (row.kind !== 'side') app.select(row, pick(app, row, t));
}

// ---- edges ----

// Loaded pieces of a task row in the window, in the row's own time.
function loadedPieces(app, row) {
  const { store, shift } = app.traces[row.side];
  const { first, last } = store.chunkRange(app.view.from + shift, app.view.to + shift);
  const chunks = [];
  for (let i = first; i <= last && chunks.length < 8; i++) {
    const chunk = store.chunk(i);
    if (chunk) chunks.push(chunk);
  }
  return joinedPieces(chunks, row.i);
}

// The moment a click at t means: pieces thinner than a few pixels are easier to hit than to aim
// at.
function pick(app, row, viewTime) {
  const t = viewTime + app.traces[row.side].shift;
  if (row.kind !== 'task') return t;
  const reach = (app.width() / app.pixels()) * 3;
  const index = app.traces[row.side].store.index;
  let best = null;
  for (const piece of loadedPieces(app, row)) {
    if (piece.to < t - reach || piece.from > t + reach) continue;
    const { state } = index.combos[piece.combo];
    const thin = piece.to - piece.from < reach && (state === 1 || state === 2 || state === 3);
    const inside = piece.from <= t && t < piece.to;
    const score = thin ? 2 : inside ? 1 : 0;
    if (!best || score > best.score) best = { score, piece, inside };
  }
  return best && !best.inside && best.score === 2 ? (best.piece.from + best.piece.to) / 2 : t;
}

function snap(app, t, y, canvas) {
  const row = rowAt(app.rows, y - RULER + app.scroll);
  if (!row || row.kind !== 'task') return t;
  const { shift } = app.traces[row.side];
  const reach = (app.width() / canvas.clientWidth) * SNAP;
  let best = t;
  let distance = reach;
  for (const piece of loadedPieces(app, row)) {
    for (const edge of [piece.from - shift, piece.to - shift]) {
      if (Math.abs(edge - t) < distance) [best, distance] = [edge, Math.abs(edge - t)];
    }
  }
  return best;
}

// ---- keys ----

function moveRow(app, step) {
  const rows = app.rows.filter((row) => row.kind !== 'group' && row.kind !== 'side');
  const at = rows.findIndex((row) => row.key === app.selected?.key);
  const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
  if (row)
    app.select(
      row,
      app.selected && app.selected.side === row.side ? app.selected.t : app.cursorTime(row.side),
      true,
    );
  app.tell('reveal');
}

function moveEdge(app, step) {
  const { selected } = app;
  if (!selected || selected.kind !== 'task') return;
  const edges = loadedPieces(app, selected).map((piece) => piece.from);
  const next =
    step > 0 ? edges.find((t) => t > selected.t) : edges.filter((t) => t < selected.t).pop();
  const row = rowFor(app.rows, selected.kind, selected.i, selected.side);
  if (next !== undefined && row)
    app.goTo({ kind: 'task', i: selected.i, side: selected.side, t: next });
}

function moveFinding(app, step) {
  const stops = findingStops(app);
  if (!stops.length) return;
  app.findingAt = ((app.findingAt ?? (step > 0 ? -1 : 0)) + step + stops.length) % stops.length;
  app.goTo(stops[app.findingAt]);
}

function zoomToSelection(app) {
  if (app.range) return app.frameOn(app.range.from, app.range.to);
  const { selected } = app;
  if (!selected) return app.showAll();
  const { shift } = app.traces[selected.side];
  const piece =
    selected.kind === 'task' &&
    loadedPieces(app, selected).find((p) => p.from <= selected.t && selected.t < p.to);
  return piece
    ? app.frameOn(piece.from - shift, piece.to - shift)
    : app.zoom(0.25, selected.t - shift);
}

function canvasKey(app, canvas, e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return false;
  const page = canvas.clientHeight - RULER;
  const keys = {
    ArrowLeft: () => app.pan(-0.15),
    ArrowRight: () => app.pan(0.15),
    ArrowUp: () => moveRow(app, -1),
    ArrowDown: () => moveRow(app, 1),
    PageUp: () => app.setScroll(app.scroll - page * 0.8, page),
    PageDown: () => app.setScroll(app.scroll + page * 0.8, page),
    Home: () => app.showAll(),
    Enter: () => {
      app.setTab('details');
      byId('side-panel').focus();
    },
  };
  if (!keys[e.key]) return false;
  keys[e.key]();
  e.stopPropagation();
  return true;
}

function pageKey(app, e) {
  const selectedTime = app.selected
    ? app.selected.t - app.traces[app.selected.side].shift
    : app.cursorTime(0);
  const keys = {
    '+': () => app.zoom(0.6),
    '=': () => app.zoom(0.6),
    '-': () => app.zoom(1 / 0.6),
    w: () => app.zoom(0.6),
    s: () => app.zoom(1 / 0.6),
    a: () => app.pan(-0.15),
    d: () => app.pan(0.15),
    0: () => app.showAll(),
    f: () => zoomToSelection(app),
    ',': () => moveEdge(app, -1),
    '.': () => moveEdge(app, 1),
    m: () => app.placeMark(selectedTime),
    b: () => app.tell('ask-bookmark'),
    '[': () => moveFinding(app, -1),
    ']': () => moveFinding(app, 1),
    '/': () => byId('search').focus(),
    n: () => app.nextMatch(1),
    N: () => app.nextMatch(-1),
    x: () => app.toggleArrows(),
    t: () => app.turnTheme(),
    Escape: () => app.unselect(),
    '?': () => app.tell('help'),
  };
  if (!keys[e.key]) return false;
  keys[e.key]();
  return true;
}

// ---- the overview: a click or a drag moves the window ----

function bindOverview(app, overview) {
  const move = (e) => {
    const t = xToTime(app.whole, overview.clientWidth, e.offsetX);
    const half = app.width() / 2;
    app.setView({ from: t - half, to: t + half });
  };
  overview.addEventListener('pointerdown', (e) => {
    overview.setPointerCapture(e.pointerId);
    move(e);
  });
  overview.addEventListener('pointermove', (e) => {
    if (e.buttons & 1) move(e);
  });
  overview.addEventListener(
    'wheel',
    (e) => {
      e.preventDefault();
      app.zoom(Math.exp(e.deltaY * 0.0022));
    },
    { passive: false },
  );
}

export function helpContent(close) {
  return [
    h('h2', {}, 'Keys and gestures'),
    h(
      'table',
      {},
      KEYS.map(([keys, text]) =>
        h(
          'tr',
          {},
          h(
            'td',
            {},
            keys.split(' ').map((k) => [h('kbd', {}, k), ' ']),
          ),
          h('td', {}, text),
        ),
      ),
    ),
    h(
      'p',
      {},
      'Wheel zooms, shift and wheel pans, drag pans, shift and drag (or a drag in the ruler) ',
      'measures, two fingers pinch. A click in the ruler sets a measuring mark.',
    ),
    h(
      'p',
      {},
      'Heights and colours: running is full height, ready and blocked two thirds, suspended a ',
      'quarter, delayed a line; hatched means not known or lost. A column that holds more than ',
      'one state shows the one that matters most; running then is as high as its share.',
    ),
    h(
      'p',
      {},
      'The address of the page always carries the view: copy it, and it opens the same elsewhere.',
    ),
    h('button', { onclick: close }, 'Close'),
  ];
}
