# SPDX-License-Identifier: MIT
"""trace-cmd report -t, raw and formatted, event by event; dropped events with their counts; time
never back; version 7."""
import os
import re

from check_ctf import CARRIED
from run import same

CASES = ['plain-1', 'smp-2', 'loss-3', 'loss-4', 'slow-5', 'odd-6', 'far-7', 'far-8']
LINE = re.compile(r'\s*.*-(\d+)\s+(\d+)[-d.]0x([0-9a-f]+)\s+(\d+)\.(\d{9}): (\w+):\s+(.*)$')
STATE = {None: 0, 0: 16, 1: 0, 3: 2, 4: 1, 5: 1}


def number(text, name):
    return int(re.search(r'\b%s=(-?\d+)' % name, text)[1])


def step(name, t, pid, irq, rest):
    if name == 'sched_switch':
        return (
            'switch',
            t,
            number(rest, 'prev_pid'),
            number(rest, 'prev_state'),
            number(rest, 'next_pid'),
            number(rest, 'prev_prio'),
            number(rest, 'next_prio'),
        )
    if name == 'sched_waking':
        return ('wake', t, number(rest, 'pid'), number(rest, 'prio'), irq, pid)
    if name == 'irq_handler_entry':
        return ('in', t, number(rest, 'irq'))
    if name == 'irq_handler_exit':
        return ('out', t, number(rest, 'irq'))
    if name == 'sched_pi_setprio':
        return ('prio', t, number(rest, 'pid'), number(rest, 'oldprio'), number(rest, 'newprio'))
    if name == 'sched_process_exit':
        return ('exit', t, number(rest, 'pid'))
    return None


def expected(s):
    n = lambda x: -1 if x is None else x  # noqa: E731
    if s[0] == 'switch':
        return ('switch', s[1], s[2], STATE[s[3]], s[5], n(s[6]), n(s[7]))
    return tuple(n(x) for x in s)


def check(case):
    out = case.export('tracedat', 't.dat')
    text = case.command('trace-cmd', 'report', '-t', '-R', '-l', out)
    steps, own, lost = {}, [], []
    for line in text.split('\n'):
        m = LINE.match(line)
        drop = re.match(r'CPU:(\d+) \[(\d+) EVENTS DROPPED\]', line)
        assert m or drop or not line or line.startswith('cpus='), 'not understood: ' + line
        if drop:
            lost.append((int(drop[1]), int(drop[2])))
        if not m:
            continue
        pid, cpu, flags, t = int(m[1]), int(m[2]), int(m[3], 16), int(m[4]) * 10**9 + int(m[5])
        s = step(m[6], t, pid, bool(flags & 8), m[7])
        if s:
            steps.setdefault(cpu, []).append(s)
        elif m[6] != 'lost':
            own.append((t, cpu, m[6]))
    for hart, want in case.twin.steps.items():
        same('steps of hart %d' % hart, steps.get(hart, []), [expected(s) for s in want])
    want = [
        (case.twin.ns(e.time), e.hart, e.name)
        for e in case.reader.items
        if hasattr(e, 'name') and e.name not in CARRIED
    ]
    want = [(t, h, 'print' if n == 'log' else n) for t, h, n in want]
    same('own events', sorted(own), sorted(want))
    same('losses', sorted(lost), sorted((g.hart, g.events) for g in case.twin.gaps))
    text = case.command('trace-cmd', 'report', '-t', out)
    got = re.findall(r'(\d+)\.(\d{9}): print: +\S+ (.*)$', text, re.M)
    got = [(int(a) * 10**9 + int(b), m) for a, b, m in got]
    same('messages', sorted(got), sorted(case.twin.messages()))
    assert 'FAILED TO PARSE' not in text and '[FAILED' not in text, 'a format does not parse'
    assert 'not found' not in case.stderr, case.stderr
    case.command('trace-cmd', 'report', '--check-events', out)
    new = os.path.join(case.dir, 't7.dat')
    if os.path.exists(new):
        os.unlink(new)
    case.command('trace-cmd', 'convert', '-i', out, '-o', new, '--file-version', '7')
    again = case.command('trace-cmd', 'report', '-t', new)
    same(
        'version 7',
        [x for x in again.split('\n') if 'DROPPED' not in x][1:],
        [x for x in text.split('\n') if 'DROPPED' not in x][1:],
    )
