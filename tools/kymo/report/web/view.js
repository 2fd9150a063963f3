// SPDX-License-Identifier: MIT
// The window on time: zoom, pan and the URL fragment that carries a view to another place. Pure
// functions of plain values, so that they are tested without a page. Times are clock counts
// relative to the first trace's first event.

export const LEAST_SPAN = 8; // counts; nearer than this there is nothing more to see

// Keeps a window inside [low, high] (a tenth of it may show emptiness) and at least LEAST_SPAN
// wide.
export function clampView(view, low, high) {
  const whole = Math.max(high - low, LEAST_SPAN);
  const span = Math.min(Math.max(view.to - view.from, LEAST_SPAN), whole * 1.1);
  const slack = span * 0.1;
  let from = Math.max(view.from, low - slack);
  if (from + span > high + slack) from = Math.max(low - slack, high + slack - span);
  return { from, to: from + span };
}

// Zooms by `factor` (< 1 nearer) and keeps the moment `at` where it is on the screen.
export function zoomView(view, factor, at) {
  const span = view.to - view.from;
  const next = Math.max(span * factor, LEAST_SPAN);
  const share = span > 0 ? (at - view.from) / span : 0.5;
  const from = at - share * next;
  return { from, to: from + next };
}

export function panView(view, share) {
  const move = (view.to - view.from) * share;
  return { from: view.from + move, to: view.to + move };
}

// A window that shows [from, to] with a margin on both sides.
export function frameView(from, to) {
  const span = Math.max(to - from, LEAST_SPAN);
  return { from: from - span * 0.15, to: from + span * 1.15 };
}

export function timeToX(view, width, t) {
  return ((t - view.from) / (view.to - view.from)) * width;
}

export function xToTime(view, width, x) {
  return view.from + (x / width) * (view.to - view.from);
}

// ---- the URL fragment: t=FROM,TO & sel=ROWKEY@TIME & range=A,B & shift=N & tab=NAME ----
// ---- & bm=TIME:LABEL;TIME:LABEL ----

const whole = (n) => Math.round(n).toString();

export function encodeFragment(state) {
  const parts = [`t=${whole(state.view.from)},${whole(state.view.to)}`];
  if (state.selected)
    parts.push(`sel=${encodeURIComponent(state.selected.key)}@${whole(state.selected.t)}`);
  if (state.range) parts.push(`range=${whole(state.range.from)},${whole(state.range.to)}`);
  if (state.shift) parts.push(`shift=${whole(state.shift)}`);
  if (state.tab) parts.push(`tab=${encodeURIComponent(state.tab)}`);
  if (state.bookmarks.length) {
    parts.push(
      'bm=' + state.bookmarks.map((b) => `${whole(b.t)}:${encodeURIComponent(b.label)}`).join(';'),
    );
  }
  return parts.join('&');
}

function pair(text) {
  const numbers = text.split(',').map(Number);
  return numbers.length === 2 && numbers.every(Number.isFinite) && numbers[0] < numbers[1]
    ? { from: numbers[0], to: numbers[1] }
    : null;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function bookmark(text) {
  const colon = text.indexOf(':');
  const t = Number(text.slice(0, colon));
  return colon > 0 && Number.isFinite(t)
    ? { t, label: decode(text.slice(colon + 1)).slice(0, 120) }
    : null;
}

// What a fragment says; parts that make no sense are left out, never guessed.
export function decodeFragment(text) {
  const state = { view: null, selected: null, range: null, shift: 0, tab: null, bookmarks: null };
  for (const part of text.replace(/^#/, '').split('&')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    const value = part.slice(equals + 1);
    if (name === 't') state.view = pair(value);
    else if (name === 'range') state.range = pair(value);
    else if (name === 'shift') state.shift = Number(value) || 0;
    else if (name === 'tab') state.tab = decode(value);
    else if (name === 'bm')
      state.bookmarks = value.split(';').map(bookmark).filter(Boolean).slice(0, 100);
    else if (name === 'sel') {
      const at = value.lastIndexOf('@');
      const t = Number(value.slice(at + 1));
      if (at > 0 && Number.isFinite(t)) state.selected = { key: decode(value.slice(0, at)), t };
    }
  }
  return state;
}
