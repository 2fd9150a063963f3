// SPDX-License-Identifier: MIT
// The panel about what was clicked: state, cause, who woke whom, the stack of holders, why the
// activation took as long as it did, and the events around the moment. All of it is read from the
// chunk of that moment.
import { h, replace } from './dom.js';
import { CERTAINTY, KINDS, READY, RUNNING, BLOCKED, STATES } from './blocks.js';
import { pieceAt } from './store.js';
import { activationAt, holderChain, joinedPieces, ledger, runnerAt } from './ledger.js';
import { eventFields, eventName, eventsAround } from './events.js';
import { duration, integer, moment, percent } from './units.js';
import { lastAtMost } from './bytes.js';

// A button that shows a moment; the text defaults to the moment itself.
export function momentLink(app, target, text) {
  const { index } = app.traces[target.side ?? 0].store;
  return h(
    'button',
    { class: 'link', onclick: () => app.goTo(target) },
    text ?? moment(target.t ?? target.from, index),
  );
}

export function taskLink(app, i, t, side = 0) {
  const { index } = app.traces[side].store;
  const name = index.tasks[i]?.name ?? 'unknown';
  if (i < 0 || !index.tasks[i]) return name;
  return h(
    'button',
    { class: 'link', onclick: () => app.goTo({ kind: 'task', i, side, t }) },
    name,
  );
}

function facts(...pairs) {
  return h(
    'dl',
    {},
    pairs.filter(Boolean).flatMap(([name, ...value]) => [h('dt', {}, name), h('dd', {}, ...value)]),
  );
}

function stretch(index, from, to) {
  return `${moment(from, index)} to ${moment(to, index)} (${duration(to - from, index.hz)})`;
}

// ---- a task ----

function priorityText(combo) {
  if (combo.level === 255) return 'not known';
  return combo.boosted ? `${combo.level}, inherited (own ${combo.base})` : String(combo.level);
}

function wakerText(app, combo, t, side) {
  const { index } = app.traces[side].store;
  if (combo.wakerIrq > 0) {
    const isr = index.isrs.find((one) => one.cause === combo.wakerIrq - 1);
    return [
      `interrupt ${isr?.name ?? combo.wakerIrq - 1}`,
      combo.waker >= 0 ? ` over ${index.tasks[combo.waker].name}` : '',
    ];
  }
  return combo.waker >= 0 ? [taskLink(app, combo.waker, t, side)] : ['not known'];
}

function objectName(index, i) {
  return i >= 0 ? `${index.objects[i].name} (${KINDS[index.objects[i].kind]})` : 'not known';
}

function pieceFacts(app, combo, piece, selected, chunk) {
  const { index } = app.traces[selected.side].store;
  const runner = combo.state === READY ? runnerAt(chunk, index, combo.hart, selected.t) : -1;
  return facts(
    ['State', h('b', {}, combo.preempted ? 'ready, preempted' : STATES[combo.state])],
    ['From, to', stretch(index, piece.from, piece.to)],
    ['Priority', priorityText(combo)],
    combo.state === READY &&
      !combo.preempted && ['Woken by', ...wakerText(app, combo, piece.from, selected.side)],
    runner >= 0 && ['Meanwhile', taskLink(app, runner, selected.t, selected.side), ' has the hart'],
    combo.state === BLOCKED && ['Waits for', objectName(index, combo.object)],
    combo.state === BLOCKED &&
      combo.holder >= 0 && ['Held by', taskLink(app, combo.holder, selected.t, selected.side)],
    combo.state === RUNNING && ['Hart', String(combo.hart)],
    combo.certainty > 0 && ['Certainty', CERTAINTY[combo.certainty]],
  );
}

function chainList(app, chain, selected) {
  const { index } = app.traces[selected.side].store;
  if (chain.length < 2) return [];
  const item = ({ task, combo }, i) =>
    h(
      'li',
      {},
      taskLink(app, task, selected.t, selected.side),
      combo ? ` ${describe(combo, index)}` : ' (state not known)',
      i === chain.length - 1 && chain.deadlock ? ' — the chain closes: deadlock' : '',
    );
  return [h('h3', {}, 'Stack of holders'), h('ol', { id: 'holders' }, chain.map(item))];
}

function describe(combo, index) {
  if (combo.state === BLOCKED && combo.object >= 0)
    return `waits for ${index.objects[combo.object].name}`;
  const level = combo.level === 255 ? '' : ` at priority ${combo.level}`;
  return `is ${combo.preempted ? 'preempted' : STATES[combo.state]}${level}`;
}

// ---- the ledger ----

const PART_TEXT = {
  own: () => 'own work',
  isr: () => 'interrupt handlers',
  ready: () => 'ready, but others ran',
  blocked: (part, index) =>
    `waited for ${part.object >= 0 ? index.objects[part.object].name : 'an object'}` +
    (part.holder >= 0 ? `, held by ${index.tasks[part.holder].name}` : ''),
  delayed: () => 'slept',
  suspended: () => 'suspended',
  unknown: () => 'not known (lost or not recorded)',
};

export function ledgerView(app, parts, task, whole, side) {
  const { index } = app.traces[side].store;
  const bar = h('div', { class: 'stack', role: 'img', 'aria-label': 'Shares of the time' });
  const list = h('div', { class: 'ledger' });
  const row = (cls, text, counts, from, sub) =>
    list.append(
      h(
        'span',
        { class: `what${sub ? ' sub' : ''}` },
        sub ? null : h('span', { class: `swatch ${cls}` }),
        from === null ? text : momentLink(app, { kind: 'task', i: task, side, t: from }, text),
      ),
      h('span', { class: 'num' }, duration(counts, index.hz)),
      h('span', { class: 'num muted' }, percent(counts / whole)),
    );
  for (const part of parts) {
    const piece = h('span', {
      class: `swatch ${part.kind}`,
      title: PART_TEXT[part.kind](part, index),
    });
    piece.style.width = `${(part.counts / whole) * 100}%`;
    bar.append(piece);
    row(part.kind, PART_TEXT[part.kind](part, index), part.counts, part.from, false);
    const by = [...part.by].sort((a, b) => b[1] - a[1]).slice(0, 5);
    for (const [runner, counts] of by)
      row(
        '',
        `while ${index.tasks[runner].id === 0 ? 'nobody' : index.tasks[runner].name} ran`,
        counts,
        null,
        true,
      );
  }
  return [bar, list];
}

const REACH = 24; // chunks that an activation is followed to

async function activationView(app, selected) {
  const { store } = app.traces[selected.side];
  const { index } = store;
  const middle = lastAtMost(store.chunkFrom, selected.t);
  for (const reach of [1, 4, REACH]) {
    const from = store.chunkFrom[Math.max(0, middle - reach)];
    const last = Math.min(index.chunks.length - 1, middle + reach);
    const chunks = await store.chunksBetween(from, index.chunks[last][1]);
    const activation = activationAt(joinedPieces(chunks, selected.i), selected.t, index);
    if (!activation) return [];
    if (
      !activation.whole &&
      reach !== REACH &&
      (middle - reach > 0 || last < index.chunks.length - 1)
    )
      continue;
    const parts = ledger(chunks, index, selected.i, activation.from, activation.to);
    const whole = activation.to - activation.from;
    return [
      h('h3', {}, 'Why it took as long as it did'),
      h(
        'p',
        {},
        'Activation ',
        momentLink(
          app,
          { kind: 'task', i: selected.i, side: selected.side, ...activation, t: selected.t },
          stretch(index, activation.from, activation.to),
        ),
        activation.whole ? '' : ' – its beginning or end is not in the trace',
      ),
      ...ledgerView(app, parts, selected.i, whole, selected.side),
    ];
  }
  return [];
}

async function taskDetails(app, selected, chunk) {
  const { store } = app.traces[selected.side];
  const piece = pieceAt(chunk.tasks[selected.i], selected.t);
  if (!piece) return [h('p', { class: 'muted' }, 'The task does not exist at this moment.')];
  const around = await store.chunksBetween(
    Math.max(0, chunk.from - 1),
    Math.min(store.index.duration, chunk.to + 1),
  );
  const whole =
    joinedPieces(around, selected.i).find((one) => one.from <= selected.t && selected.t < one.to) ??
    piece;
  const combo = store.index.combos[piece.combo];
  return [
    pieceFacts(app, combo, whole, selected, chunk),
    ...chainList(app, holderChain(chunk, store.index, selected.i, selected.t), selected),
    ...(await activationView(app, selected)),
  ];
}

// ---- the other kinds of rows ----

function itemAt(items, t, slack) {
  let best = -1;
  for (let i = 0; i < items.n; i++) {
    if (items.from[i] - slack > t) break;
    if (items.to[i] + slack >= t) best = i;
  }
  return best;
}

function itemDetails(app, selected, chunk) {
  const { index } = app.traces[selected.side].store;
  const items = { isr: chunk.isrs, object: chunk.objects, span: chunk.spans }[selected.kind][
    selected.i
  ];
  const i = itemAt(items, selected.t, app.width() / 300);
  if (i < 0)
    return [
      h(
        'p',
        { class: 'muted' },
        selected.kind === 'object'
          ? 'Nobody holds it at this moment.'
          : 'Nothing here at this moment.',
      ),
    ];
  const task = items.task ? items.task[i] : index.spans[selected.i].task;
  return [
    facts(
      ['From, to', stretch(index, items.from[i], items.to[i])],
      [
        { isr: 'Interrupted', object: 'Holder', span: 'Task' }[selected.kind],
        taskLink(app, task, items.from[i], selected.side),
      ],
      selected.kind === 'isr' && ['Own time', duration(items.own[i], index.hz)],
      selected.kind === 'isr' && ['Depth', String(items.depth[i])],
      selected.kind === 'object' && ['Waiters', `at most ${items.waiters[i]} at one time`],
    ),
  ];
}

function waiterDetails(app, selected, chunk) {
  const { index } = app.traces[selected.side].store;
  const waiting = index.tasks
    .map((_, task) => ({ task, piece: pieceAt(chunk.tasks[task], selected.t) }))
    .filter(
      ({ piece }) =>
        piece &&
        index.combos[piece.combo].state === BLOCKED &&
        index.combos[piece.combo].object === selected.i,
    );
  if (!waiting.length) return [];
  return [
    h('h3', {}, 'Waiting for it'),
    h(
      'ul',
      {},
      waiting.map(({ task, piece }) =>
        h(
          'li',
          {},
          taskLink(app, task, selected.t, selected.side),
          ` since ${moment(piece.from, index)}`,
        ),
      ),
    ),
  ];
}

function hartDetails(app, selected, chunk) {
  const { index } = app.traces[selected.side].store;
  const task = runnerAt(chunk, index, selected.i, selected.t);
  return [
    facts(['Runs', task >= 0 ? taskLink(app, task, selected.t, selected.side) : 'not known']),
  ];
}

function counterDetails(app, selected, chunk) {
  const points = chunk.counters[selected.i];
  const i = lastAtMost(points.t, selected.t);
  return [facts(['Value', i >= 0 ? integer(points.value[i]) : 'not yet set'])];
}

async function kindDetails(app, selected, chunk) {
  if (selected.kind === 'task') return taskDetails(app, selected, chunk);
  if (selected.kind === 'hart') return hartDetails(app, selected, chunk);
  if (selected.kind === 'counter') return counterDetails(app, selected, chunk);
  if (selected.kind === 'object')
    return [...itemDetails(app, selected, chunk), ...waiterDetails(app, selected, chunk)];
  return selected.kind === 'isr' || selected.kind === 'span'
    ? itemDetails(app, selected, chunk)
    : [];
}

// ---- events ----

export function eventTable(app, events, side, current) {
  const { store } = app.traces[side];
  const { shift } = app.traces[side];
  const go = (event) =>
    app.setView({ from: event.t - shift - app.width() / 2, to: event.t - shift + app.width() / 2 });
  return h(
    'table',
    { class: 'events' },
    events.map((event) =>
      h(
        'tr',
        {
          tabindex: 0,
          'aria-current': event.number === current,
          title: `event ${event.number}`,
          onclick: () => go(event),
          onkeydown: (e) => {
            if (e.key === 'Enter') go(event);
          },
        },
        h('td', { class: 'num muted' }, moment(event.t, store.index)),
        h(
          'td',
          {},
          h('b', {}, eventName(event, store)),
          ' ',
          eventFields(event, store)
            .map((f) => `${f.name} ${f.text}`)
            .join(', '),
        ),
      ),
    ),
  );
}

// Fills the panel for app.selected. A later call wins over one that is still waiting for a chunk.
let detailsTurn = 0;
export async function renderDetails(app, panel) {
  const mine = ++detailsTurn;
  const { selected } = app;
  if (!selected) {
    replace(
      panel,
      h(
        'p',
        { class: 'muted' },
        'Click something in the timeline, or move to a row with the arrow keys and press Enter.',
      ),
    );
    return;
  }
  const { store } = app.traces[selected.side];
  const head = [
    h('h2', {}, selected.label),
    h('p', { class: 'muted' }, `at ${moment(selected.t, store.index)}`),
  ];
  const chunk = await store.chunkAt(selected.t).catch(() => null);
  if (mine !== detailsTurn || app.tab !== 'details') return;
  if (!chunk) {
    replace(
      panel,
      head,
      h(
        'p',
        {},
        'This report holds only a summary of this moment. Make one with the detail here: ',
        h(
          'span',
          { class: 'mono' },
          `kymo report --around @${store.index.start + Math.round(selected.t)}`,
        ),
      ),
    );
    return;
  }
  const body = await kindDetails(app, selected, chunk);
  if (mine !== detailsTurn || app.tab !== 'details') return;
  const near = eventsAround(chunk, selected.t, 6);
  const current = near.filter((event) => event.t <= selected.t).pop();
  replace(
    panel,
    head,
    ...body,
    h('h3', {}, 'Events around this moment'),
    eventTable(app, near, selected.side, current?.number),
  );
}
