# SPDX-License-Identifier: MIT
"""Tests of the counting plugin. `run.py BUILD [NAME...]` reruns single tests.

known.S says beside each function what it must cost; known.c calls them. The witnesses do not
share code with the plugin: the numbers on the page, the guest's own mcycle, and QEMU's log of the
registers before each instruction."""
import json
import os
import re
import subprocess
import sys
import tempfile

BUILD, HERE = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
KYMO, PLUGIN, IMAGE = BUILD + "/host/kymo", BUILD + "/host/kymo-qemu.so", BUILD + "/qemu/known.elf"
QEMU = ["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-display", "none", "-monitor",
        "none", "-m", "16M", "-icount", "shift=0,sleep=off",
        "-seed", "1", "-no-user-config"]


class Bad(Exception):
    pass


def need(ok, text):
    if not ok:
        raise Bad(text)


def run(args, limit=60, **more):
    try:
        return subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=limit, **more)
    except subprocess.TimeoutExpired:
        raise Bad("hang: %s" % " ".join(args))


def cost(args, status=0):
    r = run([KYMO, "cost", "--timeout", "50", "--json", "cost.json"] + args)
    need(r.returncode == status, "status %d: %s" % (r.returncode, r.stderr))
    with open("cost.json") as f:
        result = json.load(f)
    return result, {x["name"]: x for x in result["ranges"]}, r


def value(text):
    parts = [int(x) for x in text.split("/")]
    return {"min": parts[0], "median": parts[len(parts) // 2], "max": parts[-1]}


def expectations():
    with open(HERE + "/known.S") as f:
        for line in f:
            if line.startswith("#= ") and "NAME" not in line:
                name, *rest = line[3:].split()
                yield name, dict(x.split("=") for x in rest)


def test_known():
    """Every figure that known.S promises."""
    result, ranges, _ = cost([IMAGE])
    wrong = []
    for name, promised in expectations():
        found = ranges[name]
        for key, text in promised.items():
            is_right = found[key] == int(text) if key in ("calls",
                                                          "abandoned") else all(found[key][m] == v
                                                                                for m,
                                                                                v in value(text).items())
            if not is_right:
                wrong.append("%s: %s is %s, not %s" % (name, key, found[key], text))
        need(found["abandoned"] == int(promised.get("abandoned", 0)) and found["unknown"] == 0,
             "%s was abandoned or unknown" % name)
    need(not wrong, "; ".join(wrong))
    need((result["unknown"], result["lost"], result["illegal"]) == (0, 0, 0), str(result)[:200])
    need(result["traps"] == 2 and result["interrupts"] > 20, "%d traps, %d interrupts"
         % (result["traps"], result["interrupts"]))


def test_mcycle():
    """`elapsed` is what the guest's own mcycle counts, interrupts included."""
    _, ranges, r = cost(["--console", IMAGE])
    printed = [int(x) - 2 for x in r.stderr.split()]  # less the first read and the call
    found = ranges["known_long"]["elapsed"]
    need(len(printed) == 8 and len(set(printed)) > 1, "printed %s" % printed)
    need((found["min"], found["max"], found["sum"]) == (min(printed), max(printed), sum(printed)),
         "%s, mcycle %s" % (found, printed))
    need(found["median"] == sorted(printed)[3], "median")


def test_sites():
    """Inlined functions cost what their statements cost, wherever the compiler put them."""
    _, ranges, _ = cost(["-s", "site_*", IMAGE])
    by = {n.split("@")[0]: x for n, x in ranges.items()}
    need(all("@uses_sites:" in n for n in ranges) and len(ranges) == 2, str(list(ranges)))
    three, choice = by["site_three"], by["site_choice"]
    need(three["calls"] == choice["calls"] == 10, "%d and %d calls"
         % (three["calls"], choice["calls"]))
    need(three["stores"]["min"] == three["stores"]["max"] == 3 and three["loads"]["sum"] == 0,
         "site_three: %s" % three)
    need(3 <= three["instructions"]["min"] == three["instructions"]["max"] <= 5, "site_three: %s"
         % three)
    need((choice["stores"]["min"], choice["stores"]["max"], choice["stores"]["sum"]) == (1, 2, 15),
         "site_choice: %s" % choice)
    need(choice["loads"]["sum"] == 10, "site_choice: %s" % choice)


def test_path():
    """From one address to another: known_masked's first instruction to its last is 6 away."""
    _, ranges, _ = cost(["-p", "known_masked..known_masked+0x18", "-p", "known_callee..known_seven",
                         IMAGE])
    a, b = ranges["known_masked..known_masked+0x18"], ranges["known_callee..known_seven"]
    need(a["calls"] == 3 and a["elapsed"]["min"] == a["elapsed"]["max"] == 6, str(a))
    need(b["calls"] == 2 and b["elapsed"]["min"] == b["elapsed"]["max"] == 3, str(b))


def test_between():
    """The mode without shadow counts the same distances."""
    symbols = dict(reversed(x.split()[::2])
                   for x in run(["riscv64-unknown-elf-nm", IMAGE]).stdout.splitlines())
    a, b = int(symbols["known_callee"], 16), int(symbols["known_seven"], 16)
    r = run(QEMU + ["-serial", "null", "-kernel", IMAGE, "-plugin",
                    "file=%s,between=%d:%d,out=between.txt" % (PLUGIN, a, b)])
    need(r.returncode == 0 and open("between.txt").read() == "%08x %08x 2 3 3 3\n" % (a, b),
         r.stderr + open("between.txt").read())


def test_repeat():
    """Two runs say the same."""
    first = cost([IMAGE])[0]
    need(first == cost([IMAGE])[0], "two runs differ")


def log_states(image):
    """(pc, mstatus, registers) before each instruction, from QEMU's own log; QEMU executes one
    instruction per block then."""
    r = run(QEMU + ["-m", "128M", "-serial", "null", "-kernel", image, "-singlestep", "-d",
                    "cpu,nochain", "-D", "cpu.log",
                    "-plugin", "file=%s,cost=request,out=result,shadow=shadow" % PLUGIN])
    need(r.returncode == 0, r.stderr)
    names = ["x%d/%s" % (i, n) for i, n in enumerate(
        "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split())]
    state = {}
    with open("cpu.log") as f:
        for line in f:
            found = re.findall(r"(\S+)\s+([0-9a-f]{8})\b", line)
            if found and found[0][0] == "pc":
                if state:
                    yield state["pc"], state["mstatus"], [state[n] for n in names]
                state = {}
            state.update((n, int(v, 16)) for n, v in found)
    yield state["pc"], state["mstatus"], [state[n] for n in names]


def check_shadow(image):
    with open("request", "w") as f:
        f.write("function main 80000000 80000002\n")
    states = list(log_states(image))
    with open("shadow") as f:
        shadow = [[int(x, 16) for x in line.split()] for line in f]
    need(len(states) > 5000, "only %d states" % len(states))
    at = 0
    known = 0
    for line in shadow:
        while at < len(states) and states[at][0] != line[0]:
            at += 1  # the log repeats a state when an interrupt or a device made QEMU start over
        need(at < len(states), "instruction at %08x is not in QEMU's log" % line[0])
        pc, mstatus, registers = states[at]
        for i, real in enumerate([mstatus] + registers):
            v, k = line[1 + 2 * i], line[2 + 2 * i]
            need((real ^ v) & k == 0,
                 "state %d, pc %08x, register %d: shadow %08x of %08x, QEMU %08x"
                 % (at, pc, i - 1, v, k, real))
            known += bin(k).count("1")
        need(line[2] & 8, "interrupt enable not known at %08x" % pc)
    need(known > len(shadow) * 32 * 16, "the shadow knows almost nothing")


def test_shadow():
    """Every bit that the shadow claims to know, before every instruction, is what QEMU's
    registers hold."""
    check_shadow(IMAGE)


def test_shadow_kernel():
    """The same for the kernel: interrupts, switches, system calls."""
    check_shadow(BUILD + "/target/hello.elf")


def test_wrong_use():
    """One line, status 125, no crash."""
    for args, words in ((["-f", "nothing_*", IMAGE], "nothing_*"),
                        (["-s", "nothing", IMAGE], "nothing"), (["-p", "a..b", IMAGE], "a..b"),
                        (["--start", "nowhere", IMAGE], "nowhere"),
                        (["/nonexistent"], "/nonexistent"), ([], "image"),
                        (["--json", "no/folder.json", IMAGE], "no/folder.json"),
                        (["--duration", "x", IMAGE], "x"), (["--what", IMAGE], "--what")):
        r = run([KYMO, "cost"] + args)
        need(r.returncode == 125 and r.stderr.count("\n") == 1 and words in r.stderr, "%s: %d %s"
             % (args, r.returncode, r.stderr))
    for option in ("cost=/nonexistent,out=x", "cost=x", "between=1:2", "nonsense=1",
                   "between=1,out=x", "capture=x"):
        r = run(QEMU + ["-serial", "null", "-kernel", IMAGE, "-plugin", "file=%s,%s"
                        % (PLUGIN, option)])
        need(r.returncode == 1 and "kymo-qemu: " in r.stderr, "%s: %d %s"
             % (option, r.returncode, r.stderr))


def test_timeout():
    r = run([KYMO, "cost", "--timeout", "0.3", BUILD + "/capture/sleep.elf"])
    need(r.returncode == 124 and "--duration" in r.stderr, "%d %s" % (r.returncode, r.stderr))
    r = run([KYMO, "cost", "--timeout", "30", "--duration", "0.001", "-f", "main", "--csv", "-",
             BUILD + "/capture/spin.elf"])
    need(r.returncode == 0 and r.stdout.splitlines()[1].startswith('"main",0,1,'), "%d %s %s"
         % (r.returncode, r.stdout, r.stderr))


def test_header():
    """The plugin builds alone, and against a header that declares the same interface."""
    source = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools", "qemu")
    with open(source + "/api.h") as f:
        text = f.read()
    os.mkdir("inc")
    with open("inc/qemu-plugin.h", "w") as f:
        f.write(text[text.index("#else")
                     + 5:text.index("#endif",
                                    text.index("#else"))].join(["#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n", ""]))
    here = os.path.relpath(os.getcwd(), source)  # make takes no name with a blank
    for more in ([], ["QEMU_PLUGIN_INC=" + here + "/inc"]):
        out = os.getcwd() + "/alone.so"
        r = run(["make", "-s", "-C", source, "OUT=" + here + "/alone.so", "-B"] + more,
                env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")})
        need(r.returncode == 0, r.stderr)
        r = run(QEMU + ["-serial", "null", "-kernel", IMAGE, "-plugin", "file=%s,between=1:2,out=b"
                        % out])
        need(r.returncode == 0, r.stderr)


def run_test(name):
    home = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="t-", dir=BUILD + "/qemu") as place:
        os.chdir(place)
        try:
            globals()["test_" + name]()
            return True
        except (Bad, OSError, KeyError, IndexError, ValueError) as e:
            print("FAILED %s: %s: %s" % (name, type(e).__name__, e))
            return False
        finally:
            os.chdir(home)


def main():
    names = sys.argv[2:] or [x[5:] for x in globals() if x.startswith("test_")]
    results = [run_test(n) for n in names]
    print("check-qemu: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


sys.exit(main())
