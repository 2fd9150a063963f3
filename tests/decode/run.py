#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares decode.py, written from SPEC.md, with `kymo print` on simulated and real traces.

usage: run.py BUILD/host [TRACE..]      the traces come in addition to the simulated ones
"""
import json
import os
import subprocess
import sys
import tempfile

from decode import decode

HOST = sys.argv[1]
SIMULATED = {
    "plain": [], "drop": ["--drop", "30"], "harts": ["--harts", "3"], "leap": ["--leap"],
        "small": ["--block", "256"],
    "large": ["--block", "32768"], "flight": ["--keep", "4"], "masked": ["--mask", "201"],
        "no-end": ["--no-end"],
    "drop-harts": ["--harts", "2", "--drop", "30", "--block", "512", "--leap"],
}


def printed(trace):
    """What kymo prints, per hart, without the names that it adds."""
    p = subprocess.run([f"{HOST}/kymo", "print", "--json", trace], capture_output=True, text=True,
        timeout=120, check=True)
    harts = {}
    for line in p.stdout.splitlines():
        e = json.loads(line)
        if "event" in e:
            harts.setdefault(e["hart"], []).append(e)
    return harts


def same(ours, theirs):
    if (ours["time"], ours["event"]) != (theirs["time"], theirs["event"]):
        return False
    if (ours["seq"] - theirs["seq"]) % (1 << 32):
        return False
    return all(theirs["fields"].get(k) == v for k, v in ours["fields"].items())


def compare(trace):
    want = {}
    for e in decode(open(trace, "rb").read()):
        want.setdefault(e["hart"], []).append(e)
    have = printed(trace)
    if want.keys() != have.keys():
        return f"harts {sorted(want)} and {sorted(have)}"
    for hart, events in want.items():
        if len(events) != len(have[hart]):
            return f"hart {hart}: {len(events)} events, kymo prints {len(have[hart])}"
        for ours, theirs in zip(events, have[hart]):
            if not same(ours, theirs):
                return f"hart {hart}, event {ours['seq']}:\n  SPEC  {ours}\n  kymo  {theirs}"
    return "" if want else "no events"


def main():
    passed = failed = events = 0
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for name, options in SIMULATED.items():
            path = f"{folder}/{name}.kymo"
            subprocess.run([f"{HOST}/kymo-synth", "--events", "20000", *options, "-o", path],
                capture_output=True, check=True)
            jobs.append((name, path))
        jobs += [(os.path.basename(p), p) for p in sys.argv[2:]]
        for name, path in jobs:
            why = compare(path)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                print(f"FAIL {name}: {why}\n  rerun: tests/decode/run.py {HOST} {path}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
