# SPDX-License-Identifier: MIT
"""The bridge: what `kymo stat --json` and `kymo print --json` say equals the twin, with which
every consumer was compared; and the data base's views say the same as `kymo stat`."""
import json

from check_sqlite import ask
from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'loss-4', 'slow-5', 'odd-6', 'far-7', 'far-8', 'mars-0']


def check(case):
    lines = [
        json.loads(x)
        for x in case.command(case.kymo, 'print', '--json', case.trace).split('\n')
        if x
    ]
    got = [(x['time'], x['hart'], x['event']) for x in lines if 'event' in x]
    same('print', got, [(e.time, e.hart, e.name) for e in case.reader.items if hasattr(e, 'name')])
    s = json.loads(case.command(case.kymo, 'stat', '--json', case.trace))
    want = dict(case.twin.cpu)
    running = {t['id']: t['running'] for t in s['tasks'] if t['running']}
    for t in (LOST, BOOT) if len(case.twin.harts) > 1 else (LOST,):
        want.pop(t, None)
        running.pop(t, None)
    same('stat: running', sorted(running.items()), sorted((t, n) for t, n in want.items() if n))
    same('stat: lost', sum(x['events'] for x in s['lost']), case.twin.lost)
    switched = {t['id']: sum(t['left'].values()) for t in s['tasks'] if t['id'] not in (0, BOOT)}
    left = {}
    for *_, task, state, _, _ in case.twin.slices():
        if state not in (None, 'end'):
            left[task] = left.get(task, 0) + 1
    same(
        'stat: switches away',
        sorted((t, n) for t, n in switched.items() if n),
        sorted((t, n) for t, n in left.items() if t not in (0, BOOT, LOST)),
    )
    db = case.export('sqlite', 'stat.db')
    views(case, db, s)


# What each distribution of `kymo stat` is in SQL: task, how many, sum, longest.
VIEWS = {
    'response': "SELECT utid, count(*), sum(response_ns), max(response_ns) FROM activation"
    " WHERE certainty = 'certain' GROUP BY utid",
    'ready_wait': 'SELECT utid, waits, ns, longest_ns FROM ready_wait WHERE utid <> 0',
    'blocking': "SELECT utid, count(*), sum(dur), max(dur) FROM stretch"
    " JOIN thread USING (utid) WHERE state = 'blocked' AND (next <> 'unknown' OR"
    ' next IS NULL AND end_ts IS NOT NULL) GROUP BY utid',
}


def views(case, db, s):
    ns = 10**9 // case.reader.hz
    exact = ns * case.reader.hz == 10**9  # else each time was rounded down by itself
    for name, sql in VIEWS.items():
        got = [x for x in ask(case, db, sql) if x[0] != BOOT]
        want = [
            (t['id'], d['count'], d['sum'] * ns, d['max'] * ns)
            for t in s['tasks']
            for d in [t[name]]
            if d['count'] and t['id'] != BOOT
        ]
        part = slice(0, 4 if exact else 2)
        same(name, sorted(x[part] for x in got), sorted(x[part] for x in want))
    got = ask(
        case,
        db,
        "SELECT name, count(*) FROM slice WHERE track = 'irq' AND certainty = 'certain' GROUP BY 1",
    )
    name = {3: 'software', 7: 'timer'}
    want = [(name.get(i['cause'], 'ext%d' % i['source']), i['count']) for i in s['isrs']]
    if not case.twin.gaps:
        same('interrupts', sorted(got), sorted(want))
