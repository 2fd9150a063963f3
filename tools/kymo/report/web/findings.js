// SPDX-License-Identifier: MIT
// The findings: what the host tool found in the run, in sentences, each with links to the moments
// that prove it. The host finds (tools/kymo/report/findings.c), this file words; the steps of a
// finding are read from the detail around it.
import { h, replace } from './dom.js';
import { BLOCKED, READY, RUNNING, CERTAINTY } from './blocks.js';
import { joinedPieces, ledger, overlap } from './ledger.js';
import { ledgerView, momentLink, taskLink } from './details.js';
import { duration, integer, moment, percent } from './units.js';
import { gapText } from './events.js';

const TAGS = { bad: 'problem', warn: 'look here', good: 'good', info: 'note' };

function card(finding, title, ...body) {
  return h(
    'article',
    { class: `card ${finding.severity}`, data: { kind: finding.kind } },
    h('h2', {}, h('span', { class: 'tag' }, TAGS[finding.severity]), h('span', {}, ...title)),
    ...body,
    finding.certainty
      ? h('p', { class: 'muted' }, `This is ${CERTAINTY[finding.certainty]}: a gap touches it.`)
      : null,
  );
}

class Words {
  constructor(app, side) {
    this.app = app;
    this.side = side;
    this.index = app.traces[side].store.index;
  }

  task(i, t) {
    return taskLink(this.app, i, t, this.side);
  }
  name(i) {
    return this.index.tasks[i]?.name ?? 'unknown';
  }
  object(i) {
    return this.index.objects[i]?.name ?? 'an object';
  }
  time(counts) {
    return h('b', {}, duration(counts, this.index.hz));
  }
  // A moment of a finding, shown in the finding's stretch.
  step(t, kind, i, f) {
    return momentLink(this.app, { kind, i, side: this.side, t, from: f.from, to: f.to });
  }

  at(t, kind, i) {
    return momentLink(this.app, { kind, i, side: this.side, t });
  }
  stretch(finding, text) {
    return momentLink(
      this.app,
      {
        kind: 'task',
        i: finding.task,
        side: this.side,
        from: finding.from,
        to: finding.to,
        t: finding.from,
      },
      text,
    );
  }
}

// ---- the kinds ----

// A sentence in three steps: who waited, who ran instead, what would have helped.
function inversion(w, f, more = []) {
  const others = f.by
    .slice(0, 3)
    .flatMap(([task, counts, level], k) => [
      k ? ', ' : '',
      w.task(task, f.from),
      ` (priority ${level}) for `,
      w.time(counts),
    ]);
  return card(
    f,
    [
      'Priority inversion: ',
      w.name(f.task),
      ' waited ',
      duration(f.to - f.from, w.index.hz),
      ' for ',
      w.object(f.object),
    ],
    h(
      'p',
      {},
      w.task(f.task, f.from),
      ` (priority ${f.level}) had to wait for ${w.object(f.object)}, which `,
      w.task(f.holder, f.from),
      ` (priority ${f.holderLevel}) held. Meanwhile less urgent tasks ran, which do not need it: `,
      ...others,
      `. They kept ${w.name(f.holder)} from giving it back.`,
    ),
    stepsPlace(w, f),
    h(
      'p',
      {},
      f.open ? 'The wait had not ended when the trace did. ' : '',
      'With priority inheritance on this mutex the holder would have run first. ',
      w.stretch(f, 'Show this stretch'),
    ),
    more.length ? h('p', {}, 'The same again: ', ...moreLinks(w, more), '.') : null,
  );
}

function moreLinks(w, more) {
  return more.flatMap((f, k) => [
    k ? ', ' : '',
    w.stretch(f, `${duration(f.to - f.from, w.index.hz)} at ${moment(f.from, w.index)}`),
  ]);
}

function wait(w, f) {
  return card(
    f,
    [w.name(f.task), ' waited ', duration(f.to - f.from, w.index.hz), ' for ', w.object(f.object)],
    h(
      'p',
      {},
      'Longest wait for a lock of this task; held by ',
      w.task(f.holder, f.from),
      '. ',
      f.open ? 'It had not ended when the trace did. ' : '',
      w.stretch(f, 'Show it'),
    ),
    stepsPlace(w, f),
  );
}

function response(w, f) {
  return card(
    f,
    ['Slowest activation of ', w.name(f.task), ': ', duration(f.to - f.from, w.index.hz)],
    h(
      'p',
      {},
      `Of ${integer(f.count)} activations, which took `,
      w.time(f.mean),
      ' on average. ',
      w.stretch(f, 'Show it'),
    ),
    ledgerPlace(w, f),
  );
}

function deadlock(w, f) {
  return card(
    f,
    ['Deadlock of ', f.tasks.map((i) => w.name(i)).join(', ')],
    h(
      'ol',
      {},
      f.tasks.map((task, k) =>
        h(
          'li',
          {},
          w.task(task, f.from),
          ` waits for ${w.object(f.objects[k])}, held by `,
          w.name(f.tasks[(k + 1) % f.tasks.length]),
        ),
      ),
    ),
    h('p', {}, 'Closed at ', w.at(f.from, 'task', f.tasks[0]), ' and never left.'),
  );
}

function stuck(w, f) {
  return card(
    f,
    [w.name(f.task), ' still waited at the end'],
    h(
      'p',
      {},
      `For ${w.object(f.object)}, since `,
      w.at(f.from, 'task', f.task),
      f.holder >= 0 ? `, held by ${w.name(f.holder)}` : '',
      '.',
    ),
  );
}

function loss(w, f) {
  const first = w.index.gaps[0];
  return card(
    f,
    [f.events === null ? 'Events were lost' : `${integer(f.events)} events were lost`],
    h(
      'p',
      {},
      `In ${integer(f.gaps)} gaps. What a gap touches is shown hatched, `,
      'and its figures are possible, not certain.',
    ),
    first
      ? h(
          'p',
          {},
          `First: ${gapText(first)}, `,
          momentLink(w.app, {
            kind: 'loss',
            i: 0,
            side: w.side,
            from: first[1],
            to: Math.max(first[2], first[1] + 1),
            t: first[1],
          }),
        )
      : null,
  );
}

function mark(w, f) {
  return card(
    f,
    ['Last words of the application: ', f.text],
    h('p', {}, 'Marked by ', w.task(f.task, f.from), ' at ', w.at(f.from, 'task', f.task), '.'),
  );
}

function panic(w, f) {
  return card(
    f,
    ['The kernel gave up'],
    h(
      'p',
      {},
      `Code ${f.code} in `,
      w.task(f.task, f.from),
      ' at ',
      w.at(f.from, 'task', f.task),
      '.',
    ),
  );
}

const CARDS = { inversion, wait, response, deadlock, stuck, loss, mark, panic };

// ---- steps of a wait: who took the lock, who came in between, how it ended ----

const STEP_CHUNKS = 40;

function place(text, fill) {
  const body = h('div', {});
  const details = h('details', {}, h('summary', {}, text), body);
  details.addEventListener(
    'toggle',
    () => {
      if (details.open && !body.firstChild) fill(body);
    },
    { once: true },
  );
  return details;
}

function stepsPlace(w, f) {
  const body = h('div', {});
  fillSteps(w, f, body);
  return body;
}

function ledgerPlace(w, f) {
  return place('Where the time went', async (body) => {
    const chunks = await detail(w, f.from, f.to);
    if (chunks)
      replace(
        body,
        ...ledgerView(
          w.app,
          ledger(chunks, w.index, f.task, f.from, f.to),
          f.task,
          f.to - f.from,
          w.side,
        ),
      );
    else replace(body, 'This report holds only a summary of this stretch.');
  });
}

async function detail(w, from, to) {
  const { store } = w.app.traces[w.side];
  const { first, last } = store.chunkRange(from, to);
  if (last - first >= STEP_CHUNKS || !store.covered(from, to)) return null;
  return store.chunksBetween(from, to);
}

// The holder's own pieces in the wait: where it was kept from running the longest, and by whom.
export function holdUps(chunks, index, f) {
  const out = [];
  for (const piece of joinedPieces(chunks, f.holder)) {
    const counts = overlap(piece.from, piece.to, f.from, f.to);
    if (counts <= 0 || index.combos[piece.combo].state !== READY) continue;
    const parts = ledger(
      chunks,
      index,
      f.holder,
      Math.max(piece.from, f.from),
      Math.min(piece.to, f.to),
    );
    const by = [...(parts[0]?.by ?? [])].sort((a, b) => b[1] - a[1]);
    out.push({ t: Math.max(piece.from, f.from), counts, by });
  }
  return out.sort((a, b) => b.counts - a.counts);
}

function holdStart(chunks, f) {
  let open = null;
  for (const chunk of chunks) {
    const items = chunk.objects[f.object];
    for (let i = 0; i < items.n; i++)
      if (
        items.from[i] <= f.from &&
        items.to[i] > f.from - 1 &&
        !(items.flags[i] & 1) &&
        items.task[i] === f.holder
      )
        open = items.from[i];
  }
  return open;
}

async function fillSteps(w, f, body) {
  const { store } = w.app.traces[w.side];
  const chunks = await detail(w, f.from, f.to).catch(() => null);
  if (!chunks) return;
  const before = await store.chunkAt(Math.max(0, chunks[0].from - 1)).catch(() => null);
  const all = before && before !== chunks[0] ? [before, ...chunks] : chunks;
  const taken = holdStart(all, f);
  const steps = [];
  if (taken !== null)
    steps.push([taken, 'task', f.holder, [w.name(f.holder), ` takes ${w.object(f.object)}`]]);
  steps.push([f.from, 'task', f.task, [h('b', {}, w.name(f.task)), ' needs it and has to wait']]);
  for (const up of holdUps(all, w.index, f)
    .slice(0, 3)
    .sort((a, b) => a.t - b.t)) {
    const by = up.by
      .filter(([task, counts]) => w.index.tasks[task].id !== 0 && counts > up.counts / 20)
      .slice(0, 2)
      .map(([task]) => w.name(task))
      .join(' and ');
    steps.push([
      up.t,
      'task',
      up.by[0]?.[0] ?? f.holder,
      [`${by || 'others'} kept ${w.name(f.holder)} from running for `, w.time(up.counts)],
    ]);
  }
  steps.push([
    f.to,
    'task',
    f.task,
    f.open
      ? ['the trace ends; ', w.name(f.task), ' still waits']
      : [w.name(f.task), ' goes on, ', w.time(f.to - f.from), ' late'],
  ]);
  replace(
    body,
    h(
      'ol',
      { class: 'steps' },
      steps.map(([t, kind, i, text]) => h('li', {}, w.step(t, kind, i, f), h('span', {}, ...text))),
    ),
  );
}

// ---- the lead: what this run was, in two sentences ----

function ending(info) {
  if (!info.ended) return 'The trace has no end mark: the run was cut off.';
  const exit = info.exit === 0 || info.exit === undefined ? '' : ` with status ${info.exit}`;
  return `The run ended by ${info.reason}${exit}.`;
}

function lead(app, side) {
  const { index } = app.traces[side].store;
  const bad = index.info.ended && index.info.exit > 0;
  const lost = index.gaps.length ? `${index.gaps.length} gaps` : 'nothing lost';
  const label = app.traces.length > 1 ? `${side ? 'B' : 'A'}  ${index.title}: ` : '';
  return h(
    'div',
    { class: `lead${bad ? ' bad' : ''}` },
    h('b', {}, label, ending(index.info)),
    ` ${duration(index.duration, index.hz)}, ${integer(index.events)} events, ${lost}.`,
    index.info.damaged ? ' The file is damaged.' : '',
    index.complete
      ? ''
      : ` Full detail for ${percent(index.detailShare)} of the run, the rest as summary.`,
    ...index.warnings.map((text) => h('p', {}, text)),
  );
}

function difference(app) {
  const { diff } = app.index;
  if (!diff) return null;
  const { index } = app.traces[1].store;
  if (diff.same)
    return h(
      'article',
      { class: 'card good' },
      h(
        'h2',
        {},
        h('span', { class: 'tag' }, 'same'),
        h('span', {}, 'Both runs switch tasks in the same order'),
      ),
      h('p', {}, `${integer(diff.switches)} switches compared.`),
    );
  const who = ({ next, t }, side) => {
    const { store } = app.traces[side];
    const task = store.taskById.get(next);
    const name = task === undefined ? 'the end of the run' : store.index.tasks[task].name;
    return momentLink(app, { kind: 'hart', i: 0, side, t }, `${name} at ${moment(t, store.index)}`);
  };
  const align = () => {
    app.align(diff.b.t - diff.a.t);
    const margin = index.duration / 20;
    const { t } = diff.a;
    app.goTo({ kind: 'hart', i: 0, side: 0, t, from: t - margin, to: t + margin });
    app.setTab('findings');
  };
  const { shift } = app.traces[1];
  return h(
    'article',
    { class: 'card warn', data: { kind: 'diff' } },
    h(
      'h2',
      {},
      h('span', { class: 'tag' }, 'look here'),
      h('span', {}, 'First difference in scheduling order'),
    ),
    h(
      'p',
      {},
      `After ${integer(diff.switches)} equal switches A goes to `,
      who(diff.a, 0),
      ', B to ',
      who(diff.b, 1),
      '.',
    ),
    h(
      'p',
      {},
      h('button', { onclick: align }, 'Align both runs here'),
      ' ',
      h('button', { onclick: () => app.align(0) }, 'Align at the start'),
    ),
    h(
      'p',
      { class: 'muted' },
      shift
        ? `B is moved ${shift > 0 ? 'left' : 'right'} by ${duration(Math.abs(shift), index.hz)}.`
        : 'Both runs begin at the left edge.',
    ),
  );
}

// Inversions of the same tasks over the same object are one story, told once.
export function groupFindings(findings) {
  const groups = [];
  const known = new Map();
  for (const finding of findings) {
    const key = `${finding.task} ${finding.holder} ${finding.object}`;
    if (finding.kind === 'inversion' && known.has(key)) known.get(key).push(finding);
    else groups.push([finding]);
    if (finding.kind === 'inversion' && !known.has(key)) known.set(key, groups[groups.length - 1]);
  }
  return groups;
}

export function renderFindings(app, panel) {
  const out = [];
  app.traces.forEach((trace, side) => {
    const w = new Words(app, side);
    out.push(lead(app, side));
    if (side === 0) out.push(difference(app));
    for (const [finding, ...more] of groupFindings(trace.store.index.findings))
      out.push(CARDS[finding.kind]?.(w, finding, more));
    if (!trace.store.index.findings.length)
      out.push(h('p', { class: 'muted' }, 'Nothing remarkable was found.'));
  });
  replace(panel, ...out);
}

// Findings in order, for the keys that step through them. A finding without a length is shown
// with a fortieth of the run on both sides.
export function findingStops(app) {
  return app.traces.flatMap((trace, side) => {
    const { index } = trace.store;
    const margin = index.duration / 40;
    return index.findings
      .filter((f) => f.from !== undefined)
      .map((f) => {
        const stop = { kind: 'task', i: f.task ?? f.tasks?.[0], side, t: f.from };
        return f.to > f.from
          ? { ...stop, from: f.from, to: f.to }
          : { ...stop, from: f.from - margin, to: f.from + margin };
      });
  });
}
