// SPDX-License-Identifier: MIT
// `kymo live`: the page fed while a trace grows, the server's manners, and the real demo: both
// Pathfinder runs, recorded here and reported as a reader would see them.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { KYMO, indexOf, launch, open, report, settle, trace, tryKymo, work } from './harness.mjs';

let browser;
const children = [];
before(async () => {
  browser = await launch();
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await browser?.close();
});

const pause = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

// A server that follows `args`; its address is in what it says on stderr.
async function live(...args) {
  const child = spawn(KYMO, ['live', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  const server = { child, said: '', url: null, port: 0 };
  child.stderr.on('data', (data) => {
    server.said += data;
  });
  server.ended = new Promise((done) => {
    child.on('exit', (code, signal) => done(code ?? signal));
  });
  for (let k = 0; k < 200 && !server.url; k++) {
    server.url = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(server.said)?.[0] ?? null;
    if (child.exitCode !== null) break;
    await pause(25);
  }
  assert.ok(server.url, `no address: ${server.said}`);
  server.port = Number(/:(\d+)\//.exec(server.url)[1]);
  server.stop = async () => {
    child.kill('SIGINT');
    return server.ended;
  };
  return server;
}

// Writes a container as if it grew: the head at once, the rest in steps.
class Growing {
  constructor(name, source) {
    this.file = work(name);
    this.bytes = readFileSync(source);
    this.at = Math.floor(this.bytes.length / 4);
    writeFileSync(this.file, this.bytes.subarray(0, this.at));
  }

  grow(share) {
    const to = Math.min(this.bytes.length, this.at + Math.floor(this.bytes.length * share));
    appendFileSync(this.file, this.bytes.subarray(this.at, to));
    this.at = to;
  }
}

function get(server, path, headers = {}, method = 'GET') {
  return new Promise((done, fail) => {
    const request = http.request(
      { host: '127.0.0.1', port: server.port, path, method, headers },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () =>
          done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }),
        );
      },
    );
    request.on('error', fail);
    request.end();
  });
}

const indexNow = async (server) => JSON.parse((await get(server, '/block/index')).body.toString());

test('the page follows a trace that grows, to its end', async () => {
  const source = trace('live', '--scenario', 'pathfinder', '--events', '60000');
  const growing = new Growing('growing.kymo', source);
  const server = await live(growing.file, '--last', '1000');
  const page = await open(browser, server.url);
  const events = () => page.evaluate(() => window.kymo.app.index.events);
  const first = await events();
  assert.ok(first > 0);
  growing.grow(0.25);
  await page.waitForFunction((n) => window.kymo.app.index.events > n, first);
  await settle(page);
  const shown = await page.evaluate(() => window.kymo.frame);
  assert.ok(shown.rects > 10 && shown.rects <= shown.columns * (shown.rows + 1));
  growing.grow(1);
  await page.waitForFunction(() => window.kymo.app.index.info.ended, null, { timeout: 20000 });
  const whole = indexOf(report('live-whole', source));
  assert.equal(await events(), whole.events);
  await page.waitForFunction(() =>
    /has ended/.test(document.getElementById('live-note').textContent),
  );
  await page.evaluate(() => window.kymo.app.showAll());
  await settle(page);
  assert.deepEqual(page.messages, []);
  await page.done();
  assert.equal(await server.stop(), 0);
});

test('only the last seconds are kept, and names come with them', async () => {
  const source = trace('live', '--scenario', 'pathfinder', '--events', '60000');
  const server = await live(source, '--last', '5', '--stay', '20');
  for (let k = 0; k < 100 && !(await indexNow(server)).info.ended; k++) await pause(50);
  const index = await indexNow(server);
  const [from] = index.chunks[0];
  const second = index.chunks[1]?.[0] ?? index.duration;
  assert.ok(
    (index.duration - second) / index.hz <= 5.01,
    'the second oldest begins in the last 5 s',
  );
  assert.ok(from > 0);
  assert.ok(index.tasks.some((task) => task.name === 'bus'));
  const last = index.chunks[index.chunks.length - 1];
  assert.equal((await get(server, `/block/c${last[4]}.${last[5]}`)).status, 200);
  assert.equal((await get(server, '/block/c0')).status, 404);
  await server.stop();
});

test('the server is on loopback only, answers to its own name, and reads only', async () => {
  const server = await live(trace('live', '--scenario', 'pathfinder', '--events', '60000'));
  const port = server.port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${port} 00000000:0000 0A`));
  assert.deepEqual(
    sockets.map((line) => line.trim().split(/\s+/)[1]),
    [`0100007F:${port}`],
  );
  assert.equal((await get(server, '/', { Host: `evil.example:${server.port}` })).status, 403);
  assert.equal((await get(server, '/', {}, 'POST')).status, 405);
  for (const path of [
    '/block/',
    '/block/x',
    '/block/c',
    '/block/c99999999999',
    '/etc/passwd',
    '/../../etc/passwd',
    '/block/index/../c0',
  ]) {
    assert.equal((await get(server, path)).status, 404, path);
  }
  const page = await get(server, '/');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.match(page.body.toString(), /connect-src 'self'/);
  await server.stop();
});

test('readers that do not read, or go away, stop nothing', async () => {
  const growing = new Growing(
    'slow.kymo',
    trace('live', '--scenario', 'pathfinder', '--events', '60000'),
  );
  const server = await live(growing.file, '--last', '1000');
  const before1 = (await indexNow(server)).events;
  const sockets = [];
  for (let k = 0; k < 12; k++) {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    for (let n = 0; n < 20; n++)
      socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
    sockets.push(socket);
  }
  const rude = net.connect(server.port, '127.0.0.1');
  rude.on('error', () => {});
  rude.write('GET /block/index HTTP/1.1\r\nHost: 127.0.0.1');
  rude.destroy();
  growing.grow(0.5);
  for (let k = 0; k < 100 && (await indexNow(server)).events <= before1; k++) await pause(50);
  assert.ok((await indexNow(server)).events > before1, 'the trace was followed on');
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'));
  assert.ok(Number(peak[1]) < 200000, `${peak[1]} kB`);
  for (const socket of sockets) socket.destroy();
  assert.equal(await server.stop(), 0);
});

test('bad calls of live get one line and status 125', () => {
  const cases = [
    [['live'], /wanted/],
    [['live', work('absent.elf')], /absent\.elf/],
    [['live', '--port', 'x', 'y'], /port/],
    [['live', trace('live'), '-o', 'x'], /is a trace/],
  ];
  for (const [args, say] of cases) {
    const { status, stderr } = tryKymo(args);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, say, args.join(' '));
  }
});

// ---- the demo ----

const IMAGES = process.env.KYMO_IMAGES;

test('the demo: a guest that runs is shown, and its status is passed on', async () => {
  const server = await live(
    '--stay',
    '3',
    '-o',
    work('demo-off.kymo'),
    `${IMAGES}/inheritance-off.elf`,
  );
  const page = await open(browser, server.url);
  await page.waitForFunction(() => window.kymo.app.index.info.ended, null, { timeout: 20000 });
  assert.match(await page.textContent('#tables'), /bus_task/);
  assert.deepEqual(page.messages, []);
  await page.done();
  assert.equal(await server.ended, 3);
  assert.deepEqual(
    readdirSync(work('.')).filter((name) => name.startsWith('kymo-live')),
    [],
  );
});

test('the demo: the report of both runs shows why the spacecraft reset', async () => {
  const off = work('demo-off.kymo');
  if (!existsSync(off))
    assert.equal(tryKymo(['run', '-q', '-o', off, `${IMAGES}/inheritance-off.elf`]).status, 3);
  const on = work('demo-on.kymo');
  assert.equal(tryKymo(['run', '-q', '-o', on, `${IMAGES}/inheritance-on.elf`]).status, 0);
  const page = await open(browser, report('demo', [off, on]));
  const text = await page.textContent('#side-panel');
  assert.match(text, /with status 3/);
  assert.match(text, /Last words of the application: watchdog reset/);
  assert.match(text, /Priority inversion: bus_task\S* waited 1\d\d\.\d ms for information_bus/);
  assert.match(text, /communication_task\S* \(priority 4\) for 1\d\d\.\d ms/);
  assert.equal(await page.locator('.card[data-kind="inversion"]').count(), 1);
  await page.locator('.card[data-kind="inversion"] .steps .link').nth(1).click();
  await settle(page);
  assert.match(
    await page.textContent('#holders'),
    /bus_task\S* waits for information_bus\s*weather_task\S* is preempted/,
  );
  assert.deepEqual(page.messages, []);
  await page.done();
});
