# SPDX-License-Identifier: MIT
"""Every line is JSON; events, switches, stretches and losses are those of the twin."""
import json

from check_sqlite import word
from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'slow-5', 'far-7']


def check(case):
    lines = [json.loads(x) for x in open(case.export('jsonl', 't.jsonl'), encoding='utf-8')]
    assert lines[0]['type'] == 'trace' and lines[-1]['type'] == 'end'
    got = [(x['ts'], x['hart'], x['name']) for x in lines if x['type'] == 'event']
    same(
        'events',
        got,
        [(case.twin.ns(e.time), e.hart, e.name) for e in case.reader.items if hasattr(e, 'name')],
    )
    for hart, steps in case.twin.steps.items():
        got = [
            (x['ts'], x['prev'], x['prev_state'], x['next'], x['prev_level'], x['next_level'])
            for x in lines
            if x['type'] == 'switch' and x['hart'] == hart
        ]
        n = lambda x: -1 if x is None else x  # noqa: E731
        same(
            'switches',
            got,
            [
                (s[1], s[2], word(s[3], s[4]), s[5], n(s[6]), n(s[7]))
                for s in steps
                if s[0] == 'switch'
            ],
        )
        got = [
            (x['ts'], x['task'], x['in_irq'])
            for x in lines
            if x['type'] == 'wake' and x['hart'] == hart
        ]
        same('wakes', got, [(s[1], s[2], s[4]) for s in steps if s[0] == 'wake'])
    cpu = {}
    for x in lines:
        if x['type'] == 'state' and x['state'] == 'running':
            cpu[x['task']] = cpu.get(x['task'], 0) + x['dur']
    want = case.twin.cpu_ns()
    for t in (
        (LOST, BOOT) if len(case.twin.harts) > 1 else (LOST,)
    ):  # boot is one task here, though each hart boots
        want.pop(t, None)
        cpu.pop(t, None)
    same('running', sorted(cpu.items()), sorted(want.items()))
    got = [(x['ts'], x['message']) for x in lines if 'message' in x]
    same('messages', got, case.twin.messages())
    same('lost', lines[-1]['lost'], case.twin.lost)
    brief = [json.loads(x)['type'] for x in open(case.export('jsonl', 'b.jsonl', '--brief'))]
    assert 'event' not in brief and brief == [x['type'] for x in lines if x['type'] != 'event']
