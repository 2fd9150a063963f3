# SPDX-License-Identifier: MIT
"""TSV, CSV and RowBinary hold the same rows, those of the twin; sqlite3 imports the CSV."""
import struct

from check_sqlite import rows_of
from run import same

CASES = ['plain-1', 'smp-2', 'loss-3', 'slow-5', 'far-7']


def binary(path):
    data, at, out = open(path, 'rb').read(), 0, []
    while at < len(data):
        trace, ts, dur, cpu, utid, n = struct.unpack_from('<IqqBIB', data, at)
        at += struct.calcsize('<IqqBIB')
        assert n < 128
        state = data[at : at + n].decode()
        (level,) = struct.unpack_from('<h', data, at + n)
        at += n + 2
        out.append((trace, ts, dur, cpu, utid, state, level))
    return out


def text(path, gap):
    for line in open(path):
        f = line.rstrip('\n').split(gap)
        yield (*map(int, f[:5]), f[5], int(f[6]))


def check(case):
    want = sorted(
        (7, a, d, h, t, s, -1 if lv is None else lv)
        for a, d, h, t, s, lv in rows_of(case.twin, True)
    )
    tsv = sorted(text(case.export('tsv', 't.tsv', '--trace-id', '7'), '\t'))
    same('tsv', tsv, want)
    path = case.export('csv', 't.csv', '--trace-id', '7')
    with open(path) as f:
        assert f.readline() == 'trace_id,ts,dur,cpu,utid,end_state,priority\n'
        same(
            'csv',
            sorted(tuple(x.rstrip('\n').split(',')) for x in f),
            sorted(tuple(map(str, r)) for r in want),
        )
    same('rowbinary', sorted(binary(case.export('rowbinary', 't.bin', '--trace-id', '7'))), want)
    n = case.command(
        'sqlite3',
        ':memory:',
        '-cmd',
        '.mode csv',
        '-cmd',
        '.import "%s" t' % path,
        'SELECT count(*), sum(dur) FROM t',
    )
    same('import', n.strip(), '%d,%d' % (len(want), sum(r[2] for r in want)))
