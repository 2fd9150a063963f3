#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast, and in how much memory: kymo beside babeltrace2 and trace-cmd on the same events.

usage: bench.py FOLDER-OF-KYMO SCRATCH OUT.json [EVENTS] [--gate]

A trace of EVENTS (5,000,000) of the simulated kernel is made, exported to CTF and trace.dat, and
read by each tool. Rates are events per second of processor time (user and system), because other
work on the machine stretches wall time only. Peak memory is VmHWM, looked at while the tool runs.
The gates are ratios in this one run: `kymo stat` at least 3 times babeltrace2's counting, and peak
memory of `kymo stat` at most 64 MiB and not growing with the trace.
"""
import json
import os
import resource
import subprocess
import sys
import time

host, scratch, out = (os.path.abspath(p) for p in sys.argv[1:4])
rest = [a for a in sys.argv[4:] if not a.startswith("-")]
events = int(rest[0]) if rest else 5000000
gate = "--gate" in sys.argv
kymo = host + "/kymo"
runs = []


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
    except (OSError, ValueError):
        pass
    return 0


def measure(tool, task, count, *command):
    """Runs a command to its end; returns its record."""
    log = open(scratch + "/log", "wb")
    begin, peak = time.monotonic(), 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
    while p.poll() is None:
        peak = max(peak, peak_of(p.pid))
        time.sleep(0.002)
        if time.monotonic() - begin > 900:
            p.kill()
            sys.exit(f"bench: {tool} {task}: no end after 900 s")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    log.close()
    if p.returncode:
        with open(scratch + "/log", encoding="utf-8", errors="replace") as f:
            sys.exit(f"bench: {' '.join(command)}: status {p.returncode}: {f.read()[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record = {"tool": tool, "task": task, "events": count, "peak_mib": round(peak, 1),
              "events_per_second": round(count / max(cpu, 0.01)), "cpu_seconds": round(cpu, 2),
              "wall_seconds": round(time.monotonic() - begin, 2)}
    runs.append(record)
    print(f"{tool:12} {task:22} {record['events_per_second'] / 1e6:9.2f} M/s "
          f"{record['peak_mib']:8.1f} MiB {cpu:8.2f} s", flush=True)
    return record


def synth(count, name):
    path = f"{scratch}/{name}.kymo"
    text = subprocess.run([host + "/kymo-synth", "--events", str(count), "-o", path], check=True,
                          capture_output=True, text=True, timeout=900).stdout
    return path, int(text.split()[0])


def main():
    os.makedirs(scratch, exist_ok=True)
    small, few = synth(max(events // 10, 1000), "small")
    big, n = synth(events, "big")
    print(f"{n} events, {os.path.getsize(big) / n:.1f} bytes each\n", flush=True)
    measure("kymo", "stat, a tenth", few, kymo, "stat", small)
    stat = measure("kymo", "stat", n, kymo, "stat", big)
    measure("kymo", "check", n, kymo, "check", big)
    measure("kymo", "info", n, kymo, "info", big)
    measure("kymo", "print to a file", n, kymo, "print", big)
    measure("kymo", "print --json", n, kymo, "print", "--json", big)
    formats = {"ctf": "/ctf", "tracedat": "/big.dat", "perfetto": "/big.pftrace",
               "jsonl": "/big.jsonl", "vcd": "/big.vcd", "sqlite": "/big.db", "tsv": "/big.tsv",
               "chrome": "/big.json"}
    for name, where in formats.items():
        subprocess.run(["rm", "-rf", scratch + where], check=True)
        measure("kymo", "export to " + name, n, kymo, "export", "-q", "--to", name, "-o",
                scratch + where, big)
    counted = measure("babeltrace2", "counting", n, "babeltrace2", scratch + "/ctf",
                      "--component=sink.utils.counter", "--params=step=+0")
    measure("babeltrace2", "text", n, "babeltrace2", scratch + "/ctf")
    measure("trace-cmd", "report", n, "trace-cmd", "report", "-t", scratch + "/big.dat")
    by_task = {(r["tool"], r["task"]): r["events_per_second"] for r in runs}
    ratios = {"stat / babeltrace2 counting": stat["events_per_second"] /
              counted["events_per_second"],
              "print / babeltrace2 text": by_task["kymo", "print to a file"] /
              by_task["babeltrace2", "text"],
              "print / trace-cmd report": by_task["kymo", "print to a file"] /
              by_task["trace-cmd", "report"]}
    print()
    for name, ratio in ratios.items():
        print(f"{name:32} {ratio:6.1f}")
    with open(out + ".new", "w", encoding="ascii") as f:
        json.dump({"runs": runs, "ratios": ratios}, f, indent=1)
        f.write("\n")
    os.rename(out + ".new", out)
    if gate:
        verdict(stat, ratios)


def verdict(stat, ratios):
    tests = {"stat at least 3 times babeltrace2": ratios["stat / babeltrace2 counting"] >= 3,
             "stat in at most 64 MiB": stat["peak_mib"] <= 64,
             "memory does not grow": stat["peak_mib"] <= runs[0]["peak_mib"] * 1.5 + 4}
    for name, good in tests.items():
        if not good:
            print(f"FAIL bench: {name}")
    bad = sum(not good for good in tests.values())
    print(f"bench: {len(tests) - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


main()
