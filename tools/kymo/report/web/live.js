// SPDX-License-Identifier: MIT
// The page fed by `kymo live`: blocks come by request from the server that served the page, and
// the index is asked for again while the guest runs. The server keeps the last seconds only and
// never waits for a page; a page that is slow misses what was dropped.
import { announce, byId } from './dom.js';

const AGAIN = 400; // milliseconds between two questions
const TABLES = 5; // questions after which the tables are computed again

export function liveBlocks() {
  const work = { blocks: 0, packed: 0, unpacked: 0 };
  const get = async (name) => {
    const answer = await fetch(`block/${encodeURIComponent(name)}`, { cache: 'no-store' });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    work.blocks += 1;
    work.packed += bytes.length;
    work.unpacked += bytes.length;
    return bytes;
  };
  return { get, work };
}

// Takes in a new index: the window follows the newest moment as long as the reader has not moved
// away from it.
function takeIn(app, index, prepare) {
  const { store } = app.traces[0];
  const following = app.view.to >= app.whole.to - app.width() * 0.02;
  const span = app.width();
  store.adopt(index);
  prepare(index);
  app.refresh();
  if (following) app.view = { from: app.whole.to - span, to: app.whole.to };
  app.tell('rows', 'view');
}

const NOTES = {
  live: 'live',
  ended: 'the guest has ended',
  gone: 'the server is gone; this is what the page still has',
};

// The newest index; null when the server does not answer.
async function askIndex(store) {
  const bytes = await store.blocks.get('index').catch(() => null);
  return bytes && JSON.parse(new TextDecoder().decode(bytes));
}

export async function followLive(app, prepare) {
  const { store } = app.traces[0];
  let state = 'live';
  for (let turn = 1; state === 'live'; turn++) {
    byId('live-note').textContent = NOTES[state];
    await new Promise((done) => {
      setTimeout(done, AGAIN);
    });
    const index = await askIndex(store);
    if (index) takeIn(app, index, prepare);
    if (!index) state = 'gone';
    else if (index.info.ended) state = 'ended';
    if (turn % TABLES === 0 || state === 'ended') app.tell('tables', 'tab');
  }
  byId('live-note').textContent = NOTES[state];
  announce(NOTES[state]);
}
