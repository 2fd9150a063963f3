// SPDX-License-Identifier: MIT
// The names left of the rows: elements, not pixels, so that a screen reader and the keyboard
// reach them. Only rows that the window shows exist in the document, so a thousand tasks cost
// what fits on the screen.
import { h } from './dom.js';
import { visibleRows } from './rows.js';
import { TASK_COLOURS } from './paint.js';

function swatchFor(app, row) {
  if (row.kind !== 'task') return null;
  const { colour } = app.traces[row.side].store.index.tasks[row.i];
  return h('span', { class: `swatch t${colour % TASK_COLOURS}` });
}

function parts(row, first) {
  const note = h('span', { class: 'note' }, row.note);
  return [first, h('span', { class: 'name' }, row.label), note];
}

// A header is a button of its own: its rows are folded by a click, Enter or Space.
function headerFor(app, row) {
  const fold = () => app.fold(row);
  const onkeydown = (e) => {
    if (e.key !== 'Enter' && e.key !== ' ') return;
    e.preventDefault();
    e.stopPropagation();
    fold();
  };
  const chevron = h('span', { 'aria-hidden': true }, row.folded ? '▸' : '▾');
  const props = { class: 'label group', role: 'button', tabindex: 0, 'aria-expanded': !row.folded };
  return h(
    'div',
    {
      ...props,
      id: `label-${row.key}`,
      title: `Fold or unfold ${row.label}`,
      onclick: fold,
      onkeydown,
    },
    ...parts(row, chevron),
  );
}

function labelFor(app, row) {
  if (row.kind === 'group') return headerFor(app, row);
  const select = () => app.select(row, app.cursorTime(row.side));
  const title = row.note ? `${row.label} – ${row.note}` : row.label;
  return h(
    'div',
    {
      class: `label ${row.kind}`,
      role: 'option',
      id: `label-${row.key}`,
      title,
      onclick: row.kind === 'side' ? null : select,
    },
    ...parts(row, swatchFor(app, row)),
  );
}

// Keeps the list of labels in step with the rows that are shown.
export class Gutter {
  constructor(app, list) {
    this.app = app;
    this.list = list;
    this.shown = new Map();
    this.refocus = null;
  }

  // The focus stays with the label that had it, which is made anew.
  forget() {
    const { activeElement } = document;
    this.refocus = this.list.contains(activeElement) ? activeElement.id : this.refocus;
    this.shown.clear();
    this.list.replaceChildren();
  }

  update(height) {
    const { app } = this;
    const wanted = visibleRows(app.rows, app.scroll, height);
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, element] of this.shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.shown.delete(key);
    }
    for (const row of wanted) {
      let element = this.shown.get(row.key);
      if (!element) {
        element = labelFor(app, row);
        this.shown.set(row.key, element);
        this.list.append(element);
      }
      element.style.top = `${row.top - app.scroll}px`;
      element.style.height = `${row.height}px`;
      if (row.kind !== 'group')
        element.setAttribute('aria-selected', String(app.selected?.key === row.key));
    }
    if (this.refocus) document.getElementById(this.refocus)?.focus();
    this.refocus = null;
  }
}
