# SPDX-License-Identifier: MIT
"""Every example of Documentation/query.md is run as it stands and must print what the page
shows; then what the page promises about the cache and about wrong questions."""
import json
import os
import re
import subprocess

from kymofile import ROOT

CASES = ['mars-0']
PAGE = os.path.join(ROOT, 'Documentation', 'query.md')


def shell(case, line, status=0):
    env = dict(
        os.environ, PATH=os.path.dirname(os.path.abspath(case.kymo)) + ':' + os.environ['PATH']
    )
    r = subprocess.run(
        ['sh', '-c', line],
        cwd=case.dir,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    err = r.stderr.decode()
    assert r.returncode == status, '%s: status %d, %s' % (line, r.returncode, err)
    assert status == 0 or (err.count('\n') == 1 and err.startswith('kymo query: ')), err
    return r.stdout.decode(), err


def examples():
    """(command, expected output) of each console block; a command may go on over lines that end
    in a backslash."""
    for block in re.findall(r'```console\n(.*?)```', open(PAGE).read(), re.S):
        for part in re.split(r'^\$ ', block, flags=re.M)[1:]:
            lines = part.split('\n')
            n = next(i for i, x in enumerate(lines) if not x.endswith('\\'))
            yield '\n'.join(lines[: n + 1]), '\n'.join(lines[n + 1 :])


def check(case):
    os.replace(case.trace, os.path.join(case.dir, 'mars.kymo'))
    case.trace = os.path.join(case.dir, 'mars.kymo')
    found = list(examples())
    assert len(found) >= 10, 'the page promises ten examples'
    for command, want in found:
        got, _ = shell(case, command)
        assert got == want, 'example `%s` prints\n%s\nnot\n%s' % (command, got, want)
    cache(case)
    wrong(case)


def cache(case):
    db = case.trace + '.sqlite'
    ask = 'kymo query -H mars.kymo "SELECT count(*) FROM sched"'
    first, _ = shell(case, ask)
    made = os.stat(db).st_mtime_ns
    shell(case, ask)
    assert os.stat(db).st_mtime_ns == made, 'the data base was built twice'
    data = open(case.trace, 'rb').read()
    st = os.stat(case.trace)
    cut = data[: len(data) // 2]
    with open(case.trace, 'wb') as f:  # same time of change, other content
        f.write(cut + b'\0' * (len(data) - len(cut)))
    os.utime(case.trace, ns=(st.st_atime_ns, st.st_mtime_ns))
    other, _ = shell(case, ask)
    assert other != first, 'a changed trace was answered from the old data base'
    with open(case.trace, 'wb') as f:
        f.write(data)
    assert shell(case, ask)[0] == first
    with open(db, 'wb') as f:  # a broken cache is no error
        f.write(b'SQLite format 3\0' + b'\xff' * 500)
    assert shell(case, ask)[0] == first
    for mine in (b'my notes', open(other_db(case), 'rb').read()):
        with open(db, 'wb') as f:  # somebody's own file is left alone
            f.write(mine)
        assert shell(case, ask)[0] == first
        assert open(db, 'rb').read() == mine, 'a foreign file was overwritten'
    os.unlink(db)
    runs = [
        subprocess.Popen(
            [case.kymo, 'query', '-f', '-H', case.trace, 'SELECT count(*) FROM sched'],
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for p in runs:
        assert p.communicate(timeout=60)[0].decode() == first and p.returncode == 0
    left = [x for x in os.listdir(case.dir) if x.startswith('mars.kymo.sqlite.')]
    assert not left, left


def other_db(case):
    path = os.path.join(case.dir, 'own.db')
    if os.path.exists(path):
        os.unlink(path)
    case.command('sqlite3', path, 'CREATE TABLE mine(x); INSERT INTO mine VALUES(1)')
    return path


def wrong(case):
    shell(case, 'kymo query mars.kymo "SELECT nothing FROM sched"', 125)
    shell(case, 'kymo query mars.kymo nosuchview', 125)
    shell(case, 'kymo query mars.kymo "DELETE FROM sched"', 125)
    shell(case, 'kymo query mars.kymo "SELECT 1; SELECT 2"', 125)
    shell(case, 'kymo query mars.kymo ""', 125)
    shell(case, 'kymo query mars.kymo', 125)
    shell(case, 'kymo query nofile.kymo "SELECT 1"', 125)
    shell(case, 'kymo query /dev/null "SELECT 1"', 125)
    shell(case, 'kymo query mars.kymo cpu_time > /dev/full', 125)
    out, _ = shell(
        case, "echo \"SELECT 'a,\\\"b' AS x, NULL AS y, 1.5 AS z\" | kymo query --json mars.kymo -"
    )
    assert json.loads(out) == [{'x': 'a,"b', 'y': None, 'z': 1.5}], out
    out, _ = shell(case, "kymo query --csv mars.kymo \"SELECT 'a,\"\"b' AS x, NULL AS y\"")
    assert out == 'x,y\n"a,""b",\n' or out.startswith('x,y'), out
    assert shell(case, 'kymo query --json mars.kymo "SELECT 1 WHERE 0"')[0] == '[]\n'
