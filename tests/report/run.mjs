// SPDX-License-Identifier: MIT
// A run to look at and to test with: a small simulated schedule (strict priorities, one mutex
// with or without inheritance) in the form that encode.mjs takes. Deterministic.
const STATE = { ready: 1, running: 2, blocked: 3, delayed: 5 };

const TABLE = [
  {
    name: 'task_switch',
    klass: 'SCHED',
    code: 8,
    sub: 3,
    fields: [
      { name: 'state', type: 'state', kind: 'S', bits: 3, shift: 0, word: 0 },
      { name: 'next', type: 'task', kind: 'A', bits: 16, shift: 0, word: 0 },
    ],
  },
  {
    name: 'task_ready',
    klass: 'SCHED',
    code: 0x18,
    sub: 3,
    fields: [
      { name: 'reason', type: 'reason', kind: 'S', bits: 3, shift: 0, word: 0 },
      { name: 'task', type: 'task', kind: 'A', bits: 16, shift: 0, word: 0 },
    ],
  },
  {
    name: 'mutex_lock',
    klass: 'SYNC',
    code: 0x42,
    sub: 0,
    fields: [{ name: 'obj', type: 'obj', kind: 'W', bits: 32, shift: 0, word: 0 }],
  },
  {
    name: 'mutex_block',
    klass: 'SYNC',
    code: 0x43,
    sub: 0,
    fields: [
      { name: 'owner', type: 'task', kind: 'A', bits: 16, shift: 0, word: 0 },
      { name: 'obj', type: 'obj', kind: 'W', bits: 32, shift: 0, word: 0 },
    ],
  },
  {
    name: 'mutex_unlock',
    klass: 'SYNC',
    code: 0x47,
    sub: 0,
    fields: [
      { name: 'next', type: 'task', kind: 'A', bits: 16, shift: 0, word: 0 },
      { name: 'obj', type: 'obj', kind: 'W', bits: 32, shift: 0, word: 0 },
    ],
  },
];
const BUS = 0x80001000;

// Jobs: [period, offset, steps]; a step is [work] or ['lock'] or ['unlock'].
const TASKS = [
  { id: 0, name: 'idle', base: 7, jobs: null },
  {
    id: 2,
    name: 'bus_task',
    base: 1,
    period: 12500,
    offset: 3100,
    steps: [300, 'lock', 200, 'unlock', 200],
  },
  { id: 3, name: 'comm_task', base: 4, period: 50000, offset: 20400, steps: [16000] },
  {
    id: 4,
    name: 'weather_task',
    base: 6,
    period: 33000,
    offset: 1000,
    steps: [400, 'lock', 2600, 'unlock', 500],
  },
];

class Sim {
  constructor({ inherit, duration }) {
    Object.assign(this, {
      inherit,
      duration,
      now: 0,
      combos: [[6, 0, 255, 255, 0, -1, -1, -1, 0, 0, 255]],
      known: new Map(),
    });
    this.tasks = TASKS.map((t) => ({
      ...t,
      level: t.base,
      state: t.id ? 'delayed' : 'ready',
      since: 0,
      pieces: [],
      wake: t.offset ?? Infinity,
      step: 0,
      left: 0,
      waker: -1,
      pre: 0,
    }));
    this.owner = -1;
    this.heldSince = 0;
    this.holds = [];
    this.events = [];
  }

  combo(i) {
    const t = this.tasks[i];
    const blocked = t.state === 'blocked';
    const row = [
      STATE[t.state],
      0,
      t.level,
      t.base,
      t.state === 'ready' ? t.pre : blocked ? 2 : 0,
      blocked ? 0 : -1,
      blocked ? this.owner : -1,
      t.state === 'ready' && !t.pre ? t.waker : -1,
      t.state === 'ready' && !t.pre && t.waker < 0 ? 8 : 0,
      0,
      t.state === 'ready' && !t.pre ? 1 : 255,
    ];
    const key = row.join();
    if (!this.known.has(key)) {
      this.known.set(key, this.combos.length);
      this.combos.push(row);
    }
    return this.known.get(key);
  }

  close(i) {
    const t = this.tasks[i];
    if (this.now > t.since) t.pieces.push({ from: t.since, to: this.now, combo: this.combo(i) });
    t.since = this.now;
  }

  set(i, state, waker = -1, pre = 0) {
    this.close(i);
    Object.assign(this.tasks[i], { state, waker, pre });
  }

  level(i, level) {
    this.close(i);
    this.tasks[i].level = level;
  }

  emit(code, arg, words = []) {
    this.events.push({ t: this.now, code, arg, words });
  }

  pick() {
    return this.tasks.reduce(
      (best, t, i) =>
        ['ready', 'running'].includes(t.state) && t.level < this.tasks[best].level ? i : best,
      0,
    );
  }

  dispatch() {
    const next = this.pick();
    const before = this.tasks.findIndex((t) => t.state === 'running');
    if (before === next) return;
    const left = this.last ?? 0;
    if (before >= 0) this.set(before, 'ready', -1, 1);
    this.emit(8 + (STATE[this.tasks[left].state] ?? 1), this.tasks[next].id);
    this.set(next, 'running');
    this.last = next;
  }

  // Runs the running task until `until` or the end of its step.
  advance(until) {
    const i = this.tasks.findIndex((t) => t.state === 'running');
    const t = this.tasks[i];
    if (!t.steps) {
      this.now = until;
      return;
    }
    const step = t.steps[t.step];
    if (step === undefined) {
      t.wake += t.period;
      t.step = 0;
      this.set(i, 'delayed');
      return;
    }
    if (step === 'lock') this.lock(i);
    else if (step === 'unlock') this.unlock(i);
    else {
      t.left ||= step;
      const d = Math.min(t.left, until - this.now);
      this.now += d;
      t.left -= d;
      if (t.left === 0) t.step += 1;
    }
  }

  lock(i) {
    this.now += 6;
    if (this.owner < 0) {
      this.owner = i;
      this.heldSince = this.now;
      this.waiters = 0;
      this.emit(0x42, 0, [BUS]);
      this.tasks[i].step += 1;
      return;
    }
    this.waiters += 1;
    this.emit(0x43, this.tasks[this.owner].id, [BUS]);
    if (this.inherit && this.tasks[i].level < this.tasks[this.owner].level)
      this.level(this.owner, this.tasks[i].level);
    this.set(i, 'blocked');
  }

  unlock(i) {
    this.now += 6;
    this.holds.push({ from: this.heldSince, to: this.now, task: i, waiters: this.waiters });
    const next = this.tasks.findIndex((t) => t.state === 'blocked');
    this.emit(0x47, next >= 0 ? this.tasks[next].id : 0, [BUS]);
    if (next >= 0) {
      this.emit(0x18 + 1, this.tasks[next].id);
      this.set(next, 'ready', i);
      this.tasks[next].step += 1;
    }
    this.owner = next;
    this.heldSince = this.now;
    this.waiters = 0;
    if (this.tasks[i].level !== this.tasks[i].base) this.level(i, this.tasks[i].base);
    this.tasks[i].step += 1;
  }

  run() {
    while (this.now < this.duration) {
      this.tasks.forEach((t, i) => {
        if (t.state === 'delayed' && t.wake <= this.now) {
          this.emit(0x18 + 2, t.id);
          this.set(i, 'ready');
        }
      });
      this.dispatch();
      const wake = Math.min(...this.tasks.filter((t) => t.state === 'delayed').map((t) => t.wake));
      this.advance(Math.min(this.duration, Math.max(wake, this.now + 1)));
    }
    this.now = this.duration;
    this.tasks.forEach((_, i) => this.close(i));
    if (this.owner >= 0)
      this.holds.push({
        from: this.heldSince,
        to: this.now,
        task: this.owner,
        waiters: this.waiters,
      });
    return this;
  }
}

function tickItems(duration) {
  const out = [];
  for (let t = 1000; t + 40 < duration; t += 1000)
    out.push({ from: t, to: t + 40, own: 40, task: 0, depth: 1, hart: 0 });
  return out;
}

export function pathfinder({ inherit = false, duration = 120000, names = {} } = {}) {
  const sim = new Sim({ inherit, duration }).run();
  const tasks = sim.tasks.map(({ id, name, base }) => ({
    id,
    name: names[name] ?? name,
    base,
    user: false,
  }));
  const index = {
    format: 1,
    title: inherit ? 'inheritance-on.kymo' : 'inheritance-off.kymo',
    hz: 1000000,
    start: 5000,
    duration,
    events: sim.events.length,
    harts: 1,
    complete: true,
    detailShare: 1,
    marks: 0,
    live: false,
    info: {
      image: 'pathfinder.elf',
      buildId: '0123456789abcdef',
      clock: 'mcycle',
      capture: 'plugin',
      damaged: false,
      ended: true,
      reason: 'poweroff',
      exit: inherit ? 0 : 3,
    },
    warnings: [],
    tasks,
    objects: [{ addr: BUS, kind: 2, name: names.bus ?? 'info_bus', used: true }],
    isrs: [{ cause: 7, source: 0, name: 'timer' }],
    spans: [],
    counters: [],
    table: TABLE,
    names: { obj: { [BUS]: names.bus ?? 'info_bus' }, code: {}, tag: {} },
    combos: sim.combos.flat(),
    gaps: [],
    stat: null,
    findings: [],
    bookmarks: [],
  };
  const run = {
    duration,
    tasks: sim.tasks.map((t) => t.pieces),
    isrs: [tickItems(duration)],
    objects: [sim.holds],
    events: sim.events,
  };
  if (!inherit) index.findings = inversions(sim);
  return { index, run };
}

function inversions(sim) {
  const out = [];
  for (const piece of sim.tasks[1].pieces) {
    if (sim.combos[piece.combo][0] !== 3) continue;
    const by = sim.tasks[2].pieces
      .filter((p) => sim.combos[p.combo][0] === 2 && p.to > piece.from && p.from < piece.to)
      .reduce((s, p) => s + p.to - p.from, 0);
    if (by > 0)
      out.push({
        kind: 'inversion',
        severity: 'bad',
        certainty: 0,
        task: 1,
        level: 1,
        holder: 3,
        holderLevel: 6,
        object: 0,
        from: piece.from,
        to: piece.to,
        by: [[2, by]],
        open: false,
      });
  }
  return out.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 3);
}
