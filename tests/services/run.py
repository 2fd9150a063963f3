#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Library and services on the target: each program of tests/services boots and gives its verdict.

usage: tests/services/run.py BUILD [CASE..]    from the top of the tree, after `make check-services`
                                               built the images; CASE reruns exactly that case

A program passes when it powers off with the status its row says, prints the texts of the row in
this order, and, where it is meant to end well, no crash word. Rows that are not here end with
status 0 and `NAME: PASS`.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "path"))
from harness import CASES, check, main, sh  # noqa: E402

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
IMAGES = os.path.join(BUILD, "cfg-services", "target", "tests", "services")
PLAIN = os.path.join(BUILD, "target", "tests", "services")
QEMU = ["qemu-system-riscv32", "-machine", "virt", "-m", "128M", "-display", "none", "-serial",
        "stdio", "-monitor", "none", "-bios", "none"]
CRASH_WORDS = re.compile(r"trap|exception|fault|panic|illegal|segfault", re.I)
TOOL = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")
LIBGCC = """__mulsi3 __muldsi3 __muldi3 __divsi3 __modsi3 __udivsi3 __umodsi3 __divmodsi4
__udivmodsi4 __divdi3 __moddi3 __udivdi3 __umoddi3 __divmoddi4 __udivmoddi4 __ashldi3 __ashrdi3
__lshrdi3""".split()

HEAP_BROKEN = ["PANIC (-16370) - heap is corrupt"]
PANIC = ["deferred line", "first line", "another deferred line"]
# name, letter typed: status, texts in order
ROWS = {
    ("heap_bad", "a"): (83, HEAP_BROKEN),
    ("heap_bad", "b"): (83, HEAP_BROKEN),
    ("heap_bad", "c"): (83, HEAP_BROKEN),
    ("heap_bad", "d"): (83, HEAP_BROKEN),
    ("heap_bad", "e"): (83, HEAP_BROKEN),
    ("heap_bad", "f"): (83, HEAP_BROKEN),
    ("heap_bad", "g"): (83, HEAP_BROKEN),
    ("heap_bad", "h"): (83, HEAP_BROKEN),
    ("last_words", "a"): (88, PANIC + ["second line", "PANIC (-16365)"]),
    ("last_words", "b"): (69, PANIC + ["a line that is often", "again\n\n*** KERNEL PANIC"]),
    ("last_words", "c"): (69, PANIC + ["a line that is often", "again\n\n*** KERNEL PANIC"]),
    ("last_words", "d"): (69, PANIC + ["half a line # and its end", "PANIC"]),
    ("last_words", "e"): (69, PANIC + ["PANIC"]),
    ("last_words", "f"): (7, PANIC + ["last line"]),
    ("user", ""): (0, ["ownown\n", "Illegal instruction", "user: PASS"]),
    ("user_read", "typed\n"): (0, ["read: typed", "user_read: PASS"]),
}
FORBIDDEN = ["mo_mq_create", "mo_mq_destroy", "mo_mq_enqueue", "mo_mq_receive", "mo_pipe_create",
             "mo_pipe_destroy", "a read of a pipe", "a write to a pipe", "mo_pipe_flush",
             "mo_timer_create", "mo_timer_destroy", "mo_timer_start", "mo_task_wfi"]
ROWS |= {("from_handler", letter): (69, [f"*** {call}: called in an interrupt handler"])
         for letter, call in zip("abcdefghijklm", FORBIDDEN)}
# Texts in which a crash word is right.
EXPECTED_WORDS = ["[EXCEPTION] Illegal instruction"]


def in_order(output, texts):
    at = 0
    for text in texts:
        found = output.find(text, at)
        check(found >= 0, f"expected, in order, `{text}` in:\n{output[-2000:]}")
        at = found + len(text)


def boot(name, typed="", status=0):
    # A shift of 0 where instructions are counted, more where tasks spin for long.
    shift = "0" if name in ("everywhere", "bounded") else "3"
    image = os.path.join(PLAIN if name == "bounded" else IMAGES, name + ".elf")
    command = QEMU + ["-icount", f"shift={shift},sleep=off", "-seed", "1", "-kernel", image]
    return sh(command, status=status, typed=typed, limit=30)


def run_program(name, typed, status, texts):
    output = boot(name, typed, status)
    in_order(output, texts)
    if status == 0:
        for text in EXPECTED_WORDS:
            output = output.replace(text, "")
        word = CRASH_WORDS.search(output)
        check(not word, f"crash word `{word and word.group()}` in:\n{output[-1500:]}")
    return output


def check_format():
    """The rows both languages share, judged by the host's libc; the cuts of printf and puts."""
    output = run_program("format", "", 0, ["format: PASS"])
    host = sh([os.path.join(BUILD, "cfg-services", "format_host")])
    got = [line for line in output.splitlines() if line.startswith("row ")]
    expected = host.splitlines()
    check(len(expected) > 40, f"only {len(expected)} rows")
    for one, other in zip(got + [None] * len(expected), expected):
        check(one == other, f"the target prints `{one}`, the host `{other}`")
    check(len(got) == len(expected), "more rows on the target")
    cuts = [len(line) for line in output.splitlines() if line.startswith("yyy")]
    check(cuts == [255, 254], f"printf and puts cut at {cuts}")


def lines_of(name):
    """What tests/services/lines.c prints for one task, from the same random source."""
    seed, lines = 100 + name, []

    def dice(sides):
        nonlocal seed
        seed ^= seed << 13 & 0xffffffff
        seed ^= seed >> 17
        seed ^= seed << 5 & 0xffffffff
        return seed % sides
    for line in range(1000):
        lines.append(f"{chr(65 + name)}{line:04d}{chr(97 + name) * dice(200)}.")
        dice(20)
    return lines


def check_lines():
    output = boot("lines").splitlines()
    for name in range(4):
        got = [line for line in output if re.match(r"[ABCD]", line) and line[0] == chr(65 + name)]
        for one, other in zip(got + [None] * 1000, lines_of(name)):
            check(one == other, f"line `{one}`, expected `{other}`")
        check(len(got) == 1000, f"{len(got)} lines of task {name}")
    check(len(output) == 5 + 4000, f"{len(output)} lines, expected 4005: one was broken")
    order = [line[0] for line in output if line[0] in "ABCD"]
    changes = sum(one != other for one, other in zip(order, order[1:]))
    check(changes > 40, f"the tasks took turns only {changes} times")


def check_everywhere():
    """Also that no line was broken, not even by the end of the task that printed it."""
    output = run_program("everywhere", "", 0, ["everywhere: PASS"])
    known = re.compile(r"low  \d+ of the lines that are hit in the middle|high \d+|deferred|"
                       r"scenario [a-z-]+|task \d+: entry=.*|\d+ checks, 0 failed|everywhere: PASS")
    for line in output.splitlines():
        check(known.fullmatch(line), f"a broken line: `{line}`")
    low = [int(n) for n in re.findall(r"^low  (\d+)", output, re.M)]
    check(low[:2200] == list(range(2200)), "lines of the print scenario are missing")


def check_logger():
    output = run_program("logger", "", 0, [f"entry {k}\n" for k in range(8)] + [
        "one\ntwo\nthree\nfour\n5\nsix\nseven\n" + "x" * 127 + "\neight\nfrom an interrupt\n",
        "logger: PASS"])
    check("!!!" not in output, "the queue kept a pointer")


def check_link():
    """The archive needs nothing of libgcc or a libc, and no routine calls itself, which a compiler
    that recognises the routine's purpose may bring about."""
    archive = os.path.join(BUILD, "cfg-services", "target", "libkymo-kernel.a")
    symbols = sh([TOOL + "nm", archive])
    defined = set(re.findall(r" [TDBRSGWVtdbrsg] (\S+)$", symbols, re.M))
    missing = set(re.findall(r" U (\S+)$", symbols, re.M)) - defined
    linked = {name for name in missing if name.startswith("_") and not name.startswith("__")}
    check(missing - linked <= {"app_main", "__global_pointer$"}, f"undefined: {missing - linked}")
    for name in LIBGCC + ["memcpy", "memset", "memmove", "memcmp"]:
        check(name in defined, f"no symbol {name}")
    listing = sh([TOOL + "objdump", "-dr", archive])
    for name, body in re.findall(r"^[0-9a-f]+ <(\w+)>:\n((?:.+\n)*)", listing, re.M):
        if name.startswith(("mem", "str", "__")):
            check(not re.search(rf"R_RISCV_CALL\S*\s+{name}$", body, re.M), f"{name} calls itself")


def check_guide():
    """The first application of Documentation/kernel.md compiles with the flags of applications and
    prints what the page says; the examples it names exist."""
    with open("Documentation/kernel.md", encoding="utf-8") as f:
        page = f.read()
    source = re.search(r"```c\n(.*?)```", page, re.S).group(1)
    folder = os.path.join(BUILD, "cfg-services", "guide")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "first.c"), "w", encoding="utf-8") as f:
        f.write(source)
    built, image = os.path.join(folder, "first.o"), os.path.join(folder, "first.elf")
    archive = os.path.join(BUILD, "target", "libkymo-kernel.a")
    sh([TOOL + "gcc"] + os.environ["TALL"].split() + ["-c", f"{folder}/first.c", "-o", built])
    sh([TOOL + "ld", "-melf32lriscv", "--gc-sections", "-T", "arch/riscv/riscv32-qemu.ld",
        "-o", image, built, "--whole-archive", archive, "--no-whole-archive"])
    output = sh(QEMU + ["-icount", "shift=3,sleep=off", "-kernel", image])
    in_order(output, re.findall(r"^    (tick \d+: .*)$", page, re.M))
    for name in re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|.*\|.*\|(.*)\|$", page, re.M))):
        check(os.path.exists(f"app/{name}.c"), f"the page names {name}, app/ has none")


def register():
    special = {"format": check_format, "lines": check_lines, "logger": check_logger,
               "everywhere": check_everywhere}
    rows = {}
    for (name, typed), row in ROWS.items():
        rows.setdefault(name, []).append((typed, *row))
    for file in sorted(os.listdir("tests/services")):
        name, kind = os.path.splitext(file)
        if kind != ".c" or name == "format_host":
            continue
        if name in special:
            CASES[name] = special[name]
            continue
        for typed, status, texts in rows.get(name, [("", 0, [f"{name}: PASS"])]):
            token = name + (":" + typed if len(typed) == 1 else "")
            CASES[token] = lambda n=name, t=typed, s=status, x=texts: run_program(n, t, s, x)
    CASES["link"] = check_link
    CASES["guide"] = check_guide


if __name__ == "__main__":
    register()
    sys.exit(main("services", sys.argv[2:]))
