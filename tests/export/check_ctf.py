# SPDX-License-Identifier: MIT
"""babeltrace2 and babeltrace read the folder: every event is compared with the twin, every loss
with its count and place. lttng-analyses then says how much CPU time each task had, how often
each interrupt ran and how often tasks were woken."""
import json
import os
import re

from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'flat-9', 'smp-2', 'loss-3', 'loss-4', 'slow-5', 'odd-6', 'far-7', 'far-8']
LINE = re.compile(
    r'\[(\d+):(\d+):(\d+)\.(\d{9})\] \([^)]*\) \S+ (\w+): \{ cpu_id = (\d+) \}, \{ (?:(.*) )?\}$'
)
FIELD = re.compile(r'(\w+) = ("(?:[^"\\]|\\.)*"|\( .*? \)|\[ .*? \]|[^,]+)')
STATE = {None: 0, 0: 64, 1: 0, 3: 2, 4: 1, 5: 1}


def events(text):
    for line in text.split('\n'):
        m = LINE.match(line)
        assert m or not line, 'not understood: ' + line
        if m:
            t = (int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3])) * 10**9 + int(m[4])
            f = {
                k: v[1:-1] if v[0] == '"' else int(v, 0) if re.match(r'-?\d|0x', v) else v
                for k, v in FIELD.findall(m[7] or '')
            }
            yield t, int(m[6]), m[5], f


def split(text):
    """Steps per hart as tuples, and our own events as (ns, hart, name)."""
    steps, own, depth = {}, [], {}
    running = {}
    for t, cpu, name, f in events(text):
        s = steps.setdefault(cpu, [])
        if name == 'sched_switch':
            s.append(
                (
                    'switch',
                    t,
                    f['prev_tid'],
                    f['prev_state'],
                    f['next_tid'],
                    f['prev_prio'],
                    f['next_prio'],
                )
            )
            running[cpu] = f['next_tid']
        elif name == 'sched_waking':
            s.append(('wake', t, f['tid'], f['prio'], depth.get(cpu, 0) > 0, running.get(cpu)))
        elif name.startswith('irq_handler'):
            entry = name.endswith('entry')
            s.append(('in' if entry else 'out', t, f['irq']))
            depth[cpu] = depth.get(cpu, 0) + (1 if entry else -1)
        elif name == 'sched_pi_setprio':
            s.append(('prio', t, f['tid'], f['oldprio'], f['newprio']))
        elif name == 'sched_process_exit':
            s.append(('exit', t, f['tid']))
        elif name.startswith('kymo_') and name != 'kymo_lost':
            own.append((t, cpu, name[5:]))
    return steps, own


def expected(s):
    n = lambda x: -1 if x is None else x  # noqa: E731
    if s[0] == 'switch':
        return ('switch', s[1], s[2], STATE[s[3]], s[5], n(s[6]), n(s[7]))
    if s[0] in ('wake', 'prio'):
        return tuple(n(x) for x in s)
    return s


CARRIED = (
    'task_switch',
    'task_ready',
    'task_create',
    'task_destroy',
    'task_priority',
    'irq_in',
    'irq_out',
    'name_task',
    'name_object',
)


def check(case):
    out = case.export('ctf', 't.ctf')
    kernel = os.path.join(out, 'kernel')
    text = case.command('babeltrace2', kernel)
    lost = [int(x) for x in re.findall(r'Tracer discarded (\d+) events? between', case.stderr)]
    assert case.stderr.count('WARNING') == len(lost), case.stderr[:300]
    steps, own = split(text)
    for hart, want in case.twin.steps.items():
        same('steps of hart %d' % hart, steps.get(hart, []), [expected(s) for s in want])
    want = [
        (case.twin.ns(e.time), e.hart, e.name)
        for e in case.reader.items
        if hasattr(e, 'name') and e.name not in CARRIED
    ]
    same('own events', sorted(own), sorted(want))
    got = [(t, f['message']) for t, _, name, f in events(text) if name == 'kymo_log']
    same(
        'messages',
        sorted((t, m.replace('\\"', '"')) for t, m in got),
        sorted(case.twin.messages()),
    )
    same('losses', sorted(lost), sorted(g.events for g in case.twin.gaps))
    old = case.command('babeltrace', kernel)
    same(
        'lost events by babeltrace',
        sorted(int(x) for x in re.findall(r'discarded (\d+) events', case.stderr)),
        sorted(lost),
    )
    old_steps, old_own = split(old)
    assert old_steps == steps, 'babeltrace and babeltrace2 differ'
    same(
        'own events by babeltrace', sorted(old_own), sorted(own)
    )  # harts at one instant: any order
    analyses(case, out)


def mi(case, name, out, *options):
    text = case.command('lttng-%s-mi' % name, '--no-intersection', *options, out)
    return {r['class']: r for r in json.loads(text)['results']}


def analyses(case, out):
    """Within what it prints: ratios of the time from the first to the last event as floats."""
    r = mi(case, 'cputop', out, '--limit', '100000')['per-process']
    begin, end = (r['time-range'][k]['value'] for k in ('begin', 'end'))
    cpu = case.twin.cpu_ns()
    tail = case.twin.ns(case.twin.last) - end
    assert 0 <= tail
    got = {row[0]['tid']: row[3]['value'] * (end - begin) for row in r['data']}
    # It gives idle no time of its own, and knows one hart per task at a time: boot and (lost) may
    # be on two.
    harts = {}
    for _, _, hart, task, *_ in case.twin.slices():
        harts.setdefault(task, set()).add(hart)
    for tid, ns in cpu.items():
        if tid not in (0, LOST) and not (tid == BOOT and len(harts[tid]) > 1) and not tail:
            assert abs(got.get(tid, 0) - ns) <= 1 + ns * 1e-9, 'cputop: task %d: %s, not %d' % (
                tid,
                got.get(tid),
                ns,
            )
    irqs = {
        row[0]['nr']: row[1]['value'] for row in mi(case, 'irqstats', out)['hard-stats']['data']
    }
    want = {}
    for steps in case.twin.steps.values():
        for s in steps:
            if s[0] == 'out':
                want[s[2]] = want.get(s[2], 0) + 1
    nested = any(
        a[0] == 'in' and b[0] == 'in'
        for st in case.twin.steps.values()
        for a, b in zip(
            [x for x in st if x[0] in ('in', 'out')], [x for x in st if x[0] in ('in', 'out')][1:]
        )
    )
    if not nested:  # it knows one handler per hart at a time
        same('irqstats', sorted(irqs.items()), sorted(want.items()))
    if case.twin.gaps:  # it pairs what stands before a gap with what comes after
        return
    assert set(irqs) == set(want), (irqs, want)
    rows = mi(case, 'schedlog', out, '--limit', '100000')['log']['data']
    got = [(r[0]['value'], r[1]['value'], r[5]['tid']) for r in rows]
    same('schedlog', sorted(got), sorted(wakes(case)))


def wakes(case):
    """(woken at, ran at, task) of each wake-up, merged over harts; a second wake-up before it
    ran starts anew."""
    merged = sorted((s[1], n, i, s) for n, st in case.twin.steps.items() for i, s in enumerate(st))
    waiting, out = {}, []
    for t, _, _, s in merged:
        if s[0] == 'wake':
            waiting[s[2]] = t
        elif s[0] == 'switch' and s[5] in waiting:
            out.append((waiting.pop(s[5]), t, s[5]))
    return out
