# SPDX-License-Identifier: MIT
"""--since and --until: what a window shows equals what the twin says of that stretch, and every
consumer opens it. The windows are drawn; some begin at an event, some before or behind the trace.
"""
import json
import os
import random

from check_sqlite import ask, word
from check_vcd import read
from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'loss-4', 'far-7', 'flat-9']


def windows(case):
    r = random.Random(case.seed)
    times = sorted({e.time for e in case.reader.items})
    for _ in range(6):
        a, b = sorted(r.sample(times, 2))
        yield a + r.choice([0, 0, 1, -1]), b + r.choice([0, 0, 1, -1])
    yield 1, times[len(times) // 3]
    yield times[len(times) // 2], times[-1] + 1000000
    yield times[-1] + 10, times[-1] + 20


def expected(steps, since, until):
    """Switches and interrupts of a hart; first what is known at the window's beginning."""
    running, irqs, out, begun = LOST, [], [], False
    for s in steps + [('over', 1 << 63)]:
        if s[1] >= since and not begun:
            begun = True
            if running != LOST and since <= until:
                out.append(('switch', since, LOST, 'unknown', running))
                out += [('in', since, n) for n in irqs]
        if s[0] == 'switch':
            running = s[5]
            step = ('switch', s[1], s[2], word(s[3], s[4]), s[5])
        elif s[0] in ('in', 'out'):
            irqs = irqs + [s[2]] if s[0] == 'in' else irqs[:-1]
            step = s
        else:
            continue
        if since <= s[1] <= until:
            out.append(step)
    return out


def check(case):
    for since, until in windows(case):
        if until <= since:
            continue
        try:
            window(case, since, until)
        except AssertionError as e:
            raise AssertionError('--since @%d --until @%d: %s' % (since, until, e))


def window(case, since, until):
    opt = ['--since', '@%d' % since, '--until', '@%d' % until]
    lines = [json.loads(x) for x in open(case.export('jsonl', 'w.jsonl', *opt), encoding='utf-8')]
    got = [(x['ts'], x['hart'], x['name']) for x in lines if x['type'] == 'event']
    want = [
        (e.time, e.hart, e.name)
        for e in case.reader.items
        if hasattr(e, 'name') and since <= e.time <= until
    ]
    same('events', got, want)
    for hart, steps in case.twin.steps.items():
        got = [
            ('switch', x['ts'], x['prev'], x['prev_state'], x['next'])
            for x in lines
            if x['type'] == 'switch' and x['hart'] == hart
        ]
        want = expected(steps, since, until)
        if case.twin.last >= since:
            same('switches', got, [s for s in want if s[0] == 'switch'])
        assert all(since <= s[1] <= until for s in got)
    cpu = {}
    for a, b, _, task, *_ in case.twin.slices():
        a, b = max(a, since), min(b, until)
        if b > a and task != LOST:
            cpu[task] = cpu.get(task, 0) + b - a
    got = {}
    for x in lines:
        if 'dur' in x:
            assert since <= x['ts'] and x['ts'] + x['dur'] <= max(until, since), x
        if x['type'] == 'state' and x['state'] == 'running' and x['dur']:
            got[x['task']] = got.get(x['task'], 0) + x['dur']
    if len(case.twin.harts) > 1:
        got.pop(BOOT, None)
        cpu.pop(BOOT, None)
    same('running', sorted(got.items()), sorted(cpu.items()))
    lost = sum(g.events for g in case.twin.gaps if g.to >= since and g.time <= until)
    if lines[-1]['events']:
        same('lost', lines[-1]['lost'], lost)
    consumers(case, opt, since, until, cpu)


def consumers(case, opt, since, until, cpu):
    db = case.export('sqlite', 'w.db', *opt)
    rows = ask(case, db, 'SELECT utid, sum(dur) FROM sched GROUP BY utid HAVING sum(dur) > 0')
    rows = [x for x in rows if len(case.twin.harts) == 1 or x[0] != BOOT]
    same('sched', sorted(rows), sorted(cpu.items()))
    json.load(open(case.export('chrome', 'w.json', *opt), encoding='utf-8'))
    for changes in read(case.export('vcd', 'w.vcd', *opt)).values():
        assert all(since <= t <= max(until, since) for t, _ in changes)
    out = case.export('ctf', 'w.ctf', *opt)
    case.command('babeltrace2', os.path.join(out, 'kernel'))
    text = case.command('trace-cmd', 'report', '-t', case.export('tracedat', 'w.dat', *opt))
    assert 'FAILED' not in text
    with open(case.export('perfetto', 'w.pftrace', *opt), 'rb') as f:
        assert f.read()
