# SPDX-License-Identifier: MIT
"""sqlite3 reads the data base: integrity, every stretch of running, CPU time, interrupts,
losses, and that the stretches of each task follow each other without overlap."""
import json

from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'loss-4', 'slow-5', 'odd-6', 'far-7', 'far-8']
WORD = {
    0: 'dead',
    1: 'ready',
    3: 'blocked',
    4: 'suspended',
    5: 'delayed',
    None: 'unknown',
    'end': 'end',
}


def word(state, preempted):
    return 'preempted' if preempted else WORD[state]


def rows_of(twin, with_lost):
    """The rows that table sched (and, with those of LOST, the row formats) must hold."""
    for a, b, hart, task, state, preempted, level in twin.slices():
        if task != LOST:
            yield (a, b - a, hart, task, word(state, preempted), level)
        elif with_lost and state != 'end':
            yield (a, b - a, hart, task, 'lost', None)


def ask(case, db, sql):
    text = case.command('sqlite3', '-json', db, sql)
    return [tuple(r.values()) for r in json.loads(text)] if text.strip() else []


def check(case):
    db = case.export('sqlite', 't.db')
    assert ask(case, db, 'PRAGMA integrity_check') == [('ok',)]
    same(
        'sched',
        sorted(ask(case, db, 'SELECT ts, dur, cpu, utid, end_state, priority FROM sched'), key=str),
        sorted(rows_of(case.twin, False), key=str),
    )
    cpu = {t: ns for t, ns in case.twin.cpu_ns().items() if t != LOST}
    same('cpu_time', sorted(ask(case, db, 'SELECT utid, ns FROM cpu_time')), sorted(cpu.items()))
    same(
        'losses',
        sorted(ask(case, db, 'SELECT cpu, ts, dur, events FROM loss')),
        sorted(
            (g.hart, case.twin.ns(g.time), case.twin.ns(g.to) - case.twin.ns(g.time), g.events)
            for g in case.twin.gaps
        ),
    )
    ran = ask(
        case, db, "SELECT utid, sum(dur) FROM thread_state WHERE state = 'running' GROUP BY utid"
    )
    if len(case.twin.harts) > 1:  # boot is one task here, though each hart boots
        cpu.pop(BOOT, None)
        ran = [x for x in ran if x[0] != BOOT]
    same('running in thread_state', sorted(ran), sorted(cpu.items()))
    bad = ask(
        case,
        db,
        'SELECT utid, ts, n FROM (SELECT utid, ts, dur, lead(ts) OVER (PARTITION BY utid ORDER BY'
        ' id) AS n FROM thread_state WHERE utid NOT IN (0, %d))'
        ' WHERE n <> ts + dur AND n IS NOT NULL LIMIT 5' % BOOT,
    )
    assert not bad, 'holes or overlaps in thread_state: %s' % bad
    irqs = {}
    for hart, st in case.twin.steps.items():
        stack = []
        for s in st:
            if s[0] == 'in':
                stack.append(s)
            elif s[0] == 'out':
                a = stack.pop()
                irqs.setdefault(hart, []).append((a[1], s[1] - a[1], len(stack)))
    if not case.twin.gaps:
        got = ask(case, db, "SELECT cpu, ts, dur, depth FROM slice WHERE track = 'irq'")
        same('irq slices', sorted(got), sorted((h, *x) for h, xs in irqs.items() for x in xs))
    marks = ask(case, db, "SELECT ts FROM instant WHERE name = 'mark'")
    same('marks', sorted(marks), sorted((t,) for t, _, _ in case.twin.marks))
    got = ask(case, db, "SELECT ts, arg FROM instant WHERE name = 'log'")
    same('messages', sorted(got), sorted(case.twin.messages()))
    counters = ask(case, db, 'SELECT ts, value FROM counter')
    same('counters', sorted(counters), sorted((t, float(v)) for t, _, v in case.twin.counters))
    (got,) = ask(case, db, 'SELECT clock_hz, cores, loss_events FROM trace')
    same('trace', got, (case.reader.hz, len(case.twin.harts), case.twin.lost))
    for view in ask(case, db, "SELECT name FROM sqlite_master WHERE type = 'view'"):
        ask(case, db, 'SELECT * FROM %s' % view)
