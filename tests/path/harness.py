# SPDX-License-Identifier: MIT
"""What the tests of the path share: cases by name, commands that may not hang, the total.

A case is a function registered under a name; it fails by raising Failure (or anything else). Cases
run two at a time. `main(names)` prints a line with the token that reruns a failing case, then
`N passed, N failed`, and returns the exit status.
"""
import concurrent.futures
import os
import shutil
import subprocess
import traceback

CASES = {}


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def case(name):
    def register(function):
        CASES[name] = function
        return function
    return register


def sh(arguments, limit=60, status=0, env=None, typed=""):
    """Runs a command; returns stdout and stderr together, as text. status None accepts any;
    `typed` is its standard input."""
    try:
        done = subprocess.run(arguments, input=typed.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit, env=env, check=False)
    except subprocess.TimeoutExpired as e:
        tail = (e.stdout or b"").decode(errors="replace")[-800:]
        raise Failure(f"hung for {limit} s: {' '.join(arguments)}\n{tail}") from None
    text = done.stdout.decode(errors="replace")
    if status is not None and done.returncode != status:
        raise Failure(f"status {done.returncode}, expected {status}: {' '.join(arguments)}\n"
                      f"{text[-1500:]}")
    return text


def expect(text, *wanted):
    for want in wanted:
        check(want in text, f"expected to read `{want}` in:\n{text[-1500:]}")


def fresh(path):
    """An empty folder."""
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def run_case(name):
    try:
        CASES[name]()
        return name, None
    except Failure as e:
        return name, str(e)
    except Exception:  # pylint: disable=broad-except  # a broken test is a failed test
        return name, traceback.format_exc()


def main(room, names):
    names = names or list(CASES)
    unknown = [n for n in names if n not in CASES]
    if unknown:
        print(f"no such case: {' '.join(unknown)}; there are: {' '.join(CASES)}")
        return 2
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, why in pool.map(run_case, names):
            if why is not None:
                failed += 1
                print(f"FAIL {room}:{name} (rerun: make check-{room} ONLY={name})")
                print("    " + why.strip().replace("\n", "\n    "), flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return int(failed > 0)
