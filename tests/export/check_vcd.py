# SPDX-License-Identifier: MIT
"""vcd2fst and fst2vcd read the file; what comes back, and the file itself, is compared with the
twin."""
import os
import re

from run import same
from twin import BOOT, LOST

CASES = ['plain-1', 'smp-2', 'loss-3', 'slow-5', 'odd-6', 'far-7', 'far-8', 'own-10']


def read(path):
    """{scope.name: [(time, value), ...]}, changes only, in the file's order; times must not
    fall."""
    names, out, scope, now = {}, {}, [], 0
    lines = iter(open(path))
    for line in lines:
        w = line.split()
        if w and w[0] == '$scope':
            scope.append(w[2])
        elif w and w[0] == '$upscope':
            scope.pop()
        elif w and w[0] == '$var':
            names[w[3]] = '.'.join(scope + [w[4]])
            out['.'.join(scope + [w[4]])] = []
        elif w and w[0] == '$enddefinitions':
            break
    for line in lines:
        line = line.rstrip('\n')
        if line.startswith('#'):
            assert int(line[1:]) >= now, 'time falls at ' + line
            now = int(line[1:])
        elif line and line[0] in 'sb':
            value, id_ = line.rsplit(' ', 1)
            out[names[id_]].append((now, value[1:]))
        elif line and line[0] in '01xz':
            out[names[line[1:]]].append((now, line[0]))
    return out


def final(changes):
    """The value at the end of each instant: changes of no length may vanish on the way through
    FST."""
    d = {}
    for t, v in changes:
        d[t] = v
    out = []
    for t, v in d.items():
        if not out or out[-1][1] != v:
            out.append((t, v))
    return out


def clean(name):
    return re.sub(r'[^!-~]', '_', name)


def name_of(case, tag):
    strings = case.reader.strings
    return re.sub(r'[.:\[\]{}$?"\\]', '_', clean(strings[tag : strings.index(b'\0', tag)].decode()))


def check(case):
    path = case.export('vcd', 't.vcd')
    sig = read(path)
    names = {
        int(k.split('#')[1].split('/')[0]): k.split('.', 1)[1].split('#')[0]
        for k in sig
        if k.startswith('tasks.')
    }
    for hart, steps in case.twin.steps.items():
        sw = [(s[1], s[5]) for s in steps if s[0] == 'switch']
        got = final(sig['harts.hart%d/running' % hart])
        want = final(
            [
                (
                    t,
                    '(lost)'
                    if n == LOST
                    else 'boot'
                    if n == BOOT
                    else 'idle'
                    if n == 0
                    else names[n],
                )
                for t, n in sw
            ]
        )
        same(
            'running on hart %d' % hart,
            [(t, re.sub(r'[.:\[\]{}$?]', '_', v)) for t, v in got],
            [(t, re.sub(r'[.:\[\]{}$?]', '_', v)) for t, v in want],
        )
        want = final([(t, '1' if n == LOST else '0') for t, n in sw])
        same('lost on hart %d' % hart, final(sig['harts.hart%d/lost' % hart]), want)
        depth, want = 0, []
        for s in steps:
            if s[0] in ('in', 'out'):
                depth += 1 if s[0] == 'in' else -1
                want.append((s[1], depth))
        got = [(t, int(v, 2)) for t, v in sig.get('harts.hart%d/irq_depth' % hart, [])]
        same('interrupt depth of hart %d' % hart, final(got), final(want))
    running = {}
    for k, changes in sig.items():
        if k.startswith('tasks.') and k.endswith('/state'):
            running[int(k.split('#')[1].split('/')[0])] = changes
    states_against_slices(case, running)
    tags = {name_of(case, tag) for _, tag, _ in case.twin.marks}
    marks = sum(len(c) for k, c in sig.items() if k[:5] == 'user.' and k[5:] in tags)
    assert marks == len(case.twin.marks), (marks, len(case.twin.marks))
    fst, back = os.path.join(case.dir, 't.fst'), os.path.join(case.dir, 'back.vcd')
    case.command('vcd2fst', path, fst)
    case.command('fst2vcd', fst, '-o', back)
    again = read(back)
    assert set(again) == set(sig), set(again) ^ set(sig)
    for k, changes in sig.items():
        if k.startswith('user.'):  # an event has no value to come back with
            continue
        got = [
            (
                t,
                v.lstrip('0') or '0'
                if k.startswith(('harts', 'tasks')) and set(v) <= set('01')
                else v,
            )
            for t, v in again[k]
            if set(v) != {'x'}
        ]
        want = [
            (
                t,
                v.lstrip('0') or '0'
                if k.startswith(('harts', 'tasks')) and set(v) <= set('01')
                else v,
            )
            for t, v in changes
        ]
        same('through FST: ' + k, final([x for x in got if x[1]]), final(want))
    view = open(path[:-4] + '.gtkw').read().split('\n')
    shown = [x.replace('[2:0]', '') for x in view if x and x[0] not in '@[']
    assert shown and set(shown) <= set(sig), set(shown) - set(sig)
    if case.kind in ('loss', 'real', 'own'):
        gtkwave(case, path, shown)


SCRIPT = '''puts "TRACES [gtkwave::getTotalNumTraces]"
puts "NAMES [gtkwave::getDisplayedSignals]"
gtkwave::/File/Quit
exit
'''


def gtkwave(case, path, shown):
    """GTKWave itself, on a screen of its own: it reads the file, its view shows every row."""
    script = os.path.join(case.dir, 'show.tcl')
    with open(script, 'w') as f:
        f.write(SCRIPT)
    view = path[:-4] + '.gtkw'
    out = case.command('xvfb-run', '-a', 'gtkwave', '-S', script, path, view)
    assert 'error' not in out + case.stderr, (out + case.stderr)[-600:]
    n = int(re.search(r'TRACES (\d+)', out)[1])
    assert n == len(shown), 'GTKWave shows %d of %d signals' % (n, len(shown))


def states_against_slices(case, running):
    """A task is `running` exactly while the twin says so, seen at the end of each instant."""
    for task, changes in running.items():
        if task in (0, BOOT):
            continue
        got = [(t, v == 'running') for t, v in final(changes)]
        want = []
        for a, b, _, who, state, *_ in sorted(case.twin.slices(), key=lambda s: s[:2]):
            if who == task:
                want += [(a, True)] + ([(b, False)] if state != 'end' else [])
        same('state of task %d' % task, from_first(got), from_first(want))


def from_first(changes):
    changes = final(changes)
    while changes and not changes[0][1]:
        changes.pop(0)
    return changes
