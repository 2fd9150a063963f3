#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The twin's test: runs twin.c on the target and the model (model.py) beside it.

The model knows the random numbers of twin.c, predicts every event in order with all its fields,
and compares with what the target recorded. The first difference is printed with the events
before it.

usage: twin.py KYMO IMAGE [--seed N] [--steps N] [--runs N] [--cooperative] [--keep FOLDER]
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

from model import Twin


# ---- the target

def patch(image, out, values):
    """Writes 32-bit values over variables of the image, by symbol."""
    data = bytearray(open(image, "rb").read())
    shoff, = struct.unpack_from("<I", data, 32)
    entsize, count = struct.unpack_from("<HH", data, 46)
    sections = [struct.unpack_from("<10I", data, shoff + i * entsize) for i in range(count)]
    symtab = next(s for s in sections if s[1] == 2)
    strings = sections[symtab[6]][4]
    for at in range(symtab[4], symtab[4] + symtab[5], 16):
        name, value, _, _, _, index = struct.unpack_from("<IIIBBH", data, at)
        end = data.index(0, strings + name)
        text = data[strings + name:end].decode()
        if text in values and 0 < index < count:
            where = sections[index][4] + value - sections[index][3]
            struct.pack_into("<I", data, where, values[text])
    open(out, "wb").write(data)


def recorded(kymo, trace):
    """The target's events from the mark `begin` on, in the form the twin uses."""
    p = subprocess.run([kymo, "print", "--json", trace], capture_output=True, text=True,
                       timeout=120, check=True)
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    objects = {}
    for kind, event in (("sem", "sem_create"), ("mutex", "mutex_init"), ("cond", "cond_init"),
                        ("mq", "mq_create"), ("pipe", "pipe_create")):
        found = [e["fields"]["obj"] for e in lines if e["event"] == event]
        objects.update({addr: f"{kind}{i}" for i, addr in enumerate(found)})
    start = next(i for i, e in enumerate(lines) if e["event"] == "mark")
    skip = {"time_sync", "mem_alloc", "mem_free", "slice_end"}
    return [(e["event"], e["fields"], objects) for e in lines[start:] if e["event"] not in skip]


def same(expected, got):
    """Is `got` what was expected? Only the fields that the twin predicts count."""
    name, fields = expected
    event, values, objects = got
    if name != event:
        return False
    for key, want in fields.items():
        have = values.get(key)
        if key in ("obj", "mutex") and isinstance(want, str):
            have = objects.get(have)
        elif key == "result":
            have = have - (1 << 32) if have is not None and have >= 1 << 31 else have
        elif key == "tick":
            continue                                # the target has counted since boot
        if have != want:
            return False
    return True


def show(event):
    return event[0] + "".join(f" {k}={v}" for k, v in event[1].items() if not k.endswith("_name"))


def compare(expected, got, token):
    for i, (e, g) in enumerate(zip(expected, got)):
        if not same(e, g):
            print(f"FAIL {token}: event {i} differs\n  twin:   {show(e)}\n  target: {show(g)}")
            print("  before it:")
            for k in range(max(0, i - 12), i):
                print(f"    {show(expected[k])}")
            return False
    if len(expected) != len(got):
        print(f"FAIL {token}: the twin has {len(expected)} events, the target {len(got)}")
        return False
    return True


def one(args, seed, folder):
    image, trace = f"{folder}/{seed}.elf", f"{folder}/{seed}.kymo"
    patch(args.image, image, {"twin_seed": seed, "twin_steps": args.steps,
                                 "twin_preemptive": int(not args.cooperative)})
    token = f"--seed {seed} --steps {args.steps}" + " --cooperative" * args.cooperative
    run = subprocess.run([args.kymo, "run", image, "-o", trace, "--timeout", "60"],
                         capture_output=True, text=True, timeout=90)
    if run.returncode:
        print(f"FAIL {token}: exit status {run.returncode}")
        print(run.stdout[-2000:] + run.stderr[-500:])
        return False
    expected = Twin(seed, args.steps, args.cooperative).play()
    ok = compare(expected, recorded(args.kymo, trace), token)
    check = subprocess.run([args.kymo, "check", trace], capture_output=True, text=True, timeout=60)
    if check.returncode:
        print(f"FAIL {token}: kymo check\n{check.stdout}{check.stderr}")
        ok = False
    return ok


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kymo")
    parser.add_argument("image")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--cooperative", action="store_true")
    parser.add_argument("--cooperative-runs", type=int, default=0, help="more runs, cooperative")
    parser.add_argument("--keep", help="folder for images and traces")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or temporary
        os.makedirs(folder, exist_ok=True)
        results = []
        jobs = [(seed, args.cooperative) for seed in range(args.seed, args.seed + args.runs)]
        jobs += [(seed, True) for seed in range(1, args.cooperative_runs + 1)]
        for seed, args.cooperative in jobs:
            results.append(one(args, seed, folder))
            if not results[-1]:
                print(f"  rerun: tests/twin/twin.py {args.kymo} {args.image} --seed {seed} "
                      f"--steps {args.steps}" + " --cooperative" * args.cooperative)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
