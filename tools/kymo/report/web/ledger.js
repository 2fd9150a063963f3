// SPDX-License-Identifier: MIT
// Why a task took as long as it did: a stretch of a task's time divided into parts that add up to
// it without remainder: own work, interrupts, waiting for the hart (and who had it), waiting for
// an object (who held it, and who ran meanwhile).
//
// The same file follows the chain of holders of a wait, and finds the activation (wake to done)
// around a moment.
import { firstEndingAfter, handlerTime, hartPieces, pieceAt } from './store.js';
import { BLOCKED, READY, RUNNING, SUSPENDED, DELAYED } from './blocks.js';

const ABSENT = 0; // the combination of a task that does not exist

export function overlap(aFrom, aTo, bFrom, bTo) {
  return Math.max(0, Math.min(aTo, bTo) - Math.max(aFrom, bFrom));
}

// Pieces of a task over several chunks, joined where a chunk's end cut them.
export function joinedPieces(chunks, task) {
  const out = [];
  let end = null;
  for (const chunk of chunks) {
    const row = chunk.tasks[task];
    for (let i = 0; i < row.n; i++) {
      const last = out[out.length - 1];
      if (i === 0 && row.fromBefore && last && end === row.t[0] && last.combo === row.combo[0])
        last.to = row.t[1];
      else
        out.push({
          from: row.t[i],
          to: row.t[i + 1],
          combo: row.combo[i],
          began: i === 0 ? row.began : row.t[i],
          cut: i === 0 && row.fromBefore,
        });
      end = row.t[i + 1];
    }
    const rest = row.t[row.n];
    if (row.n && rest < chunk.to)
      out.push({ from: rest, to: chunk.to, combo: ABSENT, began: rest, cut: false });
  }
  return out;
}

// Does this state end an activation? Waiting for a mutex does not: the work goes on when it is
// there.
export function endsActivation(combo) {
  if (combo.state === BLOCKED) return !combo.mutex;
  return combo.state !== READY && combo.state !== RUNNING;
}

// The activation around the moment t: {from, to, whole}; null while the task waits for its next
// one.
export function activationAt(pieces, t, index) {
  const at = pieces.findIndex((piece) => piece.from <= t && t < piece.to);
  if (at < 0 || endsActivation(index.combos[pieces[at].combo])) return null;
  let first = at;
  let last = at;
  while (first > 0 && !endsActivation(index.combos[pieces[first - 1].combo])) first -= 1;
  while (last + 1 < pieces.length && !endsActivation(index.combos[pieces[last + 1].combo]))
    last += 1;
  return {
    from: pieces[first].from,
    to: pieces[last].to,
    whole: first > 0 && last + 1 < pieces.length,
  };
}

// ---- who ran ----

// Adds to `into` (a Map task -> counts) who had hart h during [from, to).
function addRunners(chunks, index, from, to, into, hart) {
  for (const chunk of chunks) {
    if (chunk.to <= from || chunk.from >= to) continue;
    const pieces = hartPieces(chunk, index)[hart] ?? [];
    let i = Math.max(0, pieces.length ? firstEndingAfter(pieces, from) : 0);
    for (; i < pieces.length && pieces[i].from < to; i++) {
      const share = overlap(pieces[i].from, pieces[i].to, from, to);
      if (share > 0) into.set(pieces[i].task, (into.get(pieces[i].task) ?? 0) + share);
    }
  }
  return into;
}

function interruptTime(chunks, index, hart, from, to) {
  return chunks.reduce((sum, chunk) => {
    const [a, b] = [Math.max(from, chunk.from), Math.min(to, chunk.to)];
    return b > a ? sum + handlerTime(chunk, index, hart, a, b) : sum;
  }, 0);
}

// ---- the ledger ----

// Parts of [from, to) of a task: [{kind, task, object, holder, counts, from, by}], `by` a Map of
// who ran meanwhile; their counts add up to to - from. `from` of a part is where its longest
// stretch begins: the moment to look at.
export function ledger(chunks, index, task, from, to) {
  const parts = new Map();
  const note = (key, make, piece, counts) => {
    const part = parts.get(key) ?? {
      ...make,
      counts: 0,
      longest: 0,
      from: piece.from,
      by: new Map(),
    };
    part.counts += counts;
    if (counts > part.longest) [part.longest, part.from] = [counts, Math.max(piece.from, from)];
    parts.set(key, part);
    return part;
  };
  let covered = 0;
  for (const piece of joinedPieces(chunks, task)) {
    const counts = overlap(piece.from, piece.to, from, to);
    if (counts <= 0) continue;
    covered += counts;
    addPiece({ chunks, index, task, from, to }, piece, counts, note);
  }
  if (to - from > covered) note('unknown', { kind: 'unknown' }, { from }, to - from - covered);
  return [...parts.values()].sort((a, b) => b.counts - a.counts);
}

function addPiece({ chunks, index, task, from, to }, piece, counts, note) {
  const combo = index.combos[piece.combo];
  const a = Math.max(piece.from, from);
  const b = Math.min(piece.to, to);
  if (combo.state === RUNNING) {
    const inIsr = Math.min(counts, interruptTime(chunks, index, combo.hart, a, b));
    note('own', { kind: 'own' }, piece, counts - inIsr);
    if (inIsr > 0) note('isr', { kind: 'isr' }, piece, inIsr);
  } else if (combo.state === READY) {
    addRunners(chunks, index, a, b, note('ready', { kind: 'ready' }, piece, counts).by, combo.hart);
  } else if (combo.state === BLOCKED) {
    const key = `blocked ${combo.object} ${combo.holder}`;
    const part = note(
      key,
      { kind: 'blocked', object: combo.object, holder: combo.holder },
      piece,
      counts,
    );
    addRunners(chunks, index, a, b, part.by, combo.hart);
  } else {
    const kind =
      combo.state === DELAYED ? 'delayed' : combo.state === SUSPENDED ? 'suspended' : 'unknown';
    note(kind, { kind }, piece, counts);
  }
}

// ---- the chain of holders ----

// [{task, combo}]: the task at t, then whoever holds what it waits for, and so on; `deadlock`
// when the chain closes.
export function holderChain(chunk, index, task, t) {
  const chain = [];
  const seen = new Set();
  for (let at = task; at >= 0 && chunk.tasks[at];) {
    if (seen.has(at)) {
      chain.deadlock = true;
      break;
    }
    seen.add(at);
    const piece = pieceAt(chunk.tasks[at], t);
    const combo = piece && index.combos[piece.combo];
    chain.push({ task: at, combo });
    if (!combo || combo.state !== BLOCKED || combo.holder < 0) break;
    at = combo.holder;
  }
  return chain;
}

// Who runs on a hart at t: a task's number, -1 unknown.
export function runnerAt(chunk, index, hart, t) {
  const pieces = hartPieces(chunk, index)[hart] ?? [];
  const i = firstEndingAfter(pieces, t);
  return i < pieces.length && pieces[i].from <= t ? pieces[i].task : -1;
}
