#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of `kymo check`: every question is broken once, by a trace written for it.

usage: test_check.py BUILD/host [TOKEN]     TOKEN reruns one case

A case is a script for kymo-script, rules, and the ids that must be broken, undecidable or vacuous;
all others must be held or vacuous. Simulated kernels must break nothing, with and without losses.
"""
import json
import os
import subprocess
import sys
import tempfile

HOST = sys.argv[1]
ONLY = sys.argv[2] if len(sys.argv) > 2 else None
A, B, C = 2, 3, 4          # task ids; levels: A 2, B 4, C 4
MUTEX, SEM = 0x80010000, 0x80010040


def start(preemptive=1):
    """Boot, three tasks, A runs."""
    lines = ["0 boot 0"]
    for task, level in ((A, 2), (B, 4), (C, 4)):
        lines += [f"+10 task_create {task} {level} 0 0x80001000 0x80100000 4096",
            f"+10 task_ready 0 {task}"]
    return lines + [f"+10 mutex_init 1 {MUTEX}", f"+10 sem_create 4 {SEM} 1",
                    f"+10 sched_start {preemptive}", f"+10 task_switch 2 {A}"]


BOOT = start()
SLEEP_A = ["+100 task_delay 5", f"+10 task_switch 5 {B}"]   # B runs now
BLOCK_A = [f"+10 sem_take 0 {SEM}", f"+10 sem_block {SEM}", f"+10 task_switch 3 {B}"]
A_NAME = "bus_task"        # the symbol of their entry
TICK = ["+100 irq_in 7 0", "+10 tick 1 0", "+10 irq_out"]
IDLE = SLEEP_A + ["+100 task_delay 5", f"+10 task_switch 5 {C}", "+100 task_delay 5",
    "+10 task_switch 5 0"]

# token: (script, rules, {id: verdict})
CASES = {
    "clean": (BOOT + SLEEP_A, "", {}),
    "S2-out-without-in": (BOOT + ["+10 irq_out"], "", {"S2": "broken"}),
    "S3-switch-to-itself": (BOOT + [f"+10 task_switch 1 {A}"], "", {"S3": "broken"}),
    "S4-never-created": (BOOT + ["+10 task_suspend 9 1"], "", {"S4": "broken"}),
    "S4-after-its-end": (BOOT + [f"+10 task_destroy {B} 1", f"+10 task_suspend {B} 1"], "",
        {"S4": "broken"}),
    "S5-ready-twice": (BOOT + [f"+10 task_ready 2 {B}"], "", {"S5": "broken"}),
    "S5-ready-while-it-runs": (BOOT + [f"+10 task_ready 2 {A}"], "", {"S5": "broken"}),
    "S6-two-owners": (BOOT + [f"+10 mutex_lock {MUTEX}", f"+10 mutex_lock {MUTEX}"], "",
        {"S6": "broken"}),
    "S6-foreign-unlock": (
        BOOT + [f"+10 mutex_lock {MUTEX}"] + SLEEP_A + [f"+10 mutex_unlock 0 {MUTEX}"], "",
                          {"S6": "broken"}),
    "S7-count-jumps": (BOOT + [f"+10 sem_take 0 {SEM}", f"+10 sem_signal 2 {SEM}"], "",
        {"S7": "broken"}),
    "P1-lower-runs": (BOOT + SLEEP_A + ["+10 irq_in 7 0", f"+10 task_ready 2 {A}",
        f"+10 task_switch 1 {C}",
                                        "+10 irq_out"], "", {"P1": "broken"}),
    "P1-idle-while-ready": (BOOT + ["+10 task_delay 5", "+10 task_switch 5 0"], "",
        {"P1": "broken"}),
    "P2-out-of-turn": (BOOT + [f"+10 task_delay 5", f"+10 task_switch 5 {C}"], "",
        {"P2": "broken"}),
    "P2-preempted-keeps-its-turn": (
        BOOT + SLEEP_A + ["+10 irq_in 11 1", f"+10 task_ready 2 {A}", f"+10 task_switch 1 {A}",
            "+10 irq_out",
                          "+10 task_delay 5", f"+10 task_switch 5 {B}"], "", {}),
    "P2-preempted-loses-its-turn": (
        BOOT + SLEEP_A + ["+10 irq_in 11 1", f"+10 task_ready 2 {A}", f"+10 task_switch 1 {A}",
            "+10 irq_out",
                          "+10 task_delay 5", f"+10 task_switch 5 {C}"], "", {"P2": "broken"}),
    "P2-yield-goes-to-the-tail": (BOOT + SLEEP_A + ["+10 task_yield", f"+10 task_switch 1 {C}",
        "+10 task_yield",
                                                    f"+10 task_switch 1 {B}"], "", {}),
    "P3-wake-without-switch": (BOOT + SLEEP_A + [f"+10 sem_give {A} {SEM}", f"+10 task_ready 1 {A}",
                                                 "+10 mark 1 0", f"+10 task_switch 1 {A}"], "",
                                                     {"P3": "broken"}),
    "P3-irq-ends-without-switch": (BOOT + SLEEP_A + ["+10 irq_in 7 0", f"+10 task_ready 2 {A}",
        "+10 irq_out",
                                                     f"+10 task_switch 1 {A}"], "",
                                                         {"P3": "broken"}),
    "P3-cooperative-goes-on": (start(0) + SLEEP_A + [f"+10 task_ready 2 {A}", "+10 mark 1 0",
        "+10 task_yield",
                                                     f"+10 task_switch 1 {A}"], "", {}),
    "P2-wait-ends-before-it-left": (
        start(0) + ["+10 task_delay 1", f"+10 task_ready 2 {A}", f"+10 mark 1 0", "+10 task_yield",
                    f"+10 task_delay 1", f"+10 task_switch 5 {B}"], "", {}),
    "S5-wait-ends-once": (start(0) + ["+10 task_delay 1", f"+10 task_switch 5 {B}",
                                      f"+10 task_ready 2 {B}"], "", {"S5": "broken"}),
    "P4-blocked-runs": (BOOT + SLEEP_A + ["+10 task_delay 5", f"+10 task_switch 5 {A}"], "",
                        {"P4": "broken", "P1": "held"}),
    "P5-slice-too-long": (BOOT + SLEEP_A + TICK * 7, "", {"P5": "broken"}),
    "P5-alone-it-may": (BOOT + IDLE + TICK * 30, "", {}),
    "gap-hides": (BOOT + SLEEP_A + ["gap 5", f"+10 task_switch 1 {C}"], "",
                  {"P1": "undecidable", "P4": "undecidable", "S3": "undecidable"}),
    "gap-does-not-hide-what-came-after": (
        BOOT + ["gap 5", f"+10 task_create 8 1 0 0 0 0", f"+10 task_ready 0 8",
            f"+10 task_create 9 3 0 0 0 0",
                "+10 task_ready 0 9", f"+10 task_switch 3 9"], "", {"P1": "broken"}),
    # rules; the tags of the string section: 1 tick, 6 load, 11 frame
    "never-broken": (BOOT + ["+10 mark 1 7"], 'never mark "tick"', {"R1": "broken"}),
    "never-held": (BOOT + ["+10 mark 6 7"], 'never mark "tick"', {"R1": "held"}),
    "never-vacuous": (BOOT, 'never mark "nobody says this"', {"R1": "vacuous"}),
    "never-hidden": (BOOT + ["gap 1", "+10 task_yield"], 'never mark "tick"',
        {"R1": "undecidable"}),
    "never-broken-in-spite-of-a-gap": (BOOT + ["gap 1", "+10 mark 1 7"], 'never mark "tick"',
        {"R1": "broken"}),
    "never-by-other": (BOOT + ["+10 mark 1 7"], 'never mark "tick" by nobody', {"R1": "vacuous"}),
    "never-with-value": (BOOT + ["+10 mark 1 7"], 'never mark "tick" (value = 8)', {"R1": "held"}),
    "must-held": (BOOT + ["+10 mark 1 7"], 'must mark "tick"', {"R1": "held"}),
    "must-broken": (BOOT, 'must mark "tick"', {"R1": "broken"}),
    "must-hidden": (BOOT + ["gap 3", "+1 task_yield"], 'must mark "tick"', {"R1": "undecidable"}),
    "must-too-often": (BOOT + ["+10 mark 1 7"] * 3, 'must mark "tick" at most 2', {"R1": "broken"}),
    "must-often-enough": (BOOT + ["+10 mark 1 7"] * 3, 'must mark "tick" at least 3 at most 3',
        {"R1": "held"}),
    "after-in-time": (BOOT + ["+10 mark 1 0", "+100 mark 6 0"],
        'after mark "tick" must mark "load" within 1ms', {"R1": "held"}),
    "after-late": (BOOT + ["+10 mark 1 0", "+20000000 mark 6 0"],
        'after mark "tick" must mark "load" within 1ms',
                   {"R1": "broken"}),
    "after-never-came": (BOOT + ["+10 mark 1 0", "+20000000 task_yield"],
        'after mark "tick" must mark "load" within 1ms',
                         {"R1": "broken"}),
    "after-hidden": (BOOT + ["+10 mark 1 0", "gap 2", "+100 mark 6 0"],
        'after mark "tick" must mark "load" within 1ms',
                     {"R1": "undecidable"}),
    "after-vacuous": (BOOT + ["+10 mark 6 0"], 'after mark "tick" must mark "load" within 1ms',
        {"R1": "vacuous"}),
    "before-held": (BOOT + ["+10 mark 1 0", "+10 mark 6 0"], 'before mark "load" must mark "tick"',
        {"R1": "held"}),
    "before-broken": (BOOT + ["+10 mark 6 0", "+10 mark 1 0"],
        'before mark "load" must mark "tick"', {"R1": "broken"}),
    "between-broken": (BOOT + [f"+10 mutex_lock {MUTEX}", "+10 task_delay 1"],
                       "between mutex_lock and mutex_unlock never task_delay", {"R1": "broken"}),
    "between-held": (BOOT + [f"+10 mutex_lock {MUTEX}", f"+10 mutex_unlock 0 {MUTEX}",
        "+10 task_delay 1"],
                     "between mutex_lock and mutex_unlock never task_delay", {"R1": "held"}),
    "between-at-most": (BOOT + [f"+10 mutex_lock {MUTEX}", f"+9000000 mutex_unlock 0 {MUTEX}"],
                        "between mutex_lock and mutex_unlock at most 2ms", {"R1": "broken"}),
    "span-held": (BOOT + ["+10 span_begin 11", "+1000 span_end 11"], 'span "frame" at most 1ms',
        {"R1": "held"}),
    "span-broken": (BOOT + ["+10 span_begin 11", "+9000000 span_end 11"],
        'span "frame" at most 1ms', {"R1": "broken"}),
    "span-never-ends": (BOOT + ["+10 span_begin 11", "+9000000 task_yield"],
        'span "frame" at most 1ms', {"R1": "broken"}),
    "span-hidden": (BOOT + ["+10 span_begin 11", "gap 1", "+9000000 task_yield"],
        'span "frame" at most 1ms',
                    {"R1": "undecidable"}),
    "span-of-another": (BOOT + ["+10 span_begin 11", "+9000000 span_end 11"],
        'span "frame" of nobody at most 1ms',
                        {"R1": "vacuous"}),
    "blocked-held": (BOOT + BLOCK_A + ["+100 irq_in 7 0", f"+1 task_ready 3 {A}",
        f"+1 task_switch 1 {A}", "+1 irq_out"],
                     f"task {A_NAME} blocked at most 1ms", {"R1": "held"}),
    "blocked-broken": (BOOT + BLOCK_A + ["+9000000 irq_in 7 0", f"+1 task_ready 3 {A}",
        f"+1 task_switch 1 {A}", "+1 irq_out"],
                       f"task {A_NAME} blocked at most 1ms", {"R1": "broken"}),
    "blocked-until-the-end": (BOOT + BLOCK_A + ["+9000000 task_yield"],
        f"task {A_NAME} blocked at most 1ms", {"R1": "broken"}),
    "blocked-on-another": (BOOT + BLOCK_A + ["+9000000 task_yield"],
        f"task {A_NAME} blocked on nothing at most 1ms",
                           {"R1": "vacuous"}),
    "ready-broken": (BOOT + ["+9000000 task_delay 5", f"+10 task_switch 5 {B}"],
        f"task {A_NAME}/{B} ready at most 1ms",
                     {"R1": "broken"}),
    "runs-held": (BOOT + ["+1000 task_delay 5", f"+10 task_switch 5 {B}"],
        f"task {A_NAME}/{B} runs every 9ms", {"R1": "held"}),
    "runs-broken": (BOOT + ["+9000000 task_yield"], f"task {A_NAME}/{B} runs every 1ms",
        {"R1": "broken"}),
    "runs-nobody": (BOOT, "task nobody runs every 1ms", {"R1": "vacuous"}),
    "named": (BOOT + ["+10 mark 1 7"], '\n# comment\nno-ticks: never mark "tick" # and more',
        {"R3": "broken"}),
}

BAD_RULES = ["nevr mark", "never", "never nothing", 'never task_yield "x"', "never mark (a = 1)",
    "never mark (value 1)",
             "never mark (value = 1", "never mark (value = x)", "after mark must mark within",
                 "after mark must mark within 3",
             "after mark must mark within 3 ms", "must mark at", "must mark at least x",
                 "task a sleeps", "task", "span",
             'span "x" at least 3ms', "never mark extra", "between mark and mark", "before mark",
                 "never mark by"]


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, timeout=60, **kw)


def results(trace, rules_path):
    command = [f"{HOST}/kymo", "check", "--json", trace] + (["--rules",
        rules_path] if rules_path else [])
    p = run(*command)
    if p.returncode not in (0, 1, 2):
        return None, p
    return {r["id"]: r for r in json.loads(p.stdout)["results"]}, p


def expected_status(rows):
    verdicts = {r["verdict"] for r in rows.values()}
    return 1 if "broken" in verdicts else 2 if "undecidable" in verdicts else 0


def case(token, folder):
    script, rules, expect = CASES[token]
    trace, rules_path = f"{folder}/t.kymo", f"{folder}/rules"
    made = run(f"{HOST}/kymo-script", "-o", trace, input="\n".join(script) + "\n")
    if made.returncode:
        return made.stderr
    if rules:
        open(rules_path, "w").write(rules)
    rows, p = results(trace, rules_path if rules else None)
    if rows is None:
        return p.stderr
    if p.returncode != expected_status(rows):
        return f"exit status {p.returncode}"
    gap = "gap" in " ".join(script)
    wrong = [f"{i} {r['verdict']} ({r.get('text', '')})" for i, r in rows.items()
             if (r["verdict"] != expect[i] if i in expect
                 else r["verdict"] == "broken" or r["verdict"] == "undecidable" and not gap)]
    wrong += [f"{i} is missing" for i in expect if i not in rows]
    return "; ".join(wrong)


def simulated(seed, drop, folder):
    """A simulated kernel breaks nothing; without losses nothing is undecidable either."""
    trace = f"{folder}/s.kymo"
    made = run(f"{HOST}/kymo-synth", "--seed", str(seed), "--drop", str(drop), "--events", "30000",
        "-o", trace)
    if made.returncode:
        return made.stderr
    rows, p = results(trace, None)
    if rows is None:
        return p.stderr
    bad = ("broken",) if drop else ("broken", "undecidable")
    return "; ".join(f"{i} {r['verdict']} {r.get('text', '')}" for i,
        r in rows.items() if r["verdict"] in bad)


def bad_rule(rule, folder):
    trace, path = f"{folder}/t.kymo", f"{folder}/rules"
    run(f"{HOST}/kymo-script", "-o", trace, input="\n".join(BOOT) + "\n")
    open(path, "w").write("# a comment\n" + rule + "\n")
    p = run(f"{HOST}/kymo", "check", trace, "--rules", path)
    if p.returncode != 125:
        return f"exit status {p.returncode} instead of 125"
    if f"{path}:2: " not in p.stderr or p.stderr.count("\n") != 1:
        return f"the message does not name file and line: {p.stderr!r}"
    return ""


def outputs(folder):
    """JSON and JUnit are well-formed, hostile names included; a missing folder is one line."""
    import xml.dom.minidom
    trace, path = f"{folder}/t.kymo", f"{folder}/rules"
    run(f"{HOST}/kymo-script", "-o", trace, input="\n".join(BOOT) + "\n")
    open(path, "wb").write(b'never mark "<script>&\xff\x01"\n')
    p = run(f"{HOST}/kymo", "check", trace, "--rules", path, "--json", "--junit", f"{folder}/o.xml")
    json.loads(p.stdout)
    suite = xml.dom.minidom.parse(f"{folder}/o.xml").documentElement
    if int(suite.getAttribute("tests")) != len(suite.getElementsByTagName("testcase")):
        return "the JUnit count is wrong"
    p = run(f"{HOST}/kymo", "check", trace, "--junit", f"{folder}/none/o.xml")
    told = p.returncode == 125 and "none/o.xml" in p.stderr
    return "" if told else "a missing folder was not reported"


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        jobs = [(t, lambda t=t: case(t, folder)) for t in CASES]
        jobs += [(f"simulated-{s}-{d}", lambda s=s, d=d: simulated(s, d, folder)) for s in range(1,
            9) for d in (0, 20)]
        jobs += [(f"bad-rule-{i}", lambda r=r: bad_rule(r, folder)) for i,
            r in enumerate(BAD_RULES)]
        jobs += [("outputs", lambda: outputs(folder))]
        for token, job in jobs:
            if ONLY and token != ONLY:
                continue
            if os.path.exists(f"{folder}/rules"):
                os.unlink(f"{folder}/rules")
            why = job()
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                print(f"FAIL {token}: {why}\n  rerun: tests/check/test_check.py {HOST} {token}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
