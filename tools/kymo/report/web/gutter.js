// SPDX-License-Identifier: MIT
// The names left of the rows: elements, not pixels, so that a screen reader and the keyboard
// reach them. Only rows that the window shows exist in the document, so a thousand tasks cost
// what fits on the screen.
import { h } from './dom.js';
import { visibleRows } from './rows.js';
import { TASK_COLOURS } from './paint.js';

function labelFor(app, row) {
  const swatch =
    row.kind === 'task'
      ? h('span', {
          class: `swatch t${app.traces[row.side].store.index.tasks[row.i].colour % TASK_COLOURS}`,
        })
      : null;
  const group = row.kind === 'group';
  return h(
    'div',
    {
      class: `label ${row.kind}`,
      role: 'option',
      id: `label-${row.key}`,
      data: { key: row.key },
      title: group
        ? `Fold or unfold ${row.label}`
        : `${row.label}${row.note ? ` – ${row.note}` : ''}`,
      onclick: () =>
        group
          ? app.fold(row)
          : row.kind === 'side'
            ? null
            : app.select(row, app.cursorTime(row.side)),
    },
    group ? h('span', { class: 'chevron', 'aria-hidden': true }, row.folded ? '▸' : '▾') : swatch,
    h('span', { class: 'name' }, row.label),
    h('span', { class: 'note' }, row.note),
  );
}

// Keeps the list of labels in step with the rows that are shown.
export class Gutter {
  constructor(app, list) {
    this.app = app;
    this.list = list;
    this.shown = new Map();
  }

  forget() {
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
      element.setAttribute('aria-selected', String(app.selected?.key === row.key));
    }
  }
}
