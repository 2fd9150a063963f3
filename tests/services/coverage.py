#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often the test suite makes each event of the table fire: `make trace-coverage`.

usage: tests/services/coverage.py BUILD        from the top of the tree, with all test images built

Boots every application and every on-target test under `kymo run`, counts the events of each trace,
prints the table of trace/events.def with the counts and the image that was first to fire each, and
writes BUILD/trace-coverage.json. `kymo check` looks at each trace as well. Status 1 when an event
never fired or a trace is broken.
"""
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
KYMO = os.path.join(BUILD, "host", "kymo")
WORK = os.path.join(BUILD, "trace-coverage")
SELECT = 0x87C10000  # tests/kernel/ktest.h
QEMU = os.environ.get("QEMU", "qemu-system-riscv32")
TYPED = {"heap_bad": "abcdefgh", "last_words": "abcdef", "from_handler": "a",
         "user_read": ["typed\n"], "echo": ["a line\n\nquit\n"], "uart_irq": ["quit\n"]}
LIMIT = 60
# A scheduler of the application's own decides here, or tasks lock the scheduler, which is not in the
# trace (t_stress): what the kernel's policy would do cannot be told from the events.
HOOKED = ("rtsched", "hook_choice", "b17_rt_record", "stress_1", "stress_2", "stress_3", "stress_4")


def table():
    """Names of the events in the order of the table, which includes other tables."""
    with open("trace/events.def", encoding="utf-8") as f:
        return re.findall(r"^TRACE_EVENT\(0x[0-9A-Fa-f]+, *\d+, *(\w+),", f.read(), re.M)


def wrapper(extra):
    """A QEMU with more options, for `kymo run --qemu`."""
    path = os.path.join(WORK, "qemu-" + re.sub(r"\W+", "-", extra))
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec {QEMU} "$@" {extra}\n')
    os.chmod(path, 0o755)
    return path


def kernel_tests(image):
    """The rows of runs() for every test in an image of tests/kernel."""
    done = subprocess.run([QEMU, "-M", "virt", "-nographic", "-bios", "none", "-m", "128M",
                           "-kernel", image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=LIMIT, check=True)
    lines = [line for line in done.stdout.decode().splitlines() if line.count("|") >= 2]
    return [(image, number, "", line.split("|")[0]) for number, line in enumerate(lines, 1)]


def runs():
    """(image, number of the test in it or 0, what is typed, name)"""
    for image in sorted(glob.glob(f"{BUILD}/target/*.elf") +
                        glob.glob(f"{BUILD}/cfg-services/target/tests/services/*.elf")):
        name = os.path.basename(image)[:-4]
        for typed in TYPED.get(name, [""]):
            yield image, 0, typed, name + (":" + typed[0] if typed else "")
    for image in sorted(glob.glob(f"{BUILD}/cfg-kernel-check/target/tests/kernel/*.elf")):
        yield from kernel_tests(image)


def check(trace, options):
    """What `kymo check` finds broken in the trace; empty when nothing is. Status 2 is right: what a
    panic, or a test that clears the ring, hides cannot be decided."""
    done = subprocess.run([KYMO, "check", *options, trace], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    return done.stdout if done.returncode not in (0, 2) else ""


def count(job):
    """Events by name in one run; the run may end with any status but must leave a trace."""
    index, (image, number, typed, run) = job
    trace = os.path.join(WORK, f"{index}.kymo")
    command = [KYMO, "run", "-q", "--shift", "4", "--timeout", "40", "--duration", "5",
               "--events", "200000", "-o", trace]
    if number:
        command += ["--qemu", wrapper(f"-device loader,addr={SELECT:#x},data={number},data-len=4")]
    command += ["--interactive"] if typed else []
    subprocess.run(command + [image], input=typed.encode(), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=2 * LIMIT, check=False)
    found = {}
    with subprocess.Popen([KYMO, "print", "--json", trace], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as printing:
        for line in printing.stdout:
            match = re.search(r'"event":"(\w+)"', line)
            if match:
                found[match.group(1)] = found.get(match.group(1), 0) + 1
    verdict = check(trace, ["--no-schedule"] if run in HOOKED else [])
    if os.path.exists(trace):
        os.remove(trace)
    return run, found, verdict


def main():
    os.makedirs(WORK, exist_ok=True)
    names = table()
    total, first, silent, broken = dict.fromkeys(names, 0), {}, [], []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run, found, verdict in pool.map(count, enumerate(runs())):
            if verdict:
                broken.append(run)
                print(f"FAIL coverage: kymo check {run}\n{verdict}")
            if not found:
                silent.append(run)
            for event, number in found.items():
                total[event] = total.get(event, 0) + number
                first.setdefault(event, run)
    for event in names:
        print(f"{event:<20}{total[event]:>10}  {first.get(event, 'NEVER')}")
    with open(os.path.join(BUILD, "trace-coverage.json"), "w", encoding="utf-8") as f:
        rows = [{"name": e, "count": total[e], "first": first.get(e)} for e in names]
        json.dump({"events": rows}, f, indent=1)
    never = [event for event in names if not total[event]]
    if silent:
        print(f"FAIL coverage: runs without a trace: {' '.join(silent)}")
    if never:
        print(f"FAIL coverage: never fired: {' '.join(never)} (rerun: make trace-coverage)")
    print(f"{len(names) - len(never)} passed, {len(never) + len(silent) + len(broken)} failed")
    return int(bool(never or silent or broken))


if __name__ == "__main__":
    sys.exit(main())
