// SPDX-License-Identifier: MIT
// Load over time: how much of each of some sixty equal stretches the harts were busy, and how
// much is not known. For the whole run the host's bins (`kymo stat`), for a stretch the page's
// own.
import { h } from './dom.js';
import { hartPieces } from './store.js';
import { overlap } from './ledger.js';
import { duration, moment, percent } from './units.js';

const BINS = 60;

// {from, width, busy: [counts], unknown: [counts]} of a stretch.
export function loadOf(chunks, index, from, to) {
  const width = Math.max(1, Math.ceil((to - from) / BINS));
  const bins = Math.ceil((to - from) / width);
  const load = { from, width, busy: Array(bins).fill(0), unknown: Array(bins).fill(0) };
  const add = (into, a, b) => {
    const first = Math.max(0, Math.floor((a - from) / width));
    const last = Math.min(bins - 1, Math.floor((b - from) / width));
    for (let i = first; i <= last; i++) {
      const begin = from + i * width;
      into[i] += overlap(a, b, begin, Math.min(begin + width, to));
    }
  };
  for (const chunk of chunks) {
    for (const pieces of hartPieces(chunk, index))
      for (const piece of pieces)
        if (index.tasks[piece.task].id !== 0) add(load.busy, piece.from, piece.to);
  }
  for (const [, a, b] of index.gaps) add(load.unknown, a, b);
  return load;
}

// Bars, each a button that shows its stretch.
export function loadChart(app, load, side, end) {
  const { index } = app.traces[side].store;
  const shares = load.busy.map((busy, i) => {
    const span = Math.min(load.width, end - load.from - i * load.width) * index.harts;
    return { busy: busy / span, unknown: load.unknown[i] / span };
  });
  const mean = load.busy.reduce((sum, busy) => sum + busy, 0) / (end - load.from) / index.harts;
  const most = shares.reduce((best, one, i) => (one.busy > shares[best].busy ? i : best), 0);
  const from = (i) => load.from + i * load.width;
  const bars = shares.map(({ busy, unknown }, i) => {
    const fill = h('span', { class: unknown > 0 ? 'fill unknown' : 'fill' });
    fill.style.height = `${Math.max(1, Math.min(1, busy) * 100)}%`;
    const text = `${moment(from(i), index)}: ${percent(busy)} busy`;
    const show = () => app.goTo({ side, t: from(i), from: from(i), to: from(i) + load.width });
    return h('button', { class: 'load-bar', title: text, 'aria-label': text, onclick: show }, fill);
  });
  return h(
    'div',
    { class: 'load' },
    h(
      'p',
      { class: 'muted' },
      `Busy ${percent(mean)} of the time; most `,
      h('b', {}, percent(shares[most]?.busy)),
      ` in the ${duration(load.width, index.hz)} from ${moment(from(most), index)}.`,
    ),
    h('div', { class: 'load-bars' }, bars),
  );
}
