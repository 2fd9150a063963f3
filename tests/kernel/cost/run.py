#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the kernel costs: runs the bench, prints and writes the table, and holds it to the budgets.

  run.py [--gate] [--tasks 2,1000] [--json FILE] [--doc FILE] OUT_DIR TRACED_DIR BARE_DIR

The folders are builds with tracing compiled out, in, and out without checks. --gate prints one line
for each budget that is missed and ends with `N passed, N failed`.
"""
import argparse
import json
import os
import re
import subprocess
import sys

QEMU = os.environ.get("QEMU", "qemu-system-riscv32")
CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")
BENCH, SIZE = "target/tests/kernel/cost/bench.elf", "target/tests/kernel/cost/size.elf"
SELECT = 0x87C10000
TASKS = [2, 16, 64, 256, 1000]

# name, what it is, must, aim, and the medians of FreeRTOS, ThreadX, Linmo with their checks off
ROWS = [
    ("yield_ready", "yield to an equal task", 95, 80, "136", "95", "291"),
    (
        "sem_give_wake",
        "semaphore give to the woken task's first instruction",
        160,
        130,
        "277",
        "162",
        "388",
    ),
    ("sem_give", "give, nobody waits", 23, 15, "67", "23", "64"),
    ("sem_take", "take, a token is there", 15, 12, "39", "12", "61"),
    ("sem_take_block", "take that blocks, to the next task", None, None, "444", "213", "386"),
    ("mutex_pair", "mutex lock + unlock, free, with inheritance", 60, 30, "138", "134", "131"),
    (
        "mutex_hand_over",
        "unlock handing over to a waiting higher task",
        250,
        180,
        "362",
        "409",
        "550",
    ),
    (
        "mutex_lock_block",
        "lock that blocks and raises the owner, to the next task",
        None,
        None,
        "533",
        "380",
        "838",
    ),
    ("message", "message to a blocked receiver", 176, 150, "347", "176", "479"),
    ("tick_idle", "tick with nothing to wake", 110, 80, "141", "123", "314"),
    ("tick_wake", "tick that wakes one, to its first instruction", 240, 200, "246", "321", "364"),
    ("delay_block", "delay(1), going to sleep", None, None, "283", "246", "318"),
    ("delay", "delay(1), down and up", 450, 380, "529", "564", "682"),
    ("trap_entry", "trap entry to C", 39, 25, "48", "40", "39"),
    ("trap_exit", "and back", 37, 20, "42", "39", "37"),
]
MASKED_MUST, MASKED_AIM = 180, 100
TCB_MUST, TCB_AIM = 128, 96
TEXT_MUST, TEXT_AIM = 8192, 6144


def command(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.decode()


def bench(folder, tasks, traced):
    """The lines `op ..` and `masked ..` of one run."""
    words = [
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
        f"{folder}/{BENCH}",
        "-device",
        f"loader,addr={SELECT:#x},data={tasks},data-len=4",
        "-device",
        f"loader,addr={SELECT + 4:#x},data={int(traced)},data-len=4",
    ]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0 or "\ndone" not in text:
        sys.exit(
            f"run.py: {folder}, {tasks} tasks: the bench did not end "
            f"(status {done.returncode})\n{text[-600:]}"
        )
    ops = {
        m[1]: dict(zip(("min", "median", "max"), map(int, m.group(2, 3, 4))))
        for m in re.finditer(r"^op (\w+) \d+ (\d+) (\d+) (\d+)$", text, re.M)
    }
    masked = {m[1]: int(m[2]) for m in re.finditer(r"^masked (\w+) \d+ (\d+)$", text, re.M)}
    return ops, masked


def trap_path(folder):
    """Instructions of a tick from the trap to C, and from C to the interrupted one."""
    lines = [
        line.split("\t")
        for line in command(
            CROSS + "objdump", "-d", "--disassemble=trap_entry", f"{folder}/{BENCH}"
        ).splitlines()
        if re.match(r"^[0-9a-f]+:\t", line)
    ]
    names = [line[2].strip() for line in lines]
    call = next(i for i, line in enumerate(lines) if "sched_tick" in line[-1])
    back = names.index("mret", call)
    return call + 1, back - call


# Functions of the core's objects that the calls of the size budget do without: priorities, device
# interrupts, user mode, the console's device, the end of the machine.
BESIDE = set(
    "mo_task_priority mutex_base_changed irq_handle trap_interrupt hal_plic_claim "
    "hal_plic_complete trap_user trap_from_user hal_user_start hal_user_return hal_uart_put "
    "hal_uart_try_put "
    "hal_power_off".split()
)


def text_size(folder):
    """Bytes of code: what the core calls need, the rest of their objects, the rest of the image."""
    core = re.compile(
        r"^(sched|tick|task|sem|mutex|wheel|main|trap|irq|mqueue|queue|boot|switch|hal)\."
    )
    sizes = {"core": 0, "beside": 0, "rest": 0}
    with open(f"{folder}/{SIZE}.map", encoding="utf-8") as file:
        linked = file.read().split("Linker script and memory map", 1)[1]
    section = re.compile(r"^ \.text\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+\S*\((\S+\.o)\)$", re.M)
    for size, obj in section.findall(linked):
        sizes["core" if core.match(obj) else "rest"] += int(size, 16)
    for line in command(CROSS + "nm", "-S", f"{folder}/{SIZE}").splitlines():
        words = line.split()
        if len(words) == 4 and words[3] in BESIDE:
            sizes["beside"] += int(words[1], 16)
    sizes["core"] -= sizes["beside"]
    return sizes


BARE = "out, checks off"  # a value of `tracing`

# Where the masked stretches of an operation were measured as part of another.
MASKED_IN = {
    "sem_take_block": "sem_give_wake",
    "mutex_lock_block": "mutex_hand_over",
    "delay": "delay_block",
}


def measure(args):
    operations, masked_rows, fixed = [], [], {}
    modes = [
        ("out", args.out, 0, args.tasks),
        ("stopped", args.traced, 0, args.tasks),
        ("running", args.traced, 1, args.tasks),
        (BARE, args.bare, 0, args.tasks[:1]),
    ]
    for tracing, folder, traced, counts_of_tasks in modes[: 1 if args.gate else None]:
        entry, leave = trap_path(folder)
        for tasks in counts_of_tasks:
            ops, masked = bench(folder, tasks, traced)
            masked_in = {name: masked.get(like) for name, like in MASKED_IN.items()} | masked
            masked_in |= {"trap_entry": entry, "trap_exit": leave}
            fixed.setdefault(tracing, {})["tcb"] = ops.pop("tcb")["median"]
            down, up = ops["delay_block"], ops["tick_wake"]
            ops["delay"] = {k: down[k] + up[k] for k in down}
            ops["trap_entry"] = {"min": entry, "median": entry, "max": entry}
            ops["trap_exit"] = {"min": leave, "median": leave, "max": leave}
            for name, counts in ops.items():
                operations.append(
                    {
                        "name": name,
                        "tasks": tasks,
                        "tracing": tracing,
                        "instructions": counts,
                        "masked_max": masked_in.get(name),
                    }
                )
            for name, longest in masked.items():
                masked_rows.append(
                    {"name": name, "tasks": tasks, "tracing": tracing, "longest": longest}
                )
        fixed[tracing]["text"] = text_size(folder)
    return {"operations": operations, "masked": masked_rows, "sizes": fixed}


def find(data, name, tasks, tracing):
    for op in data["operations"]:
        if (op["name"], op["tasks"], op["tracing"]) == (name, tasks, tracing):
            return op["instructions"]
    return None


def one(counts):
    if not counts:
        return ""
    return (
        str(counts["median"])
        if counts["min"] == counts["max"]
        else "{min}/{median}/{max}".format(**counts)
    )


def document(data, tasks):
    lines = [
        "# What the kernel costs",
        "",
        "Written by `make kernel-cost`; do not edit. Guest instructions under QEMU 7.2 with",
        "`-icount shift=0`, gcc -O2, RV32IMAC, all documented checks on unless said otherwise:",
        "min/median/max, one number where all are equal. Measured by the guest's own mcycle",
        "(tests/kernel/cost/bench.c); argument set-up, call and return included. The rivals'",
        "figures are medians, their checks off, counted by a plugin on the same machine.",
        "",
        "With tracing compiled out:",
        "",
        "| operation | must | aim | "
        + " | ".join(f"{n} tasks" for n in tasks)
        + " | off | FreeRTOS | ThreadX | Linmo |",
        "|---" * (len(tasks) + 7) + "|",
    ]
    for name, what, must, aim, *rivals in ROWS:
        cells = [one(find(data, name, n, "out")) for n in tasks]
        cells.append(one(find(data, name, tasks[0], BARE)))
        lines.append(
            f"| {what} | {must or ''} | {aim or ''} | " + " | ".join(cells + rivals) + " |"
        )
    longest = [
        max(r["longest"] for r in data["masked"] if r["tasks"] == n and r["tracing"] == "out")
        for n in tasks
    ]
    longest.append(max(r["longest"] for r in data["masked"] if r["tracing"] == BARE))
    lines.append(
        f"| longest stretch with interrupts off | {MASKED_MUST} | {MASKED_AIM} | "
        + " | ".join(map(str, longest))
        + " | 11,718 | 189 | 13,517 |"
    )
    lines += [
        "",
        "In rows of ticks the maximum has the tick at which a digit of the timing wheel wraps, or",
        "a slice ends. `off`: 2 tasks, no API checks and canaries, as in the rivals' figures. The",
        "other tasks sleep, but for the yield, where they are ready. The gate compares medians:",
        "a waking tick at which a digit wraps takes more than its must, and is not gated.",
        "",
        "Tracing compiled in, 2 tasks:",
        "",
        "| operation | out | stopped | running |",
        "|---|---|---|---|",
    ]
    for name, what, *_ in ROWS:
        cells = [one(find(data, name, tasks[0], mode)) for mode in ("out", "stopped", "running")]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Longest stretch with interrupts off, by what was going on (tracing out / running):",
        "",
        "| | " + " | ".join(f"{n} tasks" for n in tasks) + " |",
        "|---" * (len(tasks) + 1) + "|",
    ]
    for name in dict.fromkeys(r["name"] for r in data["masked"]):
        cells = []
        for n in tasks:
            by = {
                r["tracing"]: r["longest"]
                for r in data["masked"]
                if r["name"] == name and r["tasks"] == n
            }
            cells.append(f"{by.get('out', '')} / {by.get('running', '')}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    size = data["sizes"]["out"]
    lines += [
        "",
        "- `tick_wakes_all`, `cond_broadcast`, `mutex_crowd`: all tasks are woken by one tick, by",
        "  one broadcast, wait",
        "  for one mutex. `task_life`: spawn, suspend, priority, resume, cancel.",
        f"- Control block: {size['tcb']} bytes (must {TCB_MUST}, aim {TCB_AIM}); "
        f"{data['sizes']['running']['tcb']} with tracing compiled in.",
        "- Code for create, yield, delay, semaphore, mutex, queue, with start-up, switch and trap:",
        f"  {size['text']['core']} bytes (must {TEXT_MUST}, aim {TEXT_AIM}). Priorities, device",
        f"  interrupts, user mode, the console's device: {size['text']['beside']} more; console,",
        f"  printf, panic text, heap, timers: {size['text']['rest']}.",
        "",
    ]
    return "\n".join(lines)


def gate(data):
    failed = passed = 0
    for op in data["operations"]:
        must = next((row[2] for row in ROWS if row[0] == op["name"]), None)
        if must is None:
            continue
        got = op["instructions"]["median"]
        passed, failed = (passed + 1, failed) if got <= must else (passed, failed + 1)
        if got > must:
            print(f"FAIL {op['name']}, {op['tasks']} tasks: {got} instructions, must {must}")
    for row in data["masked"]:
        passed, failed = (
            (passed + 1, failed) if row["longest"] <= MASKED_MUST else (passed, failed + 1)
        )
        if row["longest"] > MASKED_MUST:
            print(
                f"FAIL {row['name']}, {row['tasks']} tasks: "
                f"{row['longest']} masked, must {MASKED_MUST}"
            )
    sizes = data["sizes"]["out"]
    for what, got, must in (
        ("control block", sizes["tcb"], TCB_MUST),
        ("code", sizes["text"]["core"], TEXT_MUST),
    ):
        passed, failed = (passed + 1, failed) if got <= must else (passed, failed + 1)
        if got > must:
            print(f"FAIL {what}: {got} bytes, must {must}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--tasks", type=lambda s: [int(n) for n in s.split(",")], default=TASKS)
    parser.add_argument("--json")
    parser.add_argument("--doc")
    parser.add_argument("out")
    parser.add_argument("traced", nargs="?")
    parser.add_argument("bare", nargs="?")
    args = parser.parse_args()
    data = measure(args)
    if args.json:
        write(args.json, json.dumps(data, indent=1) + "\n")
    if args.gate:
        return gate(data)
    text = document(data, args.tasks)
    print(text)
    if args.doc:
        write(args.doc, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
