# SPDX-License-Identifier: MIT
"""The ledger: what each of the recorder's writers executes, and what tracing costs a whole system.

Figures come from `kymo cost` on tests/cost/writers.c and from the plugin's plain counter on
tests/cost/load.c. Two counts of a writer are given: between its first and last instruction as the
recorder marks them ("writer"), and of a function that holds nothing else, its return taken off:
that adds the packing of every field from a register of its own, which a site with constants does
not pay.

    --write FILE   Markdown      --json FILE   the figures      --gate FILE   fail if one is worse
                   than there
    --accept FILE  write the gate's file"""
import argparse
import copy
import json
import os
import re
import subprocess
import sys

MODES = (("started", "bench_started", "bench_masked"), ("masked", "bench_masked", "bench_stopped"),
         ("stopped", "bench_stopped", "bench_end"))
RATES = (1000, 10000, 50000)
RINGS = (1024, 4096)
SHOW = 12  # figures that are worse, at most
AIM_STOPPED, AIM_WORST = 3, 40
# design.md, 'must': (instructions off, any), by payload words 0 and 1; a task switch; the worst write and its masked part
MUST = {0: (13, 15), 1: (16, 18)}
MUST_SWITCH, MUST_STORES, MUST_WORST, MUST_MASKED, MUST_STOPPED = 12, 4, 60, 16, 5


def fail(text):
    print("check-cost: " + text)
    sys.exit(1)


def run(args):
    r = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if r.returncode != 0:
        fail("%s: status %d: %s" % (" ".join(args), r.returncode, r.stderr.strip()))
    return r.stdout


def triple(x):
    return {k: x[k] for k in ("min", "median", "max")}


def less_return(x):
    return {k: x[k] - 1 for k in ("min", "median", "max")}


class Ledger:
    def __init__(self, build, cross):
        self.build, self.cross = build, cross
        self.kymo, self.plugin = build + "/host/kymo", build + "/host/kymo-qemu.so"

    def image(self, config, name):
        return "%s/cfg-cost-%s/target/tests/cost/%s.elf" % (self.build, config, name)

    def compiler(self):
        return run([self.cross + "gcc", "-dumpfullversion"]).strip()

    def code_bytes(self, config):
        """Of each bench function, out-of-line parts included, its return not."""
        out = run([self.cross + "readelf", "-SW", self.image(config, "writers")[:-4] + ".c.o"])
        found = re.findall(r"\.text\.bench_(off|any)_(\w+)\s+PROGBITS\s+\S+\s+\S+\s+([0-9a-f]+)",
                           out)
        return {(name, how): int(size, 16) - 2 for how, name, size in found}

    def count(self, config, mode, start, stop):
        out = run([self.kymo, "cost", "-f", "bench_off_*", "-f", "bench_any_*", "-w", "--start",
                   start, "--stop", stop, "--json", "-",
                   "--timeout", "100", self.image(config, "writers")])
        result = json.loads(out)
        if result["unknown"] or result["lost"]:
            fail("%s: the plugin does not know the interrupt state everywhere" % mode)
        marks = {}
        for w in result["writers"]:
            found = re.match(r"bench_(off|any)_(\w+)", w["place"])
            if found:
                marks[found.group(2), found.group(1)] = w
        for r in result["ranges"]:
            how, name = re.match(r"bench_(off|any)_(\w+)", r["name"]).groups()
            w = marks[name, how]
            if r["calls"] != w["calls"] or r["calls"] < 100:
                fail("%s %s: %d calls, %d writes" % (name, how, r["calls"], w["calls"]))
            yield {"name": name, "mode": mode, "context": how, "class": w["class"],
                   "calls": r["calls"],
                   "instructions": less_return(r["instructions"]),
                   "writer": triple(w["instructions"]), "stores": triple(r["stores"]),
                   "loads": triple(r["loads"]), "masked": triple(r["masked"]),
                   "bytes": w["bytes"]["max"]}

    def events(self):
        sizes, out = self.code_bytes("ring1024"), []
        for ring in RINGS:
            for mode, start, stop in MODES if ring == RINGS[0] else MODES[:1]:
                for e in self.count("ring%d" % ring, mode, start, stop):
                    if mode == "masked" and e["bytes"]:
                        continue  # CORE is never masked off
                    e["ring"], e["code_bytes"] = ring, sizes[e["name"], e["context"]]
                    out.append(e)
        none = {"min": 0, "median": 0, "max": 0}
        for (name, how), size in self.code_bytes("off").items():
            if size != 0:
                fail("%s %s: %d bytes are left when tracing is compiled out" % (name, how, size))
            out.append({"name": name, "mode": "compiled out", "context": how, "class": "",
                        "calls": 0, "instructions": none, "writer": none,
                        "stores": none, "loads": none, "masked": none, "bytes": 0, "ring": 0,
                        "code_bytes": 0})
        return out

    def distance(self, config, name, begin, end):
        symbols = {x.split()[2]: x.split()[0]
                   for x in run([self.cross + "nm", self.image(config, name)]).splitlines()
                   if len(x.split()) == 3}
        out = "%s/cfg-cost-%s/between.txt" % (self.build, config)
        run(["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-display", "none", "-monitor",
             "none", "-serial", "null", "-m", "128M",
             "-icount", "shift=0,sleep=off", "-seed", "1", "-kernel", self.image(config, name),
             "-plugin",
             "file=%s,between=0x%s:0x%s,out=%s" % (self.plugin, symbols[begin], symbols[end], out)])
        with open(out) as f:
            fields = f.read().split()
        if fields[2] != "1":
            fail("%s: %s to %s was passed %s times" % (name, begin, end, fields[2]))
        return int(fields[3])

    def systems(self):
        out = []
        for rate in RATES:
            name, switches = "load%d" % rate, rate // 50 if rate > 5000 else 100
            off = self.distance("off", name, "running_begin", "running_end")
            stopped = self.distance("ring1024", name, "stopped_begin", "stopped_end")
            running = self.distance("ring1024", name, "running_begin", "running_end")
            out.append({"rate": rate, "switches": switches, "compiled_out": off, "stopped": stopped,
                        "running": running})
        return out

    @staticmethod
    def without_addresses(line):
        """Names for numbers: a page in the repository should change only when the code does."""
        line = re.sub(r"\s+", " ", line).strip()
        line = re.sub(r"-?\d+\(gp\) # [0-9a-f]+ <(\w+)>", r"\1(gp)", line)
        return re.sub(r"\b[0-9a-f]{8} <([\w+]+)>", r"\1", line)

    def listing(self, symbol):
        text = run([self.cross + "objdump", "-d", "--no-show-raw-insn", "--disassemble=" + symbol,
                    self.image("ring%d" % RINGS[0], "writers")])
        lines = re.findall(r"^ *[0-9a-f]+:\t(.*)$", text, re.M)
        return ["    " + self.without_addresses(x) for x in lines]

    def disassembly(self, event):
        return run([self.cross + "objdump", "-d", "--no-show-raw-insn", "--disassemble=bench_%s_%s"
                    % (event["context"], event["name"]),
                    self.image("ring%d" % (event["ring"] or RINGS[0]),
                               "writers")]).split("Disassembly of section .text:")[-1].strip()


def key(e):
    return "%s %s %s ring%d" % (e["name"], e["context"], e["mode"], e["ring"])


def figures(e):
    return {"instructions": e["instructions"]["median"], "worst": e["instructions"]["max"],
            "writer": e["writer"]["median"],
            "stores": e["stores"]["median"], "loads": e["loads"]["median"],
            "masked": e["masked"]["max"], "bytes": e["bytes"]}


def must(e):
    """What breaks a 'must' of the budgets."""
    how = ("off", "any").index(e["context"])
    if e["mode"] in ("stopped", "masked"):
        limit, found = MUST_STOPPED, e["writer"]["median"]
    elif e["name"] == "task_switch" and how == 0:
        limit, found = MUST_SWITCH, max(e["instructions"]["median"], e["stores"]["median"]
                                        + MUST_SWITCH - MUST_STORES)
    else:
        words = (e["bytes"] - 8) // 4
        limit, found = MUST.get(words, (1 << 30, 1 << 30))[how], e["writer"]["median"]
    if found > limit:
        yield "%s: %d instructions, %d are allowed" % (key(e), found, limit)
    if e["writer"]["max"] > MUST_WORST:
        yield "%s: %d instructions at worst, %d are allowed" % (key(e), e["writer"]["max"],
                                                                MUST_WORST)
    if e["masked"]["max"] > MUST_MASKED:
        yield "%s: %d instructions with interrupts masked, %d are allowed" % (key(e),
                                                                              e["masked"]["max"],
                                                                              MUST_MASKED)


def compare(events, baseline):
    """(event, text) for each figure that is worse than the baseline."""
    for e in events:
        if e["mode"] == "compiled out":
            continue
        before = baseline.get(key(e))
        if before is None:
            yield e, "is new: `make cost-accept` takes it into the baseline"
            continue
        for name, now in figures(e).items():
            if now > before[name]:
                yield e, "%s %d, was %d" % (name, now, before[name])


def gate(ledger, events, path, systems):
    broken = [text for e in events if e["mode"] != "compiled out" for text in must(e)]
    with open(path) as f:
        baseline = json.load(f)
    worse = list(compare(events, baseline["events"]))
    # the gate must be able to fail: one instruction less in the baseline has to be found
    doctored = copy.deepcopy(baseline["events"])
    for name in doctored:
        doctored[name]["instructions"] -= 1
    if events and len({key(e) for e, _ in compare(events, doctored)}) != len([e for e in events
                                                                              if e["mode"] != "compiled out"]):
        broken.append("the gate does not see one instruction more")
    for s in systems:
        if not s["compiled_out"] <= s["stopped"] <= s["running"]:
            broken.append("at %(rate)d switches per second: %(compiled_out)d, %(stopped)d, %(running)d instructions" % s)
    same = ledger.compiler() == baseline["compiler"]
    for text in broken:
        print("FAILED %s" % text)
    for e, text in worse[:SHOW]:
        print("%s %s: %s" % ("FAILED" if same else "warning", key(e), text))
    for name in list(dict.fromkeys(key(e) for e, _ in worse[:SHOW]))[:3]:
        e = next(e for e in events if key(e) == name)
        print("\n%s %s:\n%s\n" % (e["class"], name, ledger.disassembly(e)))
    if len(worse) > SHOW:
        print("... and %d figures more; if the change is meant, `make cost-accept` takes today's"
              % (len(worse) - SHOW))
    if worse and not same:
        print("check-cost: the baseline is gcc %s's, this is %s: not a failure"
              % (baseline["compiler"], ledger.compiler()))
    failures = len(broken) + (len(worse) if same else 0)
    print("check-cost: %d passed, %d failed"
          % (len(events) - failures if failures < len(events) else 0, failures))
    return 1 if failures else 0


def cell(x):
    return str(x["min"]) if x["min"] == x["max"] else "%d/%d/%d" % (x["min"], x["median"], x["max"])


def table(events):
    """One row an event: what it costs from handlers and from tasks."""
    by = {(e["name"], e["context"], e["mode"]): e for e in events if e["ring"] in (0, RINGS[0])}
    rows = ["| event | class | bytes | off: instructions | writer alone | stores | any: instructions | writer alone | stores | masked | stopped off/any | code off/any |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for name in dict.fromkeys(e["name"] for e in events):
        off, any_ = by[name, "off", "started"], by[name, "any", "started"]
        stopped = "/".join(str(by[name, how, "stopped"]["instructions"]["max"])
                           for how in ("off", "any"))
        rows.append("| `%s` | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d/%d |" % (
            name, off["class"], off["bytes"] or "-", cell(off["instructions"]),
            cell(off["writer"]), cell(off["stores"]), cell(any_["instructions"]),
            cell(any_["writer"]), cell(any_["stores"]), cell(any_["masked"]), stopped,
            off["code_bytes"], any_["code_bytes"]))
    return rows


def system_table(systems):
    rows = ["| switches per second | switches | compiled out | stopped | running | per switch, stopped | per switch, running | share, running |",
            "|---|---|---|---|---|---|---|---|"]
    for s in systems:
        per = [(s[k] - s["compiled_out"]) / s["switches"] for k in ("stopped", "running")]
        rows.append("| %d | %d | %d | %d | %d | %.1f | %.1f | %.3f %% |" % (
            s["rate"], s["switches"], s["compiled_out"], s["stopped"], s["running"], per[0], per[1],
            100 * (s["running"] - s["compiled_out"]) / s["compiled_out"]))
    return rows


def worst(events, ring):
    return max((e["writer"]["max"] for e in events if e["ring"] == ring and e["mode"] == "started"))


def missed_aims(events, ledger):
    """Each aim that is not reached, its reason and the instructions."""
    started = [e for e in events if e["mode"] == "started" and e["bytes"]]
    high = max(e["writer"]["max"] for e in started)
    lines = []
    if high > AIM_WORST:
        lines += ["**The worst write is %d, the aim %d.** A block change closes one header and writes the next: the number of the first event, the clock's upper"
                  % (high, AIM_WORST),
                  "part, the running task, depth, level and causes, each a load and a store. That is what makes every block decode alone and every loss",
                  "exact. It comes once in some 120 events and masks nothing, so the mean is half an instruction an event. `trace_rv32_room`:", ""]
        lines += ledger.listing("trace_rv32_room") + [""]
    off = [e["writer"]["median"] for e in events if e["mode"] == "stopped"
           and e["context"] == "any"]
    if max(off) > AIM_STOPPED:
        lines += ["**A stopped write from a task is %d, the aim %d.** The test of the class is inside the restartable sequence, so that a writer which starts over" % (
                  max(off), AIM_STOPPED),
                  "after a stop writes nothing; the two instructions that begin and end the sequence stay. `task_yield` from a task:", ""]
        lines += ledger.listing("bench_any_task_yield") + [""]
    return lines


def document(events, systems, ledger):
    compiler = ledger.compiler()
    started = [e for e in events if e["mode"] == "started" and e["ring"] == RINGS[0] and e["bytes"]]
    kinds = []
    for words in sorted({(e["bytes"] - 8) // 4 for e in started}):
        for how in ("off", "any"):
            some = [e["writer"] for e in started if e["context"] == how
                    and (e["bytes"] - 8) // 4 == words]
            kinds.append("| %d | %s | %d | %s |"
                         % (8 + 4 * words, how, len(some), "%d to %d"
                            % (min(x["median"] for x in some), max(x["median"] for x in some))))
    lines = ["# What tracing costs", "",
             "Made by `make cost`; do not edit. RV32IMAC, gcc %s -O2, instructions counted in QEMU under icount by tools/qemu" % compiler,
             "([cost-plugin.md](cost-plugin.md)). Instructions are exact and repeat; they are not cycles. A cell is min/median/max, or one number",
             "if all calls are equal; the maximum has a block change in it.", "",
             "## In short", "",
             "| bytes of the event | context | events | instructions of the writer, median |",
             "|---|---|---|---|"] + kinds + [
             "", "The worst write, block change included: %s. Interrupts masked by a writer: at most %d instructions." % (
                 ", ".join("%d instructions with %d KiB" % (worst(events, r), r * 16 // 1024)
                           for r in RINGS), max(e["masked"]["max"] for e in started)),
             "Compiled out: 0 instructions and 0 bytes for every event (the object code is also compared, by check-recorder).", "",
             "## A whole system", "",
             "Two tasks hand a token to and fro over two semaphores (signal, wake, block, switch) with work in between; instructions executed for the",
             "same work, no idle time in it, ticks included.", ""] + system_table(systems) + [
             "", "## Aims that are not reached", ""] + missed_aims(events, ledger) + [
             "## Each event", "",
             "*off*: interrupts are off already. *any*: from a task, protection included. *instructions* is a function that holds only this writer:",
             "it packs every field from a register of its own. *writer alone* is without that packing, and is what a site with constants pays.",
             "*masked*: executed with interrupts masked by the writer itself. *stopped*: the same call with tracing stopped. *code*: bytes at a site.", ""]
    return "\n".join(lines + table(events)) + "\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--cross", required=True)
    for name in ("write", "json", "gate", "accept"):
        p.add_argument("--" + name)
    a = p.parse_args()
    ledger = Ledger(os.path.abspath(a.build), a.cross)
    events, systems = ledger.events(), ledger.systems()
    compiler = ledger.compiler()
    if a.json:
        with open(a.json, "w") as f:
            json.dump({"compiler": compiler, "events": events, "systems": systems}, f, indent=1)
    if a.write:
        text = document(events, systems, ledger)
        with open(a.write + ".new", "w") as f:
            f.write(text)
        os.replace(a.write + ".new", a.write)
        print(text)
    if a.accept:
        with open(a.accept, "w") as f:
            json.dump({"compiler": compiler,
                       "events": {key(e): figures(e) for e in events
                                  if e["mode"] != "compiled out"}}, f, indent=0, sort_keys=True)
            f.write("\n")
    return gate(ledger, events, a.gate, systems) if a.gate else 0


sys.exit(main())
