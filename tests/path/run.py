#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From boot to picture: every application ends as it should and leaves a sound trace, the demo
repeats to the byte and says what its traces say, and what is left of a killed run or a damaged
container can be read.

usage: tests/path/run.py BUILD [CASE..]    from the top of the tree, after `make check-path` built
                                           what is needed; CASE reruns exactly that case
"""
import os
import random
import re
import signal
import subprocess
import sys
import time

from harness import CASES, Failure, case, check, expect, fresh, main, sh

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
OUT = os.path.join(BUILD, "check", "path")
KYMO = os.path.join(BUILD, "host", "kymo")
OFF = os.path.join(BUILD, "target", "inheritance-off.elf")
QEMU = ["qemu-system-riscv32", "-machine", "virt", "-m", "128M", "-display", "none", "-serial",
        "stdio", "-monitor", "none", "-bios", "none", "-icount", "shift=4,sleep=off", "-seed", "1"]
CRASH_WORDS = re.compile(r"trap|exception|fault|panic|illegal|segfault", re.I)
KILLS, DAMAGES, DAMAGES_PER_CASE = 6, 3, 12
COMMANDS = ("info", "print", "stat", "timeline")


def work(name):
    return fresh(os.path.join(OUT, name.replace(":", "-")))


# ---- applications ----

def app_rows():
    """{name: (kind, number, typed, texts)} of apps.txt."""
    rows = {}
    with open("tests/path/apps.txt", encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, kind, number, texts = line.strip().split(None, 3)
                typed = ""
                if kind == "type":
                    typed, texts = texts.split(" < ", 1)
                    typed = "\n".join(line.strip() for line in typed.split("\\n")) + "\n"
                rows[name] = (kind, int(number), typed, texts.split(" ; "))
    return rows


def run_app(name, kind, number, typed, texts):
    image = f"{BUILD}/target/{name}.elf"
    if kind == "runs":
        trace = os.path.join(work("app:" + name), "x.kymo")
        output = sh([KYMO, "run", "--duration", str(number), "-o", trace, image])
        expect(sh([KYMO, "info", trace]), "duration")
    else:
        output = sh(QEMU + ["-kernel", image], status=number, typed=typed)
    expect(output, *texts)
    if kind == "runs" or number == 0:
        for text in texts:
            output = output.replace(text, "")
        word = CRASH_WORDS.search(output)
        check(not word, f"crash word `{word and word.group()}` in:\n{output[-1500:]}")


def register_applications():
    rows = app_rows()
    names = sorted(f[:-2] for f in os.listdir("app") if f.endswith(".c"))
    for name in names:
        row = rows.get(name, ("ends", 0, "", [f"{name}: PASS"]))
        CASES["app:" + name] = lambda n=name, r=row: run_app(n, *r)
        if row[0] != "type":
            CASES["trace:" + name] = lambda n=name, r=row: traced_app(n, r[0], r[1])
    for name in set(rows) - set(names):
        CASES["app:" + name] = lambda n=name: check(False, f"apps.txt names {n}, app/ has none")


# ---- their traces ----

OWN_POLICY = ("rtsched",)  # its hook chooses, so the kernel's policy does not hold
# Some questions cannot be decided: it clears its ring in the middle.
UNDECIDED = ("trace_sched",)
STOPPED = ("trace_sched", "crash")  # here the application, there the panic stops the recorder


def traced_app(name, kind, number):
    """The whole run is captured, and `kymo check` finds nothing: sound, and by the policy."""
    trace = os.path.join(work("trace:" + name), "x.kymo")
    stop = ["--duration", "1"] if kind == "runs" else []
    said = sh([KYMO, "run", "--shift", "4"] + stop + ["-o", trace, f"{BUILD}/target/{name}.elf"],
              status=number if kind == "ends" else 0)
    options = ["--no-schedule"] if name in OWN_POLICY else []
    verdict = sh([KYMO, "check"] + options + [trace], status=2 if name in UNDECIDED else 0)
    expect(verdict, " 0 broken")
    if name == "crash":
        last = sh([KYMO, "print", "--object", "samples", "--event", "sem_*", trace])
        expect(last.strip().split("\n")[-2], "cleaner_task", "sem_destroy")
    if name == "deadlock":
        expect(said, "writer_task/2 waits for disk, which cleaner_task/3 holds")
    if name not in STOPPED:
        expect(sh([KYMO, "info", trace]), "lost       nothing", "damage     none")


# ---- the demo ----

def run_demo(name):
    """Runs the demo into a folder of its own; returns the folder and what it printed."""
    folder = work(name)
    return folder, sh(["sh", "scripts/demo.sh", BUILD, folder], limit=120)


@case("demo:repeats-to-the-byte")
def demo_repeats():
    one, text_one = run_demo("demo-one")
    two, text_two = run_demo("demo-two")
    for name in sorted(n for n in os.listdir(one) if n.endswith((".kymo", ".pftrace"))):
        with open(os.path.join(one, name), "rb") as a, open(os.path.join(two, name), "rb") as b:
            check(a.read() == b.read(), f"{name} differs between two runs")
    check(text_one.replace(one, "") == text_two.replace(two, ""), "the two runs print differently")
    for name in ("inheritance-off", "inheritance-on"):
        size = os.path.getsize(os.path.join(one, name + ".kymo"))
        check(size > 4096, f"{name}.kymo has {size} bytes, too few to be a run")
        check(os.path.exists(os.path.join(one, name + ".pftrace")), f"no {name}.pftrace")
    check(os.path.getsize(os.path.join(one, "report.html")) > 50000, "no report")


@case("demo:says-what-happened")
def demo_text():
    folder, text = run_demo("demo-text")
    lines = text.rstrip("\n").split("\n")
    check(20 <= len(lines) <= 48, f"{len(lines)} lines, about 30 are promised:\n{text}")
    check("\033" not in text, "colour although the output is no terminal")
    wide = [line for line in lines if len(line) > 120]
    check(not wide, f"a line of {len(wide and wide[0])} columns")
    expect(text, "bus_task", "communication_task", "weather_task", "watchdog", "information_bus",
           folder, "inheritance-off.pftrace", "ui.perfetto.dev")


def shape(svg):
    """A picture without its numbers, which move a little with every change of the kernel."""
    return re.sub(r"[\d.]+", "0", svg)


@case("demo:readme-is-true")
def demo_readme():
    env = dict(os.environ, LC_ALL="C.UTF-8")
    sh(["python3", "scripts/readme.py", "--check", BUILD, "README.md"], limit=120, env=env)
    picture = os.path.join(work("picture"), "new.svg")
    sh(["sh", "scripts/picture.sh", BUILD, picture])
    with open(picture, encoding="utf-8") as a, \
            open("Documentation/pathfinder.svg", encoding="utf-8") as b:
        check(shape(a.read()) == shape(b.read()), "the README's picture is old; run `make readme`")


@case("demo:verdict-follows-the-traces")
def demo_verdict():
    """The verdict is computed: given the same image twice it must not claim a cure."""
    folder = work("demo-same")
    env = dict(os.environ, DEMO_ON=OFF, DEMO_ON_STATUS="3")
    text = sh(["sh", "scripts/demo.sh", BUILD, folder], limit=120, status=None, env=env)
    expect(text, "made no difference")


# ---- what is left of a killed run ----

def killed_run(seed):
    """Kills QEMU or `kymo run`, or interrupts it, at a random moment; the rest must read."""
    rng = random.Random(seed)
    trace = os.path.join(work(f"kill-{seed}"), "x.kymo")
    moment, victim = rng.uniform(0.05, 1.2), ("qemu", "kymo", "interrupt")[seed % 3]
    with subprocess.Popen([KYMO, "run", "-o", trace, OFF], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        time.sleep(moment)
        if victim == "qemu":
            for pid in processes(1, process.pid):
                kill(pid, signal.SIGKILL)
        else:
            kill(process.pid, signal.SIGKILL if victim == "kymo" else signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failure(f"kymo run still lives 20 s after {victim} was killed") from None
    deadline = time.monotonic() + 10
    while processes(2, process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = processes(2, process.pid)
    for pid in left:
        kill(pid, signal.SIGKILL)
    check(not left, f"{len(left)} processes were left behind when {victim} was hit")
    readable(trace, victim)


def readable(trace, what):
    """A container, or none, but never one that a reader chokes on."""
    if not os.path.exists(trace):
        check(what in ("kymo", "interrupt"), f"no container after {what} was killed")
        return
    for command in COMMANDS:
        done = subprocess.run([KYMO, command, trace], stdin=subprocess.DEVNULL, timeout=60,
                              capture_output=True, check=False)
        message = done.stderr.decode(errors="replace").strip()
        check(done.returncode in (0, 1, 2, 125),
              f"kymo {command} {trace}: status {done.returncode}\n{message[-600:]}")
        if done.returncode == 125:
            reasons = [m for m in message.split("\n") if "warning:" not in m]
            check(len(reasons) == 1 and trace in message,
                  f"kymo {command}: not one line that names the file: {message[:300]}")


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def processes(field, value):
    """Ids of the living processes whose parent (1) or process group (2) is `value`."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[field]) == value and fields[0] != "Z":
            found.append(int(entry))
    return found


# ---- damaged containers ----

def good_container():
    """One good run, made once for all cases that damage it."""
    path = os.path.join(OUT, "good.kymo")
    sh([KYMO, "run", "-o", path, OFF], status=3)
    with open(path, "rb") as f:
        return f.read()


def damaged(kind, seed, good):
    """Cuts or flips it at random places: an answer or one line, never a crash."""
    rng = random.Random(f"{kind}{seed}")
    path = os.path.join(work(f"{kind}-{seed}"), "bad.kymo")
    for _ in range(DAMAGES_PER_CASE):
        data = bytearray(good)
        if kind == "cut":
            data = data[:rng.randrange(len(data))]
        else:
            for _ in range(rng.randint(1, 8)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        with open(path, "wb") as f:
            f.write(data)
        readable(path, kind)


def register_damage(good):
    for seed in range(KILLS):
        CASES[f"kill:{seed}"] = lambda s=seed: killed_run(s)
    for kind in ("cut", "flip"):
        for seed in range(DAMAGES):
            CASES[f"{kind}:{seed}"] = lambda k=kind, s=seed: damaged(k, s, good)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    os.environ["NO_COLOR"] = "1"
    register_applications()
    if any(not n.startswith(("app:", "trace:", "demo:")) for n in sys.argv[2:] or ["all"]):
        register_damage(good_container())
    sys.exit(main("path", sys.argv[2:]))
