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


def views(case, db, s):
    ns = 10**9 // case.reader.hz
    got = ask(
        case,
        db,
        "SELECT utid, count(*), sum(response_ns), max(response_ns) FROM activation"
        " WHERE certainty = 'certain' GROUP BY utid",
    )
    want = [
        (t['id'], r['count'], r['sum'] * ns, r['max'] * ns)
        for t in s['tasks']
        for r in [t['response']]
        if r['count']
    ]
    if ns * case.reader.hz == 10**9:  # else each time was rounded down by itself
        same('activation', sorted(got), sorted(want))
    else:
        same('activation', sorted(x[:2] for x in got), sorted(x[:2] for x in want))
    got = ask(
        case,
        db,
        "SELECT name, count(*) FROM slice WHERE track = 'irq' AND certainty = 'certain' GROUP BY 1",
    )
    name = {3: 'software', 7: 'timer'}
    want = [(name.get(i['cause'], 'ext%d' % i['source']), i['count']) for i in s['isrs']]
    if not case.twin.gaps:
        same('interrupts', sorted(got), sorted(want))
