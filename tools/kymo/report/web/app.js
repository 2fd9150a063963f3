// SPDX-License-Identifier: MIT
// The state of the page and everything that may change it. Panels and input call these functions;
// each asks for a new frame and, where the view changed, a new URL fragment. Nothing else writes
// to the state.
//
// Times of the view, the range, bookmarks and flags are those of the first trace; a selection
// keeps its own trace's time (`side`).
import { announce } from './dom.js';
import { FOLDED_AT_FIRST, buildRows, rowFor, totalHeight } from './rows.js';
import { clampView, decodeFragment, encodeFragment, frameView, panView, zoomView } from './view.js';
import { holderChain } from './ledger.js';
import { moment, duration } from './units.js';

export class App {
  constructor(traces) {
    this.traces = traces;
    this.listeners = new Map();
    this.folded = new Set(FOLDED_AT_FIRST);
    this.selected = null;
    this.holders = null;
    this.range = null;
    this.mark = null;
    this.bookmarks = [];
    this.arrows = true;
    this.scroll = 0;
    this.tab = 'findings';
    this.cursor = null;
    this.refresh();
    this.view = { ...this.whole };
  }

  // The index changed (opening, alignment, a live trace grew).
  refresh() {
    const begin = ({ index }) => (index.live && index.chunks.length ? index.chunks[0][0] : 0);
    const ends = this.traces.map(({ store, shift }) => [
      begin(store) - shift,
      store.index.duration - shift,
    ]);
    const low = Math.min(...ends.map(([a]) => a));
    const high = Math.max(...ends.map(([, b]) => b), low + 1);
    this.whole = { from: low, to: high };
    this.rows = buildRows(this.traces, this.folded);
    this.flags = this.collectFlags();
  }

  get index() {
    return this.traces[0].store.index;
  }

  collectFlags() {
    const flags = [];
    this.traces.forEach(({ store, shift }) => {
      for (const finding of store.index.findings) {
        if (finding.severity !== 'info' && finding.from !== undefined)
          flags.push({ t: finding.from - shift, kind: 'finding' });
      }
    });
    const { diff } = this.index;
    if (diff && !diff.same) {
      flags.push({ t: diff.a.t, kind: 'diff' });
      flags.push({ t: diff.b.t - this.traces[1].shift, kind: 'diff' });
    }
    for (const { t } of this.bookmarks) flags.push({ t, kind: 'bookmark' });
    return flags;
  }

  // ---- listeners: 'frame' (draw), 'view', 'select', 'range', 'tab', 'bookmarks', 'rows' ----

  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  tell(...names) {
    for (const name of [...names, 'frame'])
      for (const listener of this.listeners.get(name) ?? []) listener();
  }

  // ---- the window ----

  setView(view) {
    this.view = clampView(view, this.whole.from, this.whole.to);
    this.tell('view');
  }

  zoom(factor, at = (this.view.from + this.view.to) / 2) {
    this.setView(zoomView(this.view, factor, at));
  }

  pan(share) {
    this.setView(panView(this.view, share));
  }

  showAll() {
    this.setView({ ...this.whole });
  }

  frameOn(from, to) {
    this.setView(frameView(from, to));
  }

  setScroll(scroll, height) {
    this.scroll = Math.max(0, Math.min(scroll, totalHeight(this.rows) - height));
    this.tell();
  }

  fold(row) {
    const { key } = row;
    if (this.folded.has(key)) this.folded.delete(key);
    else this.folded.add(key);
    this.rows = buildRows(this.traces, this.folded);
    this.tell('rows');
  }

  // ---- selection ----

  // Selects a row at a moment (of the row's own trace).
  select(row, t, quiet = false) {
    this.selected = { key: row.key, kind: row.kind, i: row.i, side: row.side, label: row.label, t };
    this.holders = null;
    if (!quiet) this.tab = 'details';
    this.tell('select', 'tab');
    this.findHolders();
  }

  // Selects something and brings it into the window: the way every link goes.
  goTo({ kind, i, side = 0, t, from, to }) {
    const { shift } = this.traces[side];
    if (from !== undefined && to > from) this.frameOn(from - shift, to - shift);
    else if (t - shift < this.view.from || t - shift > this.view.to)
      this.setView({ from: t - shift - this.width() / 2, to: t - shift + this.width() / 2 });
    const row = kind && rowFor(this.rows, kind, i, side);
    if (row) this.select(row, t ?? from);
    this.tell('reveal');
    announce(`Showing ${moment(t ?? from, this.traces[side].store.index)}`);
  }

  width() {
    return this.view.to - this.view.from;
  }

  unselect() {
    this.selected = null;
    this.holders = null;
    this.range = null;
    this.mark = null;
    this.tell('select', 'range', 'tab');
  }

  async findHolders() {
    const { selected } = this;
    if (!selected || selected.kind !== 'task') return;
    const { store } = this.traces[selected.side];
    const chunk = await store.chunkAt(selected.t).catch(() => null);
    if (!chunk || this.selected !== selected) return;
    this.holders = holderChain(chunk, store.index, selected.i, selected.t);
    this.tell();
  }

  // ---- measuring ----

  setRange(a, b) {
    this.range = a === b ? null : { from: Math.min(a, b), to: Math.max(a, b) };
    this.tell('range');
  }

  // The first call sets one mark, the second the other: the stretch between them is measured.
  placeMark(t) {
    if (this.mark === null || this.range) {
      this.mark = t;
      this.range = null;
      this.tell('range');
      announce(`First mark at ${moment(t, this.index)}`);
      return;
    }
    this.setRange(this.mark, t);
    announce(`Measured ${duration(Math.abs(t - this.mark), this.index.hz)}`);
    this.mark = null;
  }

  // ---- bookmarks ----

  addBookmark(t, label) {
    this.bookmarks.push({ t, label });
    this.bookmarks.sort((a, b) => a.t - b.t);
    this.bookmarksChanged();
    announce(`Bookmark at ${moment(t, this.index)}`);
  }

  removeBookmark(bookmark) {
    this.bookmarks = this.bookmarks.filter((b) => b !== bookmark);
    this.bookmarksChanged();
  }

  bookmarksChanged() {
    this.flags = this.collectFlags();
    this.tell('bookmarks', 'view');
  }

  // ---- two traces: the second's time moves against the first's ----

  align(shift) {
    if (this.traces.length < 2) return;
    this.traces[1].shift = shift;
    this.refresh();
    this.tell('rows', 'view', 'tab');
  }

  setTab(tab) {
    this.tab = tab;
    this.tell('tab', 'view');
  }

  toggleArrows() {
    this.arrows = !this.arrows;
    this.tell('arrows');
  }

  // ---- links ----

  fragment() {
    return encodeFragment({
      view: this.view,
      selected: this.selected,
      range: this.range,
      bookmarks: this.bookmarks,
      tab: this.tab === 'findings' ? null : this.tab,
      shift: this.traces[1]?.shift ?? 0,
    });
  }

  restore(text) {
    const state = decodeFragment(text);
    if (state.shift) this.align(state.shift);
    if (state.bookmarks) this.bookmarks = state.bookmarks;
    this.range = state.range;
    this.flags = this.collectFlags();
    if (state.view) this.view = clampView(state.view, this.whole.from, this.whole.to);
    const row = state.selected && this.rows.find((r) => r.key === state.selected.key);
    if (row) this.select(row, state.selected.t);
    if (state.tab) this.tab = state.tab;
    this.tell('range', 'bookmarks', 'tab');
  }
}
