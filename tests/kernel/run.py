#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of kernel test images in QEMU.

  run.py IMAGE..                 all tests of these images
  run.py IMAGE:NAME..            these tests; the token that a failure prints
  run.py -v ..                   with their output

A test passes with the exit status and the text its image asks for; one that is to end with 0 must
print PASS and none of the words that crash detectors look for. A hang is a failure.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

QEMU = os.environ.get("QEMU", "qemu-system-riscv32")
TIMEOUT = float(os.environ.get("KTEST_TIMEOUT", "40"))
SELECT = 0x87C10000
CRASH = re.compile(r"trap|exception|fault|panic|illegal|segfault", re.I)


def boot(image, number):
    command = [
        QEMU,
        "-M",
        "virt",
        "-nographic",
        "-bios",
        "none",
        "-m",
        "128M",
        "-icount",
        "shift=0,sleep=off",
        "-seed",
        "1",
        "-kernel",
        image,
        "-device",
        f"loader,addr={SELECT:#x},data={number:#x},data-len=4",
    ]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode("utf-8", "replace")


def tests_of(image):
    status, text = boot(image, 0)
    lines = [line.split("|", 2) for line in text.splitlines() if line.count("|") >= 2]
    if status != 0 or not lines:
        sys.exit(f"run.py: {image}: no list of tests (status {status})\n{text}")
    return [
        (name, number + 1, int(want), pattern) for number, (name, want, pattern) in enumerate(lines)
    ]


def verdict(name, want, pattern, status, text):
    """None, or why the test failed."""
    if status == 124:
        return f"no verdict within {TIMEOUT:.0f} s"
    if status != want:
        return f"exit status {status}, not {want}"
    if pattern and not re.search(pattern, text):
        return f"no output like {pattern!r}"
    if want == 0 and f"PASS {name}" not in text.splitlines() and not pattern:
        return "no PASS"
    if want == 0 and not pattern and CRASH.search(text):
        return "a crash word in passing output"
    return None


def run(image, test):
    name, number, want, pattern = test
    status, text = boot(image, number)
    return image, name, verdict(name, want, pattern, status, text), text


def main(args):
    verbose = "-v" in args
    todo = []
    for arg in [a for a in args if a != "-v"]:
        image, _, only = arg.partition(":")
        found = [t for t in tests_of(image) if not only or t[0] == only]
        if not found:
            sys.exit(f"run.py: {image} has no test {only}")
        todo += [(image, t) for t in found]
    if not todo:
        sys.exit(__doc__)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for image, name, why, text in pool.map(lambda job: run(*job), todo):
            if why:
                failed += 1
                tail = "\n".join("    | " + line for line in text.splitlines()[-12:])
                print(f"FAIL {image}:{name}: {why}\n{tail}")
                print(f"  again: tests/kernel/run.py -v {image}:{name}")
            elif verbose:
                print(f"ok   {image}:{name}\n{text}")
    print(f"{len(todo) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
