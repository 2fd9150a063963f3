# SPDX-License-Identifier: MIT
"""The file is one JSON object; slices do not overlap within a row; running time and losses are
those of the twin."""
import json
from decimal import Decimal

from run import same
from twin import LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'slow-5', 'far-7']


def check(case):
    trace = json.load(open(case.export('chrome', 't.json'), encoding='utf-8'), parse_float=Decimal)
    events = trace['traceEvents']
    rows, cpu = {}, {}
    for e in events:
        if e['ph'] == 'X':
            a, d = int(e['ts'] * 1000), int(e['dur'] * 1000)
            assert d >= 0
            rows.setdefault((e['pid'], e['tid']), []).append((a, a + d))
            if e['pid'] == 2 and e['tid'] < 1000:
                cpu[e['args']['task']] = cpu.get(e['args']['task'], 0) + d
    same(
        'running',
        sorted(cpu.items()),
        sorted((t, ns) for t, ns in case.twin.cpu_ns().items() if t not in (0, LOST)),
    )
    lost = sum(
        e['args']['events'] for e in events if e['ph'] == 'X' and e['name'].startswith('lost')
    )
    same('lost', lost, case.twin.lost)
    for row, list_ in rows.items():
        if row[0] == 2 and row[1] < 1000:
            list_.sort()
            assert all(a[1] <= b[0] for a, b in zip(list_, list_[1:])), row
    same(
        'marks',
        sorted(int(e['ts'] * 1000) for e in events if e['ph'] == 'i'),
        sorted(t for t, _, _ in case.twin.marks),
    )
    same(
        'counters',
        sorted((int(e['ts'] * 1000), e['args']['value']) for e in events if e['ph'] == 'C'),
        sorted((t, v) for t, _, v in case.twin.counters),
    )
