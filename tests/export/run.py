#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Opens every export in its real consumer and compares what it reads with the twin of twin.py.

    run.py KYMO SANITIZED-KYMO WORK [TOKEN ...]

TOKEN is format/case-seed, like perfetto/loss-3, or san:format/case-seed; none: all of them.

A failure prints its token; `make check-export EXPORT=TOKEN` reruns exactly it and keeps the
files in WORK."""
import importlib
import os
import shutil
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kymofile import Reader  # noqa: E402
from mars import Mars  # noqa: E402
from scenario import Run  # noqa: E402
from twin import Twin  # noqa: E402

CASES = {
    'plain': dict(),
    'flat': dict(nest=0),
    'own': dict(own=True, block=1024),
    'smp': dict(harts=2, steps=600),
    'loss': dict(loss=0.02, steps=600, harts=2),
    'slow': dict(hz=10000000, loss=0.01),
    'odd': dict(hz=170000000),
    'far': dict(long_gaps=True, loss=0.01, harts=2),
}
FORMATS = [
    'perfetto',
    'ctf',
    'tracedat',
    'vcd',
    'sqlite',
    'rows',
    'jsonl',
    'chrome',
    'window',
    'stat',
    'behaviour',
    'query',
]

# Of the kernel: everything by the plugin, and what the ring held at the end. Of the simulated
# kernel, for those that see most: 2 to 5 (check-export.mk).
REAL = {f: ['real-0', 'real-1'] for f in FORMATS if f not in ('behaviour', 'query')}
for f in ('perfetto', 'tracedat', 'sqlite', 'stat'):
    REAL[f] += ['real-2', 'real-3', 'real-4', 'real-5']


class Case:
    """One trace, its twin, and the means to export it."""

    def __init__(self, kymo, work, kind, seed):
        self.kymo, self.kind, self.seed = kymo, kind, seed
        self.dir = os.path.join(work, '%s-%d' % (kind, seed))
        os.makedirs(self.dir, exist_ok=True)
        self.trace = os.path.join(self.dir, 't.kymo')
        if kind == 'mars':
            Mars().run().save(self.trace, end=90000)
        elif kind == 'real':
            shutil.copy(os.path.join(work, 'real', '%d.kymo' % seed), self.trace)
        else:
            Run(seed, **CASES[kind]).w.save(self.trace)
        self.reader = Reader(self.trace)
        self.twin = Twin(self.reader)

    def export(self, form, name, *options):
        out = os.path.join(self.dir, name)
        self.command(self.kymo, 'export', '--to', form, '-q', '-o', out, *options, self.trace)
        return out

    def command(self, *argv, **kw):
        r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **kw)
        self.stderr = r.stderr.decode(errors='replace')
        if r.returncode != 0:
            raise AssertionError(
                '%s: status %d: %s' % (' '.join(argv), r.returncode, self.stderr[-600:])
            )
        return r.stdout.decode(errors='replace')


def same(what, got, want):
    """Equal lists, or the first difference with its surroundings."""
    if got == want:
        return
    n = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    raise AssertionError(
        '%s differ at %d of %d/%d:\n    got  %s\n    want %s\n    after %s'
        % (what, n, len(got), len(want), got[n : n + 3], want[n : n + 3], want[max(0, n - 2) : n])
    )


SANITIZED = (
    ['san:%s/own-10' % f for f in FORMATS if f not in ('query', 'behaviour')]
    + ['san:%s/loss-3' % f for f in FORMATS if f not in ('query', 'stat', 'ctf')]
    + [
        'san:ctf/far-7',
        'san:query/mars-0',
        'san:tracedat/far-8',
    ]
)


def main():
    kymo, sanitized, work, tokens = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    if not tokens:
        tokens = ['%s/%s' % (f, c) for f in FORMATS for c in load(f).CASES + REAL.get(f, [])]
        tokens += SANITIZED
    failed = 0
    cases = {}
    for token in tokens:
        san = token.startswith('san:')
        form, name = token[4 * san :].split('/')
        kind, _, seed = name.rpartition('-')
        try:
            if (san, name) not in cases:
                where = os.path.join(work, 'san') if san else work
                cases[san, name] = Case(sanitized if san else kymo, where, kind, int(seed))
            load(form).check(cases[san, name])
        except Exception as e:  # a test that cannot run has failed
            failed += 1
            text = str(e) if isinstance(e, AssertionError) else traceback.format_exc()
            print('FAIL %s: %s' % (token, text))
    print('export: %d passed, %d failed' % (len(tokens) - failed, failed))
    return 1 if failed else 0


def load(form):
    return importlib.import_module('check_' + form)


if __name__ == '__main__':
    sys.modules['run'] = sys.modules['__main__']
    sys.exit(main())
