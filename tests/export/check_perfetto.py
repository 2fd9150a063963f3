# SPDX-License-Identifier: MIT
"""protoc decodes the trace with our own .proto; every ftrace event, counter, wait and loss is
compared with the twin."""
import os
import re
import subprocess

from run import same
from twin import LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'loss-4', 'slow-5', 'odd-6', 'far-7']
STATE = {None: 0, 0: 16, 3: 2, 4: 1, 5: 1}


def parse(text):
    """Text format to nested lists of (key, value)."""
    stack = [[]]
    for line in text.split('\n'):
        line = line.strip()
        if line.endswith('{'):
            stack.append([])
            stack[-2].append((line[:-2], stack[-1]))
        elif line == '}':
            stack.pop()
        elif line:
            k, v = line.split(': ', 1)
            assert not k.isdigit(), 'unknown field %s in %s' % (k, stack[-1])
            stack[-1].append(
                (k, v[1:-1] if v[0] == '"' else int(v) if re.match(r'-?\d+$', v) else v)
            )
    assert len(stack) == 1
    return stack[0]


def step(kind, e, m):
    t = e['timestamp']
    if kind == 'sched_switch':
        return (
            'switch',
            t,
            m['prev_pid'],
            m['prev_state'],
            m['next_pid'],
            m['prev_prio'],
            m['next_prio'],
        )
    if kind == 'sched_waking':
        return ('wake', t, m['pid'], m['prio'], bool(e.get('common_flags', 0) & 8), e['pid'])
    if kind == 'irq_handler_entry':
        return ('in', t, m['irq'])
    if kind == 'irq_handler_exit':
        return ('out', t, m['irq'])
    if kind == 'sched_pi_setprio':
        return ('prio', t, m['pid'], m['oldprio'], m['newprio'])
    assert kind == 'sched_process_exit', kind
    return ('exit', t, m['pid'])


def expected(s):
    n = lambda x: -1 if x is None else x  # noqa: E731
    if s[0] == 'switch':
        state = 256 if s[4] else STATE.get(s[3], 0)
        return ('switch', s[1], s[2], state, s[5], n(s[6]), n(s[7]))
    if s[0] == 'wake':
        return ('wake', s[1], s[2], n(s[3]), s[4], s[5])
    if s[0] == 'prio':
        return ('prio', s[1], s[2], n(s[3]), s[4])
    return s


def check(case):
    out = case.export('perfetto', 't.pftrace')
    here = os.path.dirname(os.path.abspath(__file__))
    with open(out, 'rb') as f:
        r = subprocess.run(
            ['protoc', '--proto_path', here, '--decode=kymo.Trace', 'perfetto.proto'],
            stdin=f,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert r.returncode == 0, r.stderr.decode()
    packets = [v for _, v in parse(r.stdout.decode())]
    steps, losses, counters, threads, slices = {}, 0, [], {}, {}
    for p in packets:
        d = dict(p)
        if 'ftrace_events' in d:
            b = dict(d['ftrace_events'])
            losses += b.get('lost_events') == 'true'
            for k, v in d['ftrace_events']:
                if k == 'event':
                    e = dict(v)
                    for kind, m in v:
                        if isinstance(m, list):
                            steps.setdefault(b['cpu'], []).append(step(kind, e, dict(m)))
        elif 'process_tree' in d:
            for k, v in d['process_tree']:
                if k == 'threads':
                    threads[dict(v)['tid']] = dict(v)['name']
        elif 'track_event' in d:
            e = dict(d['track_event'])
            kind = e['track_uuid'] >> 32
            if e['type'] == 'COUNTER':
                counters.append((d['timestamp'], e['counter_value']))
            elif e['type'] in ('BEGIN', 'END'):
                slices.setdefault(e['track_uuid'], []).append(
                    (e['type'], d['timestamp'], e.get('name'))
                )
            assert kind or e['type'] == 'UNSPECIFIED'
    got = [
        (d['timestamp'], e['name'].replace('\\"', '"'))
        for p in packets
        for d in [dict(p)]
        if 'track_event' in d
        for e in [dict(d['track_event'])]
        if e['type'] == 'INSTANT'
    ]
    missing = set(case.twin.messages()) - set(got)
    assert not missing, missing
    for hart, want in case.twin.steps.items():
        same('steps of hart %d' % hart, steps.get(hart, []), [expected(s) for s in want])
    same('counters', sorted(counters), sorted((t, v) for t, _, v in case.twin.counters))
    assert losses == len(case.twin.gaps), (losses, len(case.twin.gaps))
    for track, list_ in slices.items():
        open_ = None
        for kind, t, _ in list_:  # every slice ends, and not before it began
            assert (open_ is None) == (kind == 'BEGIN'), (hex(track), t)
            assert kind == 'BEGIN' or t >= open_
            open_ = t if kind == 'BEGIN' else None
        assert open_ is None, hex(track)
    for s in case.twin.steps.values():
        for x in s:
            if x[0] == 'switch' and x[5] not in (0,):
                assert x[5] in threads, x
    lost = sum(
        int(n.split(' events')[0].split(', ')[1])
        for u, ss in slices.items()
        if u >> 32 == 6
        for _, _, n in ss
        if n
    )
    assert lost == case.twin.lost, (lost, case.twin.lost)
    assert LOST not in threads or case.twin.gaps
