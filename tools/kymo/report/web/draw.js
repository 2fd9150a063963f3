// SPDX-License-Identifier: MIT
// One frame of the timeline: ruler, rows, labels inside rows, wake-up arrows, selection, marks.
// Everything that is drawn as a rectangle goes through `rect` of the Frame, which counts; the
// count is shown in the page's status line and gated in the tests.
import { rowCells, counterRange, runs, sourceFor, FULL, STYLE, taskStyle } from './paint.js';
import { hartPieces } from './store.js';
import { BLOCKED, READY, RUNNING, SUSPENDED } from './blocks.js';
import { rulerLabel, rulerStep, clip } from './units.js';
import { timeToX } from './view.js';
import { visibleRows, rowFor } from './rows.js';

export const RULER = 30;
const MOST_ARROWS = 250;
const LABEL_FROM = 34; // pixels a piece needs before it is labelled

export class Frame {
  constructor(ctx, scene) {
    this.ctx = ctx;
    this.scene = scene;
    this.rects = 0;
    this.arrows = 0;
    this.detail = true;
    this.pending = false;
  }

  rect(fill, x, y, w, h) {
    this.ctx.fillStyle = fill;
    this.ctx.fillRect(x, y, w, h);
    this.rects += 1;
  }

  x(t) {
    return timeToX(this.scene.view, this.scene.width, t);
  }

  // A row's top on the canvas.
  y(row) {
    return RULER + row.top - this.scene.scroll;
  }
}

// A view as the trace of one side counts time.
function sideView(scene, side) {
  const { shift } = scene.traces[side];
  return { from: scene.view.from + shift, to: scene.view.to + shift };
}

export function drawFrame(ctx, scene) {
  const frame = new Frame(ctx, scene);
  const { width, height, palette } = scene;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, width, height);
  drawGrid(frame);
  const rows = visibleRows(scene.rows, scene.scroll, height - RULER);
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, RULER, width, height - RULER);
  ctx.clip();
  const sources = scene.traces.map((trace, side) =>
    sourceFor(trace.store, sideView(scene, side), width),
  );
  frame.detail = sources.every((source) => source.chunks);
  frame.rows = rows.filter((row) => row.kind !== 'group' && row.kind !== 'side').length;
  for (const row of rows) drawRow(frame, row, sources[row.side]);
  drawLossBands(frame);
  if (scene.arrows)
    sources.forEach((source, side) => source.chunks && drawArrows(frame, source.chunks, side));
  drawSelection(frame);
  ctx.restore();
  drawRuler(frame);
  drawFlags(frame);
  return frame;
}

// ---- rows ----

function drawRow(frame, row, source) {
  const { ctx, scene } = frame;
  const y = frame.y(row);
  if (row.kind === 'group' || row.kind === 'side') {
    ctx.fillStyle = scene.palette['row-alt'];
    ctx.fillRect(0, y, scene.width, row.height);
    return;
  }
  ctx.fillStyle = scene.palette.line;
  ctx.fillRect(0, y + row.height - 1, scene.width, 1);
  if (scene.selected?.key === row.key) {
    ctx.fillStyle = scene.palette.select;
    ctx.fillRect(0, y, scene.width, row.height - 1);
  }
  const { index } = scene.traces[row.side].store;
  const view = sideView(scene, row.side);
  if (row.kind === 'counter') drawCounter(frame, row, source, view, y);
  else drawCells(frame, rowCells(row, source, view, scene.width, index), row, y);
  if (source.chunks) drawLabels(frame, row, source.chunks, index, y);
}

function drawCells(frame, cells, row, y) {
  const inner = row.height - 5;
  runs(cells, (column, columns, value) => {
    const height = Math.max(1, Math.round((inner * (value >> 8)) / FULL));
    frame.rect(
      frame.scene.palette.fill[value & 255],
      column,
      y + 2 + inner - height,
      columns,
      height,
    );
  });
}

function drawCounter(frame, row, source, view, y) {
  const { scene } = frame;
  const { low, high } = counterRange(row, source, view, scene.width);
  const least = Math.min(0, ...low.filter((v) => !Number.isNaN(v)));
  const most = Math.max(least + 1, ...high.filter((v) => !Number.isNaN(v)));
  const inner = row.height - 8;
  const place = (value) => y + 3 + inner - ((value - least) / (most - least)) * inner;
  for (let c = 0; c < low.length; c++) {
    if (Number.isNaN(low[c])) continue;
    const top = place(high[c]);
    frame.rect(scene.palette.fill[STYLE.counter], c, top, 1, Math.max(1.5, place(low[c]) - top));
  }
}

// ---- labels inside pieces ----

// What a piece's label says; the rectangle already shows the state.
export function pieceLabel(combo, index) {
  const name = (i) => index.tasks[i]?.name ?? '?';
  if (combo.state === BLOCKED) {
    const object = combo.object >= 0 ? index.objects[combo.object].name : 'an object';
    return combo.holder >= 0
      ? `waits for ${object}, held by ${name(combo.holder)}`
      : `waits for ${object}`;
  }
  if (combo.state === READY) return combo.preempted ? 'preempted' : 'ready';
  if (combo.state === RUNNING)
    return combo.boosted ? `runs at ${combo.level} (inherited, own ${combo.base})` : 'runs';
  return combo.state === SUSPENDED ? 'suspended' : '';
}

const LABEL_STYLE = { [RUNNING]: STYLE.running, [READY]: STYLE.ready, [BLOCKED]: STYLE.blocked };

function drawLabels(frame, row, chunks, index, y) {
  if (row.kind === 'task') taskLabels(frame, row, chunks, index, y);
  else if (row.kind === 'hart') hartLabels(frame, row, chunks, index, y);
  else if (row.kind === 'object') objectLabels(frame, row, chunks, index, y);
}

function label(frame, text, from, to, y, colour) {
  const { ctx, scene } = frame;
  const shift = scene.traces[frame.side ?? 0].shift;
  const a = Math.max(frame.x(from - shift), 0);
  const b = Math.min(frame.x(to - shift), scene.width);
  if (b - a < LABEL_FROM || !text) return;
  const fits = Math.floor((b - a - 8) / 6);
  ctx.fillStyle = colour;
  ctx.fillText(clip(text, Math.max(2, fits)), a + 4, y, b - a - 6);
}

function prepareText(frame, side) {
  frame.side = side;
  frame.ctx.font = `11px ${frame.scene.palette.font}`;
  frame.ctx.textBaseline = 'middle';
}

// Pieces wide enough for a label, with those that a chunk's end cut in two put together again.
function* widePieces(frame, row, chunks) {
  const { scene } = frame;
  const least = (LABEL_FROM / scene.width) * (scene.view.to - scene.view.from);
  let open = null;
  for (const chunk of chunks) {
    const pieces = chunk.tasks[row.i];
    for (let i = 0; i < pieces.n; i++) {
      if (open && i === 0 && pieces.fromBefore && open.combo === pieces.combo[0]) {
        open.to = pieces.t[1];
        continue;
      }
      if (open && open.to - open.from >= least) yield open;
      open = { from: pieces.t[i], to: pieces.t[i + 1], combo: pieces.combo[i] };
    }
  }
  if (open && open.to - open.from >= least) yield open;
}

function taskLabels(frame, row, chunks, index, y) {
  const { palette } = frame.scene;
  prepareText(frame, row.side);
  for (const piece of widePieces(frame, row, chunks)) {
    const combo = index.combos[piece.combo];
    const style =
      combo.boosted && combo.state === RUNNING ? STYLE.boosted : LABEL_STYLE[combo.state];
    if (style)
      label(
        frame,
        pieceLabel(combo, index),
        piece.from,
        piece.to,
        y + row.height / 2 + (combo.state === RUNNING ? 0 : 4),
        palette.ink[style],
      );
  }
}

function hartLabels(frame, row, chunks, index, y) {
  prepareText(frame, row.side);
  for (const chunk of chunks) {
    for (const piece of hartPieces(chunk, index)[row.i] ?? []) {
      if (index.tasks[piece.task].id === 0) continue;
      label(
        frame,
        index.tasks[piece.task].name,
        piece.from,
        piece.to,
        y + row.height / 2,
        frame.scene.palette.ink[taskStyle(piece.task, index)],
      );
    }
  }
}

function objectLabels(frame, row, chunks, index, y) {
  prepareText(frame, row.side);
  for (const chunk of chunks) {
    const items = chunk.objects[row.i];
    for (let i = 0; i < items.n; i++) {
      label(
        frame,
        `held by ${index.tasks[items.task[i]]?.name ?? '?'}`,
        items.from[i],
        items.to[i],
        y + row.height / 2 + 3,
        frame.scene.palette.ink[STYLE.held],
      );
    }
  }
}

// ---- loss: a hatched band over every row of the trace it belongs to ----

function drawLossBands(frame) {
  const { ctx, scene } = frame;
  let last = -10;
  scene.traces.forEach((trace, side) => {
    const rows = scene.rows.filter((row) => row.side === side);
    if (!rows.length) return;
    const top = frame.y(rows[0]);
    const bottom = frame.y(rows[rows.length - 1]) + rows[rows.length - 1].height;
    ctx.globalAlpha = 0.25;
    for (const [, from, to] of trace.store.index.gaps) {
      const a = frame.x(from - trace.shift);
      const b = Math.max(frame.x(to - trace.shift), a + 1);
      if (b < 0 || a > scene.width || b - last < 1) continue;
      frame.rect(scene.palette.fill[STYLE.loss], a, top, b - a, bottom - top);
      last = b;
    }
    ctx.globalAlpha = 1;
  });
}

// ---- arrows: who made whom ready ----

function* wakesIn(frame, chunks, side) {
  const { scene } = frame;
  const { index } = scene.traces[side].store;
  const view = sideView(scene, side);
  for (const row of scene.rows) {
    if (row.kind !== 'task' || row.side !== side) continue;
    for (const chunk of chunks) {
      const pieces = chunk.tasks[row.i];
      for (let i = 0; i < pieces.n; i++) {
        const t = pieces.t[i];
        if (t < view.from || t > view.to || (i === 0 && pieces.fromBefore)) continue;
        const combo = index.combos[pieces.combo[i]];
        if (combo.state === READY && !combo.preempted && (combo.waker >= 0 || combo.wakerIrq > 0))
          yield { row, t, combo };
      }
    }
  }
}

function wakerRow(scene, combo, side) {
  const { index } = scene.traces[side].store;
  if (combo.wakerIrq > 0)
    return rowFor(
      scene.rows,
      'isr',
      index.isrs.findIndex((isr) => isr.cause === combo.wakerIrq - 1),
      side,
    );
  return rowFor(scene.rows, 'task', combo.waker, side);
}

function drawArrows(frame, chunks, side) {
  const wakes = [];
  for (const wake of wakesIn(frame, chunks, side)) {
    wakes.push(wake);
    if (wakes.length > MOST_ARROWS) return; // too many to be of use: zoom nearer
  }
  const { ctx, scene } = frame;
  ctx.strokeStyle = ctx.fillStyle = scene.palette.wake;
  ctx.lineWidth = 1.25;
  for (const { row, t, combo } of wakes) {
    const source = wakerRow(scene, combo, side);
    if (source && source !== row)
      arrow(
        frame,
        frame.x(t - scene.traces[side].shift),
        middle(frame, source),
        middle(frame, row),
      );
  }
}

function middle(frame, row) {
  return frame.y(row) + row.height / 2;
}

function arrow(frame, x, from, to) {
  const { ctx } = frame;
  const tip = to > from ? -6 : 6;
  ctx.beginPath();
  ctx.moveTo(x, from);
  ctx.lineTo(x, to);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x, to);
  ctx.lineTo(x - 4, to + tip);
  ctx.lineTo(x + 4, to + tip);
  ctx.fill();
  ctx.beginPath();
  ctx.arc(x, from, 2.5, 0, 7);
  ctx.fill();
  frame.arrows += 1;
}

// ---- grid, ruler, marks ----

function rulerTicks(scene) {
  const { view, width } = scene;
  const { index } = scene.traces[0].store;
  const step = rulerStep(((view.to - view.from) / width) * 110, index.hz);
  const first = Math.ceil((view.from + index.start) / step) * step - index.start;
  const ticks = [];
  for (let t = first; t <= view.to && ticks.length < 60; t += step) ticks.push(t);
  return { ticks, step, index };
}

function drawGrid(frame) {
  const { ctx, scene } = frame;
  ctx.fillStyle = scene.palette.grid;
  for (const t of rulerTicks(scene).ticks)
    ctx.fillRect(Math.round(frame.x(t)), RULER, 1, scene.height);
}

function drawRuler(frame) {
  const { ctx, scene } = frame;
  const { ticks, step, index } = rulerTicks(scene);
  ctx.fillStyle = scene.palette.ground;
  ctx.fillRect(0, 0, scene.width, RULER);
  ctx.fillStyle = scene.palette.line;
  ctx.fillRect(0, RULER - 1, scene.width, 1);
  prepareText(frame, 0);
  for (const t of ticks) {
    const x = Math.round(frame.x(t));
    ctx.fillStyle = scene.palette.line;
    ctx.fillRect(x, RULER - 8, 1, 8);
    ctx.fillStyle = scene.palette.muted;
    ctx.fillText(rulerLabel(t, step, index), x + 5, RULER - 9);
  }
}

function drawSelection(frame) {
  const { ctx, scene } = frame;
  if (scene.range) {
    const a = frame.x(scene.range.from);
    const b = frame.x(scene.range.to);
    ctx.fillStyle = scene.palette.select;
    ctx.fillRect(a, RULER, b - a, scene.height);
    ctx.fillStyle = scene.palette.accent;
    ctx.fillRect(a, RULER, 1.5, scene.height);
    ctx.fillRect(b - 1.5, RULER, 1.5, scene.height);
  }
  if (scene.selected) {
    const x = frame.x(scene.selected.t - scene.traces[scene.selected.side].shift);
    ctx.fillStyle = scene.palette.accent;
    ctx.fillRect(Math.round(x), RULER, 1, scene.height);
  }
  drawHolders(frame);
}

// The chain of holders of the selected wait: from the waiting row to its holder's, and on.
function drawHolders(frame) {
  const { ctx, scene } = frame;
  const chain = scene.holders;
  if (!chain || chain.length < 2) return;
  const x = frame.x(scene.selected.t - scene.traces[scene.selected.side].shift);
  ctx.strokeStyle = ctx.fillStyle = scene.palette['hold-line'];
  ctx.lineWidth = 2.5;
  for (let i = 0; i + 1 < chain.length; i++) {
    const from = rowFor(scene.rows, 'task', chain[i].task, scene.selected.side);
    const to = rowFor(scene.rows, 'task', chain[i + 1].task, scene.selected.side);
    if (from && to) arrow(frame, x + 3 * i, middle(frame, from), middle(frame, to));
  }
}

// Findings, bookmarks and the first difference: flags in the ruler with a thin line below.
function drawFlags(frame) {
  const { ctx, scene } = frame;
  prepareText(frame, 0);
  for (const flag of scene.flags) {
    const x = Math.round(frame.x(flag.t));
    if (x < -2 || x > scene.width + 2) continue;
    ctx.fillStyle = flag.kind === 'bookmark' ? scene.palette.accent : scene.palette.flag;
    ctx.globalAlpha = 0.55;
    ctx.fillRect(x, RULER, 1, scene.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x, 2);
    ctx.lineTo(x + 10, 6);
    ctx.lineTo(x, 11);
    ctx.fill();
    ctx.fillRect(x, 2, 1.5, RULER - 2);
  }
}

// ---- the overview above the timeline: how busy the whole run was, and where the window is ----

export function drawOverview(ctx, scene) {
  const { width, height, palette, whole } = scene;
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, width, height);
  const { store } = scene.traces[0];
  const source = sourceFor(store, whole, width);
  const cells = rowCells({ kind: 'hart', i: 0 }, source, whole, width, store.index);
  let rects = 0;
  runs(cells, (column, columns, value) => {
    const h = Math.max(1, ((height - 4) * (value >> 8)) / FULL);
    ctx.fillStyle = palette.fill[value & 255];
    ctx.fillRect(column, height - h, columns, h);
    rects += 1;
  });
  const x = (t) => ((t - whole.from) / (whole.to - whole.from)) * width;
  for (const flag of scene.flags) {
    ctx.fillStyle = flag.kind === 'bookmark' ? palette.accent : palette.flag;
    ctx.fillRect(Math.round(x(flag.t)) - 1, 0, 2, height);
  }
  const a = x(scene.view.from);
  const b = Math.max(x(scene.view.to), a + 3);
  ctx.globalAlpha = 0.6;
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, a, height);
  ctx.fillRect(b, 0, width - b, height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 1.5;
  ctx.strokeRect(a + 0.75, 0.75, Math.max(b - a - 1.5, 2), height - 1.5);
  return rects;
}
