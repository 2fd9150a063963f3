// SPDX-License-Identifier: MIT
// The numbers below the picture: the tables of `kymo stat`, for the whole run as the host
// computed them or for a measured stretch as the page does, sortable, with histograms. The
// largest value of a row is a link to its moment.
import { h, replace, announce } from './dom.js';
import { KINDS } from './blocks.js';
import { binsOf, statsOf, histogram } from './stats.js';
import { momentLink } from './details.js';
import { loadChart, loadOf } from './load.js';
import { duration, integer, moment, percent } from './units.js';
import { isRealTask } from './rows.js';

const MOST_CHUNKS = 160; // a stretch of more detail than this is not recomputed in the page

// ---- a sortable table ----

// columns: [{name, key(row) -> number or string, show(row) -> node, number}]; sort is kept per
// table in app.sorts.
export function grid(app, id, columns, rows, onrow) {
  const sort = app.sorts[id] ?? (app.sorts[id] = { column: 0, down: false });
  const { key } = columns[sort.column];
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    const order =
      typeof x === 'string'
        ? x.localeCompare(y)
        : (Number.isNaN(x) ? -1 : x) - (Number.isNaN(y) ? -1 : y);
    return sort.down ? -order : order;
  };
  const head = columns.map((column, i) =>
    h(
      'th',
      {
        class: column.number ? 'num' : null,
        'aria-sort': i === sort.column ? (sort.down ? 'descending' : 'ascending') : 'none',
      },
      h(
        'button',
        {
          title: column.title,
          onclick: () => {
            sort.down = sort.column === i ? !sort.down : !!column.number;
            sort.column = i;
            app.tell('tables');
          },
        },
        column.name,
      ),
    ),
  );
  const body = [...rows].sort(compare).map((row) =>
    h(
      'tr',
      {
        data: { row: row.name },
        onclick: (e) => {
          if (e.target.closest('button') === null) onrow?.(row);
        },
      },
      columns.map((column) =>
        h(
          'td',
          { class: column.number ? 'num' : null },
          column.show ? column.show(row) : String(column.key(row)),
        ),
      ),
    ),
  );
  return h(
    'table',
    { class: 'grid', id: `grid-${id}` },
    h('thead', {}, h('tr', {}, head)),
    h('tbody', {}, body),
  );
}

// ---- whole run: from the host; stretch: from the page; both as rows of the same shape ----

function spreadOf(spread) {
  return {
    count: spread.count,
    sum: spread.total,
    mean: spread.mean,
    p99: spread.percentile(0.99),
    max: spread.count ? spread.max : NaN,
    maxAt: spread.maxAt,
    bins: binsOf(spread.values),
  };
}

function stretchRows(stats, index) {
  const span = stats.to - stats.from;
  const spreads = (row, ...names) => names.map((name) => [name, spreadOf(row[name])]);
  return {
    cut: stats.cut,
    tasks: stats.tasks.map((row, i) => ({
      ...row,
      i,
      name: index.tasks[i].name,
      level: index.tasks[i].base,
      share: row.cpu / span,
      ...Object.fromEntries(spreads(row, 'response', 'readyWait', 'blocking')),
      by: [...row.by.values()].sort((a, b) => b.counts - a.counts),
    })),
    isrs: stats.isrs.map((row, i) => ({
      i,
      name: index.isrs[i].name,
      count: row.time.count,
      own: row.time.total,
      share: row.time.total / span,
      time: spreadOf(row.time),
    })),
    objects: stats.objects.map((row, i) => ({
      i,
      name: index.objects[i].name,
      kind: index.objects[i].kind,
      waits: row.waits,
      ...Object.fromEntries(spreads(row, 'holding', 'waiting')),
    })),
  };
}

// The host's rows name things by number only.
function namedRows(stat, index) {
  const named = (rows, list) =>
    rows.map((row) => ({ ...row, name: list[row.i].name, kind: list[row.i].kind }));
  return {
    ...stat,
    to: index.duration,
    tasks: named(stat.tasks, index.tasks),
    isrs: named(stat.isrs, index.isrs),
    objects: named(stat.objects, index.objects),
  };
}

async function rowsFor(app, side) {
  const { store, shift } = app.traces[side];
  if (!app.range && store.index.stat) return namedRows(store.index.stat, store.index);
  const [from, to] = [
    Math.max(0, (app.range?.from ?? -Infinity) + shift),
    Math.min(store.index.duration, (app.range?.to ?? Infinity) + shift),
  ];
  if (!(to > from)) return null;
  const { first, last } = store.chunkRange(from, to);
  if (last - first >= MOST_CHUNKS || !store.covered(from, to)) return null;
  const chunks = await store.chunksBetween(from, to + 1);
  const load = loadOf(chunks, store.index, from, to);
  return { ...stretchRows(statsOf(chunks, store.index, from, to), store.index), load, to };
}

// A spread, or what the trace's end cut if that is longer already.
function withOpen(row, spread, open, index) {
  if (!open || open <= (spread.max ?? 0)) return spread;
  return { ...spread, max: open, maxAt: index.duration - open, open: true };
}

// ---- columns ----

const text = (name, key) => ({ name, key });

class Columns {
  constructor(app, side) {
    this.app = app;
    this.side = side;
    this.index = app.traces[side].store.index;
    this.span = app.range ? app.range.to - app.range.from : this.index.duration;
  }

  time(name, key, title) {
    return { name, key, number: true, title, show: (row) => duration(key(row), this.index.hz) };
  }

  count(name, key, title) {
    return { name, key, number: true, title, show: (row) => integer(key(row)) };
  }

  share(name, key) {
    return {
      name,
      key,
      number: true,
      show: (row) => {
        const bar = h('span', { class: 'bar' });
        bar.style.width = `${Math.round(Math.max(0, Math.min(1, key(row))) * 60)}px`;
        return h('span', {}, bar, percent(key(row)));
      },
    };
  }

  // A spread's largest value: the link goes to where it happened.
  worst(name, of, kind, title) {
    return {
      name,
      key: (row) => of(row).max,
      number: true,
      title,
      show: (row) => {
        const { max, maxAt, open } = of(row);
        if (maxAt === null || maxAt === undefined || Number.isNaN(max)) return '–';
        return momentLink(
          this.app,
          { kind, i: row.i, side: this.side, from: maxAt, to: maxAt + max, t: maxAt },
          duration(max, this.index.hz) + (open ? ', not over' : ''),
        );
      },
    };
  }

  tasks() {
    return [
      text('Task', (r) => r.name),
      this.count(
        'Prio',
        (r) => (r.level === 255 ? NaN : r.level),
        'own priority, 0 is most urgent',
      ),
      this.share('CPU', (r) => r.share),
      this.worst(
        'Slowest',
        (r) => withOpen(r, r.response, r.openResponse, this.index),
        'task',
        'slowest activation, wake to done',
      ),
      this.time('mean', (r) => r.response.mean, 'mean of the activations'),
      this.time('Blocked', (r) => r.blocked, 'time waiting for objects'),
      this.worst(
        'longest',
        (r) => withOpen(r, r.blocking, r.openWait, this.index),
        'task',
        'longest wait for an object',
      ),
      this.blockedBy(),
      this.time('Ready', (r) => r.ready, 'ready, but others ran'),
      this.worst('longest', (r) => r.readyWait, 'task', 'longest wait for the hart'),
      this.time('CPU time', (r) => r.cpu, 'without interrupt handlers'),
      this.count('Switches', (r) => r.switches, 'times it was given the hart'),
      this.count('Preempted', (r) => r.preemptions),
      this.count('Activations', (r) => r.response.count, 'from wake to done, seen whole'),
      this.time('99 %', (r) => r.response.p99, '99 % of the activations were not slower'),
    ];
  }

  blockedBy() {
    const say = (row) =>
      (row.by ?? [])
        .slice(0, 2)
        .map(({ object, holder, counts }) =>
          [
            this.index.objects[object]?.name ?? 'object',
            holder >= 0 ? `(${this.index.tasks[holder].name})` : '',
            duration(counts, this.index.hz),
          ].join(' '),
        )
        .join(', ') || '–';
    return {
      name: 'Blocked on',
      key: say,
      show: (row) => h('span', { title: say(row) }, say(row)),
    };
  }

  isrs() {
    return [
      text('Interrupt', (r) => r.name),
      this.count('Count', (r) => r.count),
      this.share('CPU', (r) => r.share),
      this.time('Time', (r) => r.own, 'without handlers nested in it'),
      this.time('mean', (r) => r.time.mean),
      this.time('99 %', (r) => r.time.p99),
      this.worst('longest', (r) => r.time, 'isr'),
    ];
  }

  objects() {
    return [
      text('Object', (r) => r.name),
      text('Kind', (r) => KINDS[r.kind]),
      this.count('Waits', (r) => r.waits),
      this.time('Waited', (r) => r.waiting.sum, 'sum over all tasks'),
      this.worst('longest', (r) => r.waiting, 'object'),
      this.count('Holds', (r) => r.holding.count),
      this.time('Held', (r) => r.holding.sum),
      this.time('mean', (r) => r.holding.mean),
      this.worst('longest', (r) => r.holding, 'object'),
    ];
  }
}

// ---- histograms of the selected task (or the one that waited longest) ----

function bars(bins, hz, cls) {
  const columns = histogram(bins).filter((c) => c.count > 0);
  const most = Math.max(1, ...columns.map((c) => c.count));
  return h(
    'div',
    { class: 'histogram' },
    columns.flatMap((c) => {
      const fill = h('div', { class: `fill ${cls}` });
      fill.style.width = `${(c.count / most) * 100}%`;
      return [
        h('span', { class: 'num muted' }, `${duration(c.from, hz)} – ${duration(c.to, hz)}`),
        h('span', {}, fill),
        h('span', { class: 'num' }, integer(c.count)),
      ];
    }),
  );
}

function histograms(app, data, side) {
  const { index } = app.traces[side].store;
  const chosen =
    app.selected?.kind === 'task' && app.selected.side === side ? app.selected.i : null;
  const real = data.tasks.filter((row) => isRealTask(index.tasks[row.i]));
  const row =
    real.find((one) => one.i === chosen) ??
    [...real].sort((a, b) => b.response.count - a.response.count)[0];
  if (!row) return h('p', { class: 'muted' }, 'No task.');
  const one = (title, spread, cls) =>
    h(
      'section',
      {},
      h('h3', {}, `${title} of ${row.name}`),
      h(
        'p',
        { class: 'muted' },
        `${integer(spread.count)} values, mean ${duration(spread.mean, index.hz)}, `,
        `99 % ${duration(spread.p99, index.hz)}, worst ${duration(spread.max, index.hz)}`,
      ),
      bars(spread.bins, index.hz, cls),
    );
  return h(
    'div',
    { class: 'pair' },
    one('Response times', row.response, ''),
    one('Blocking times', row.blocking, 'wait'),
    one('Waits for the hart', row.readyWait, 'wait'),
  );
}

// ---- the panel ----

export const TABLE_TABS = [
  ['tasks', 'Tasks'],
  ['isrs', 'Interrupts'],
  ['objects', 'Objects'],
  ['histograms', 'Histograms'],
  ['load', 'Load'],
];

function rangeText(app) {
  return duration(app.range.to - app.range.from, app.index.hz);
}

function about(app, data) {
  const place = document.getElementById('tables-about');
  const what = app.range
    ? `Stretch of ${rangeText(app)} from ${moment(app.range.from, app.index)}`
    : 'Whole run';
  replace(
    place,
    what + (data?.cut ? ', a gap inside: figures are possible, not certain' : ''),
    app.range ? h('button', { onclick: () => app.setRange(0, 0) }, 'Whole run') : null,
  );
}

function tableOf(app, data, side) {
  const columns = new Columns(app, side);
  const { index } = app.traces[side].store;
  const open = (kind) => (row) =>
    app.goTo({ kind, i: row.i, side, t: app.selected?.t ?? (app.view.from + app.view.to) / 2 });
  if (app.tableTab === 'isrs')
    return grid(app, `isrs-${side}`, columns.isrs(), data.isrs, open('isr'));
  if (app.tableTab === 'objects')
    return grid(
      app,
      `objects-${side}`,
      columns.objects(),
      data.objects.filter((row) => index.objects[row.i].used),
      open('object'),
    );
  if (app.tableTab === 'histograms') return histograms(app, data, side);
  if (app.tableTab === 'load') return loadChart(app, data.load, side, data.to);
  return grid(
    app,
    `tasks-${side}`,
    columns.tasks(),
    data.tasks.filter((row) => isRealTask(index.tasks[row.i]) || row.cpu > 0),
    open('task'),
  );
}

let tablesTurn = 0;
export async function renderTables(app, panel) {
  const mine = ++tablesTurn;
  const out = [];
  const all = [];
  let last = null;
  for (let side = 0; side < app.traces.length; side++) {
    const data = await rowsFor(app, side).catch(() => null);
    if (mine !== tablesTurn) return;
    if (app.traces.length > 1)
      out.push(h('h3', {}, `${side ? 'B' : 'A'}  ${app.traces[side].store.index.title}`));
    out.push(
      data
        ? tableOf(app, data, side)
        : h(
            'p',
            { class: 'muted' },
            'This stretch holds too much detail, or none, to compute its figures here: ',
            '`kymo stat` has them.',
          ),
    );
    last = data ?? last;
    all.push(data);
  }
  about(app, last);
  replace(panel, ...out);
  app.tableRows = all;
  if (app.range) announce(`Figures of a stretch of ${rangeText(app)}`);
}
