// SPDX-License-Identifier: MIT
// The page: opens the traces, builds the parts, draws when something changed. `window.kymo` is
// for tests and the curious: what the last frame and the opening cost.
import { byId, h, replace, announce } from './dom.js';
import { App } from './app.js';
import { openStore, pageBlocks, pieceAt } from './store.js';
import { drawFrame, drawOverview, pieceLabel, RULER } from './draw.js';
import { isDark, readPalette, setTheme, turnTheme } from './theme.js';
import { Gutter } from './gutter.js';
import { bindInput, helpContent } from './input.js';
import { rowAt } from './rows.js';
import { renderDetails, eventTable } from './details.js';
import { renderFindings } from './findings.js';
import { renderTables, TABLE_TABS } from './tables.js';
import {
  eventByNumber,
  matchRows,
  MOST,
  parseEventNumber,
  parseMoment,
  searchEvents,
} from './search.js';
import { STATES } from './blocks.js';
import { duration, integer, moment } from './units.js';
import { xToTime } from './view.js';
import { liveBlocks, followLive } from './live.js';

const SIDE_TABS = [
  ['findings', 'Findings'],
  ['details', 'Details'],
  ['search', 'Search'],
  ['bookmarks', 'Bookmarks'],
];

// ---- parts that belong to the page as a whole ----

function prepareIndex(index) {
  index.userCodes = new Set(
    index.table
      .filter((d) => d.klass === 'USER' && !['counter', 'span_begin', 'span_end'].includes(d.name))
      .flatMap((d) => Array.from({ length: 1 << d.sub }, (_, k) => d.code + k)),
  );
  const order = index.tasks
    .map((task, i) => ({ task, i }))
    .filter(({ task }) => task.id !== 0)
    .sort((a, b) => a.task.base - b.task.base || a.task.id - b.task.id);
  order.forEach(({ task }, k) => {
    task.colour = k;
  });
  for (const task of index.tasks) task.colour ??= 0;
}

function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext('2d');
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { ctx, width: Math.max(1, Math.floor(width)), height };
}

class Page {
  constructor(app) {
    this.app = app;
    this.canvas = byId('canvas');
    this.overview = byId('overview');
    this.gutter = new Gutter(app, byId('label-list'));
    this.palette = null;
    this.waiting = false;
    this.matches = [];
    this.matchAt = -1;
    this.searchNote = '';
    Object.assign(app, {
      sorts: {},
      tableTab: 'tasks',
      pointer: null,
      pixels: () => Math.max(1, this.canvas.clientWidth),
      cursorTime: (side) =>
        (app.pointer
          ? xToTime(app.view, this.canvas.clientWidth, app.pointer.x)
          : (app.cursor ?? (app.view.from + app.view.to) / 2)) + app.traces[side].shift,
      nextMatch: (step) => this.nextMatch(step),
      turnTheme: () => {
        turnTheme(document.documentElement);
        this.palette = null;
        this.ask();
      },
    });
    this.listen();
  }

  listen() {
    const { app } = this;
    app.on('frame', () => this.ask());
    app.on('view', () => this.keepLink());
    app.on('select', () => this.keepLink());
    app.on('range', () => this.keepLink());
    app.on('rows', () => this.gutter.forget());
    app.on('tab', () => this.renderSide());
    app.on('select', () => {
      if (app.tableTab === 'histograms') this.renderTables();
    });
    app.on('bookmarks', () => {
      if (app.tab === 'bookmarks') this.renderSide();
    });
    app.on('range', () => this.renderTables());
    app.on('tables', () => this.renderTables());
    app.on('arrows', () => byId('arrows').setAttribute('aria-pressed', String(app.arrows)));
    app.on('reveal', () => this.reveal());
    app.on('help', () => this.help());
    app.on('hover', () => this.hover());
    app.on('ask-bookmark', () => this.bookmarkHere());
    for (const { store } of app.traces) store.onload = () => this.ask();
  }

  ask() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { app } = this;
    const begin = performance.now();
    const main = fit(this.canvas);
    this.palette ??= readPalette(main.ctx);
    const scene = {
      width: main.width,
      height: main.height,
      palette: this.palette,
      traces: app.traces,
      view: app.view,
      rows: app.rows,
      scroll: app.scroll,
      selected: app.selected,
      holders: app.holders,
      range: app.range ?? (app.mark !== null ? { from: app.mark, to: app.mark } : null),
      flags: app.flags,
      arrows: app.arrows,
      whole: app.whole,
    };
    const frame = drawFrame(main.ctx, scene);
    const over = fit(this.overview);
    const overviewRects = drawOverview(over.ctx, {
      ...scene,
      width: over.width,
      height: over.height,
    });
    this.gutter.update(main.height - RULER);
    const ms = performance.now() - begin;
    window.kymo.frame = {
      rects: frame.rects,
      overviewRects,
      columns: main.width,
      rows: frame.rows,
      arrows: frame.arrows,
      detail: frame.detail,
      ms,
    };
    window.kymo.frames += 1;
    this.status(frame);
  }

  status(frame) {
    const { app } = this;
    byId('span').textContent = duration(app.width(), app.index.hz);
    const shows = frame.detail ? 'every event' : 'summary';
    byId('frame-note').textContent = `${shows} · ${integer(frame.rects)} rectangles`;
    const range = app.range
      ? `measured ${duration(app.range.to - app.range.from, app.index.hz)}`
      : app.mark !== null
        ? 'first mark set: press m or click the ruler for the second'
        : '';
    byId('measure-note').textContent = range;
  }

  // ---- links ----

  keepLink() {
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(
      () => history.replaceState(null, '', `#${this.app.fragment()}`),
      250,
    );
  }

  reveal() {
    const { app } = this;
    const row = app.rows.find((one) => one.key === app.selected?.key);
    const height = this.canvas.clientHeight - RULER;
    if (!row) return;
    if (row.top < app.scroll) app.setScroll(row.top - 30, height);
    else if (row.top + row.height > app.scroll + height)
      app.setScroll(row.top + row.height - height + 10, height);
  }

  // ---- side panel ----

  tabs(place, tabs, current, choose, extra) {
    replace(
      byId(place),
      tabs.map(([id, name]) =>
        h(
          'button',
          {
            role: 'tab',
            id: `tab-${id}`,
            'aria-selected': String(id === current),
            onclick: () => choose(id),
          },
          name,
        ),
      ),
      extra,
    );
  }

  renderSide() {
    const { app } = this;
    this.tabs('side-tabs', SIDE_TABS, app.tab, (id) => app.setTab(id));
    const panel = byId('side-panel');
    panel.scrollTop = 0;
    if (app.tab === 'details') renderDetails(app, panel);
    else if (app.tab === 'search') this.renderSearch(panel);
    else if (app.tab === 'bookmarks') this.renderBookmarks(panel);
    else renderFindings(app, panel);
  }

  renderTables() {
    const { app } = this;
    if (!byId('tables-about'))
      this.tabs(
        'table-tabs',
        TABLE_TABS,
        app.tableTab,
        (id) => {
          app.tableTab = id;
          this.renderTables();
        },
        h('span', { class: 'about', id: 'tables-about' }),
      );
    for (const [id] of TABLE_TABS)
      byId(`tab-${id}`).setAttribute('aria-selected', String(id === app.tableTab));
    renderTables(app, byId('table-panel'));
  }

  renderBookmarks(panel) {
    const { app } = this;
    const line = (b) =>
      h(
        'li',
        {},
        h('button', { class: 'link', onclick: () => app.goTo({ t: b.t }) }, moment(b.t, app.index)),
        ` ${b.label} `,
        h(
          'button',
          { 'aria-label': `Remove bookmark ${b.label}`, onclick: () => app.removeBookmark(b) },
          '×',
        ),
      );
    replace(
      panel,
      h('h2', {}, 'Bookmarks'),
      h(
        'p',
        { class: 'muted' },
        'b adds one. They are part of the address of the page, so a link carries them.',
      ),
      app.bookmarks.length ? h('ul', {}, app.bookmarks.map(line)) : h('p', {}, 'None yet.'),
    );
  }

  bookmarkHere() {
    const { app } = this;
    const at = app.selected
      ? app.selected.t - app.traces[app.selected.side].shift
      : app.cursorTime(0);
    app.addBookmark(at, app.selected ? app.selected.label : `bookmark ${app.bookmarks.length + 1}`);
    app.setTab('bookmarks');
  }

  // ---- search ----

  async search(text) {
    const { app } = this;
    const mine = (this.searchTurn = (this.searchTurn ?? 0) + 1);
    const at = parseMoment(text, app.index);
    if (at !== null) return app.goTo({ t: at });
    const number = parseEventNumber(text);
    app.tab = 'search';
    this.matches = [];
    this.matchAt = -1;
    this.matchRows = number === null ? matchRows(app.rows, text) : [];
    for (let side = 0; side < app.traces.length; side++) {
      const { store } = app.traces[side];
      const found =
        number !== null
          ? [await eventByNumber(store, number)].filter(Boolean)
          : await searchEvents(store, text, (share) => {
              this.searchNote = `${Math.round(share * 100)} % searched`;
              return mine === this.searchTurn;
            });
      if (mine !== this.searchTurn) return undefined;
      this.matches.push(...found.map((event) => ({ event, side })));
    }
    const part = app.index.complete
      ? ''
      : ' in the part of the run that this report holds in detail';
    const many = this.matches.length >= MOST ? `The first ${MOST}` : integer(this.matches.length);
    this.searchNote = `${many} events match${part}.`;
    announce(this.searchNote);
    app.tell('tab');
    return undefined;
  }

  renderSearch(panel) {
    const { app } = this;
    const rows = (this.matchRows ?? []).slice(0, 30);
    const bySide = app.traces.map((_, side) =>
      this.matches.filter((match) => match.side === side).map((match) => match.event),
    );
    replace(
      panel,
      h('h2', {}, 'Search'),
      h(
        'p',
        { class: 'muted', id: 'search-note' },
        this.searchNote ||
          'Words of an event, a name, a moment (1.25 s) or an event number (#4711). ' +
            'Enter searches, n and N step.',
      ),
      rows.length
        ? h(
            'ul',
            {},
            rows.map((row) =>
              h(
                'li',
                {},
                h(
                  'button',
                  {
                    class: 'link',
                    onclick: () => {
                      app.select(row, app.cursorTime(row.side));
                      this.reveal();
                    },
                  },
                  row.label,
                ),
                ` ${row.group}`,
              ),
            ),
          )
        : null,
      ...bySide.map((events, side) =>
        eventTable(app, events.slice(0, 200), side, this.matches[this.matchAt]?.event.number),
      ),
    );
  }

  nextMatch(step) {
    if (!this.matches.length) return;
    this.matchAt = (this.matchAt + step + this.matches.length) % this.matches.length;
    const { event, side } = this.matches[this.matchAt];
    this.app.tab = 'search';
    this.app.goTo({ kind: 'hart', i: 0, side, t: event.t });
    this.app.setTab('search');
  }

  // ---- pointer ----

  hover() {
    const { app } = this;
    const tip = byId('tip');
    const row =
      app.pointer && app.pointer.y >= RULER
        ? rowAt(app.rows, app.pointer.y - RULER + app.scroll)
        : null;
    tip.hidden = !row || row.kind === 'group' || row.kind === 'side';
    if (tip.hidden) return;
    const { store, shift } = app.traces[row.side];
    const t = xToTime(app.view, this.canvas.clientWidth, app.pointer.x) + shift;
    tip.textContent = `${row.label}\n${moment(t, store.index)}${this.tipState(row, store, t)}`;
    tip.style.left = `${Math.min(app.pointer.clientX + 14, window.innerWidth - 350)}px`;
    tip.style.top = `${Math.min(app.pointer.clientY + 16, window.innerHeight - 80)}px`;
  }

  tipState(row, store, t) {
    if (row.kind !== 'task') return '';
    const { first, last } = store.chunkRange(t, t + 1);
    const chunk = first <= last ? store.cache.get(store.chunkName(first))?.value : null;
    const piece = chunk && pieceAt(chunk.tasks[row.i], t);
    if (!piece) return '';
    const combo = store.index.combos[piece.combo];
    const what = pieceLabel(combo, store.index) || STATES[combo.state];
    return `\n${what}, ${duration(piece.to - piece.from, store.index.hz)}`;
  }

  help() {
    const dialog = byId('help-dialog');
    replace(dialog, ...helpContent(() => dialog.close()));
    dialog.showModal();
  }
}

// ---- opening ----

function fillBar(app, page) {
  const { index } = app;
  const names = app.traces.map(({ store }) => store.index.title).join('  |  ');
  document.title = `${names} – Kymo`;
  replace(
    byId('title'),
    h('b', {}, names),
    h(
      'span',
      { class: 'muted' },
      [
        index.info.image,
        index.info.buildId && `build ${index.info.buildId.slice(0, 12)}`,
        `${index.info.clock} ${integer(index.hz)} Hz`,
        `captured by ${index.info.capture}`,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
  );
  const legend = [
    ['running', 'running'],
    ['boosted', 'running, inherited priority'],
    ['ready', 'ready'],
    ['blocked', 'blocked'],
    ['delayed', 'delayed'],
    ['suspended', 'suspended'],
    ['unknown', 'not known, lost'],
  ];
  replace(
    byId('status'),
    h(
      'span',
      { id: 'legend' },
      legend.map(([cls, name]) => h('span', {}, h('span', { class: `swatch ${cls}` }), name)),
    ),
    h('span', { id: 'live-note' }),
    h('span', { id: 'measure-note' }),
    h('span', { id: 'frame-note' }),
  );
  const click = (id, action) => byId(id).addEventListener('click', action);
  click('zoom-in', () => app.zoom(0.5));
  click('zoom-out', () => app.zoom(2));
  click('whole', () => app.showAll());
  click('arrows', () => app.toggleArrows());
  click('theme', () => app.turnTheme());
  click('help', () => page.help());
  byId('search').addEventListener('keydown', (e) => {
    if (e.key === 'Enter' && e.target.value.trim()) page.search(e.target.value.trim());
    if (e.key === 'Escape') byId('canvas').focus();
  });
}

async function openTraces() {
  if (!byId('a-index')) return [await openStore(liveBlocks())];
  const prefixes = byId('b-index') ? ['a-', 'b-'] : ['a-'];
  return Promise.all(prefixes.map((prefix) => openStore(pageBlocks(document, prefix))));
}

async function start() {
  const begin = performance.now();
  window.kymo = { frames: 0, frame: null, opened: null };
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  setTheme(document.documentElement, dark.matches);
  const stores = await openTraces();
  for (const store of stores) prepareIndex(store.index);
  await Promise.all(stores.map((store) => store.loadTop()));
  const app = new App(stores.map((store) => ({ store, shift: 0 })));
  const page = new Page(app);
  window.kymo.app = app;
  fillBar(app, page);
  bindInput(app, page.canvas);
  app.bookmarks = (app.index.bookmarks ?? []).map(([t, label]) => ({ t, label }));
  app.restore(window.location.hash);
  window.addEventListener('hashchange', () => app.restore(window.location.hash));
  new ResizeObserver(() => page.ask()).observe(page.canvas);
  dark.addEventListener('change', () => {
    if (isDark(document.documentElement) !== dark.matches) app.turnTheme();
  });
  page.renderSide();
  page.renderTables();
  page.draw();
  const works = stores.map((store) => store.blocks.work);
  const sum = (name) => works.reduce((total, work) => total + work[name], 0);
  window.kymo.opened = {
    ms: performance.now() - begin,
    blocks: sum('blocks'),
    packed: sum('packed'),
    unpacked: sum('unpacked'),
  };
  if (app.index.live) followLive(app, prepareIndex);
}

start().catch((error) => {
  replace(
    document.querySelector('main'),
    h(
      'div',
      { class: 'failure' },
      h('h2', {}, 'This report cannot be shown'),
      h('p', {}, String(error.message ?? error)),
      h('p', { class: 'muted' }, 'The file may be incomplete. Make it again with kymo report.'),
    ),
  );
});
