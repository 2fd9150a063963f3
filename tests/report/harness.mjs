// SPDX-License-Identifier: MIT
// What the tests with a real browser share: the tools, traces on demand, pages whose every
// message on the console is kept. Paths come from mk/check-report.mk through the environment.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { inflateSync } from 'node:zlib';

const env = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set; run make check-report`);
  return path.resolve(process.env[name]);
};
export const KYMO = env('KYMO');
export const SYNTH = env('KYMO_SYNTH');
export const WORK = env('REPORT_WORK');
mkdirSync(WORK, { recursive: true });

const require = createRequire(path.join(env('REPORT_NODE'), 'package.json'));

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
  });
}

export function work(name) {
  return path.join(WORK, name);
}

export function kymo(...args) {
  return execFileSync(KYMO, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

// Status and messages of a call that may fail.
export function tryKymo(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(KYMO, args, {
    encoding: 'utf8',
    timeout: 60000,
    ...options,
  });
  return { status, stdout, stderr };
}

// A synthetic trace, made once per run of the tests.
export function trace(name, ...args) {
  const file = work(`${name}.kymo`);
  if (existsSync(file)) return file;
  const own = `${file}.${process.pid}`; // test files run at the same time
  execFileSync(SYNTH, [...args, '-o', own]);
  renameSync(own, file);
  return file;
}

export const OFF = () =>
  trace('off', '--scenario', 'pathfinder', '--no-inherit', '--events', '4000');
export const ON = () => trace('on', '--scenario', 'pathfinder', '--events', '4000');
export const MIXED = () => trace('mixed', '--events', '30000', '--seed', '5');
export const LOSSY = () => trace('lossy', '--events', '30000', '--harts', '2', '--drop', '60');

export function report(name, traces, ...options) {
  const file = work(`${name}.html`);
  kymo('report', ...[traces].flat(), '-o', file, ...options);
  return file;
}

export function stat(file, ...options) {
  return JSON.parse(kymo('stat', '--json', ...options, file));
}

// A block of a report as the page would unpack it.
export function block(file, id) {
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf(`id="${id}">`);
  if (begin < 0) return null;
  const from = begin + id.length + 5;
  return inflateSync(Buffer.from(text.slice(from, text.indexOf('<', from)), 'base64'));
}

export function indexOf(file, prefix = 'a') {
  return JSON.parse(block(file, `${prefix}-index`).toString());
}

// A page with the report open. `messages` holds whatever the console or an exception said.
export async function open(
  browser,
  file,
  { fragment = '', viewport = { width: 1280, height: 800 }, theme = 'light', touch = false } = {},
) {
  const context = await browser.newContext({ viewport, colorScheme: theme, hasTouch: touch });
  const page = await context.newPage();
  const messages = [];
  page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => messages.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url()) && !file.startsWith('http'))
      messages.push(`request: ${request.url()}`);
  });
  const url = file.startsWith('http') ? file : `file://${file}`;
  await page.goto(url + fragment);
  await page.waitForFunction(
    () => window.kymo?.opened || document.querySelector('.failure'),
    null,
    { timeout: 20000 },
  );
  await settle(page);
  return Object.assign(page, { messages, done: () => context.close() });
}

// Waits until nothing is asked for and a frame has been drawn after it.
export async function settle(page) {
  await page.evaluate(async () => {
    const frame = () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
      });
    await frame();
    const { app } = window.kymo ?? {};
    if (!app) return;
    for (let quiet = 0, k = 0; quiet < 2 && k < 300; k++) {
      const busy = app.traces.some(({ store }) =>
        [...store.cache.values()].some((entry) => entry.value === undefined),
      );
      quiet = busy ? 0 : quiet + 1;
      await frame();
    }
    window.kymo.app.tell();
    await frame();
  });
}

export const view = (page) => page.evaluate(() => ({ ...window.kymo.app.view }));
export const frame = (page) => page.evaluate(() => ({ ...window.kymo.frame }));

// Centre of a row on the canvas, and the x of a moment of the first trace.
export async function place(page, key, t) {
  return page.evaluate(
    ([rowKey, time]) => {
      const { app } = window.kymo;
      const row = app.rows.find((one) => one.key === rowKey);
      const box = document.getElementById('canvas').getBoundingClientRect();
      const x = ((time - app.view.from) / (app.view.to - app.view.from)) * box.width;
      return { x: box.left + x, y: box.top + 30 + row.top - app.scroll + row.height / 2 };
    },
    [key, t],
  );
}
