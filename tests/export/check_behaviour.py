# SPDX-License-Identifier: MIT
"""What a user meets when things go wrong: one line, status 125, nothing half-written; and what
must hold for every format: the same bytes each time, standard output equal to the file, damaged
traces answered, never a crash."""
import os
import random
import resource
import signal
import subprocess
import time

FILES = ['perfetto', 'tracedat', 'vcd', 'sqlite', 'tsv', 'csv', 'rowbinary', 'chrome', 'jsonl']
STREAMS = [f for f in FILES if f != 'sqlite']
CASES = ['loss-3', 'plain-1']


def run(case, *argv, status=125, **kw):
    r = subprocess.run([case.kymo, 'export', *argv], stderr=subprocess.PIPE, timeout=60, **kw)
    err = r.stderr.decode(errors='replace')
    assert r.returncode == status, '%s: status %d, not %d: %s' % (
        ' '.join(argv),
        r.returncode,
        status,
        err,
    )
    if status == 125:
        assert err.count('\n') == 1 and err.startswith('kymo export: '), '%s: %r' % (argv, err)
    return r


def contents(folder):
    return sorted(os.listdir(folder))


def check(case):
    folder = os.path.join(case.dir, 'out')
    os.makedirs(folder, exist_ok=True)
    for f in contents(folder):
        os.system('rm -rf "%s"' % os.path.join(folder, f))
    usage(case)
    bad_input(case, folder)
    no_room(case, folder)
    pipes(case)
    same_bytes(case, folder)
    folders(case, folder)
    signals(case, folder)
    if case.kind == 'loss':
        damage(case, folder)


def usage(case):
    run(case, '--to', 'nonsense', case.trace)
    run(case, case.trace)
    run(case, '--to', 'perfetto')
    run(case, '--to', 'perfetto', case.trace, case.trace)
    run(case, '--to', 'sqlite', '-o', '-', case.trace)
    run(case, '--to', 'ctf', '-o', '-', case.trace)
    run(case, '--to', 'tsv', '--trace-id', '-1', case.trace)
    assert b'formats:' in run(case, '--help', status=0, stdout=subprocess.PIPE).stdout


def bad_input(case, folder):
    junk, empty = os.path.join(case.dir, 'junk'), os.path.join(case.dir, 'empty')
    with open(junk, 'wb') as f:
        f.write(b'not a trace' * 100)
    open(empty, 'wb').close()
    for name in (junk, empty, case.dir, os.path.join(case.dir, 'absent')):
        for form in FILES + ['ctf']:
            run(case, '--to', form, '-o', os.path.join(folder, 'x'), name)
            assert contents(folder) == [], (form, name, contents(folder))


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def no_room(case, folder):
    for form in FILES + ['ctf']:
        if form in ('tsv', 'csv', 'rowbinary'):
            continue  # smaller than the limit
        run(case, '--to', form, '-o', os.path.join(folder, 'x'), case.trace, preexec_fn=limit)
        assert contents(folder) == [], (form, contents(folder))
        run(case, '--to', form, '-o', '/proc/self/x', case.trace)
    for form in STREAMS:
        run(case, '--to', form, '-o', '/dev/full', case.trace)
        with open('/dev/full', 'wb') as full:
            run(case, '--to', form, '-o', '-', case.trace, stdout=full)
    assert os.path.exists('/dev/full')


def pipes(case):
    for form in STREAMS:
        r, w = os.pipe()
        os.close(r)
        run(case, '--to', form, '-o', '-', case.trace, stdout=w)
        os.close(w)


def same_bytes(case, folder):
    for form in FILES:
        a, b = os.path.join(folder, 'a'), os.path.join(folder, 'b')
        run(case, '--to', form, '-q', '-o', a, case.trace, status=0)
        run(case, '--to', form, '-q', '-o', b, case.trace, status=0)
        data = open(a, 'rb').read()
        assert data == open(b, 'rb').read(), form + ' is not the same twice'
        if form in STREAMS:
            out = run(
                case, '--to', form, '-q', '-o', '-', case.trace, status=0, stdout=subprocess.PIPE
            ).stdout
            assert out == data, form + ': standard output differs from the file'
        run(case, '--to', form, '-q', '-o', a, case.trace, status=0)  # over an older one
        for f in contents(folder):
            os.unlink(os.path.join(folder, f))


def folders(case, folder):
    out = os.path.join(folder, 'c')
    os.makedirs(out)
    keep = os.path.join(out, 'precious')
    open(keep, 'w').close()
    run(case, '--to', 'ctf', '-o', out, case.trace)
    assert os.path.exists(keep) and contents(folder) == ['c'], 'a foreign folder was touched'
    os.unlink(keep)
    os.rmdir(out)
    run(case, '--to', 'ctf', '-q', '-o', out, case.trace, status=0)
    first = {
        f: open(os.path.join(out, 'kernel', f), 'rb').read()
        for f in contents(os.path.join(out, 'kernel'))
    }
    run(case, '--to', 'ctf', '-q', '-o', out, case.trace, status=0)
    again = {
        f: open(os.path.join(out, 'kernel', f), 'rb').read()
        for f in contents(os.path.join(out, 'kernel'))
    }
    assert first == again and contents(folder) == ['c'], contents(folder)
    os.system('rm -rf "%s"' % out)


def signals(case, folder):
    """Killed at random moments, an export leaves the whole file or none, and never a temporary
    one."""
    r = random.Random(case.seed)
    for form in ('perfetto', 'sqlite', 'ctf', 'tracedat'):
        for _ in range(6):
            p = subprocess.Popen(
                [
                    case.kymo,
                    'export',
                    '--to',
                    form,
                    '-q',
                    '-o',
                    os.path.join(folder, 'k'),
                    case.trace,
                ]
            )
            time.sleep(r.random() * 0.012)
            p.send_signal(r.choice([signal.SIGTERM, signal.SIGINT]))
            p.wait(timeout=60)
            assert p.returncode in (0, -signal.SIGTERM, -signal.SIGINT), (form, p.returncode)
            assert contents(folder) in ([], ['k']), (form, p.returncode, contents(folder))
            os.system('rm -rf "%s"' % os.path.join(folder, 'k'))


def damage(case, folder):
    data, r = open(case.trace, 'rb').read(), random.Random(1)
    broken = os.path.join(case.dir, 'broken.kymo')
    for i in range(60):
        d = bytearray(data)
        if i % 2:
            d = d[: r.randrange(len(d))]
        else:
            for _ in range(r.randrange(1, 20)):
                d[r.randrange(len(d))] ^= 1 << r.randrange(8)
        with open(broken, 'wb') as f:
            f.write(d)
        form = (FILES + ['ctf'])[i // 2 % 10]
        p = subprocess.run(
            [case.kymo, 'export', '--to', form, '-o', os.path.join(folder, 'd'), broken],
            stderr=subprocess.PIPE,
            timeout=60,
        )
        assert p.returncode in (0, 125), (form, i, p.returncode, p.stderr[-300:])
        assert p.returncode == 0 or contents(folder) == [], (form, i, contents(folder))
        assert p.returncode == 125 or b'warning' in p.stderr or p.stderr.count(b'\n') == 1, (
            form,
            i,
        )
        for f in contents(folder):
            os.system('rm -rf "%s"' % os.path.join(folder, f))
