#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every example of the manual pages and of --help as it is written, in a folder that has the
files they name.

usage: manual.py BUILD [manual:N]      a failure prints the token that reruns it alone

The names in the examples mean: inheritance-off.kymo and before.kymo the demo's first run,
inheritance-on.kymo and after.kymo its second, demo.kymo and t.kymo the first again, core.1234
the memory of such a run, build/image.elf its image. An example may end as its page says: with
0, or with the status of the guest (3) or of a rule that is broken (1).
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2] if len(sys.argv) > 2 else None
ROOT = os.getcwd()
COMMANDS = "run recover cost info print stat timeline check export query report live".split()
ENDS = {"kymo run": (0, 3), "kymo check": (0, 1), "kymo cost": (0, 3), "kymo live": (0,)}


def examples():
    """(where it stands, the line)"""
    for page in sorted(glob.glob("Documentation/man/*.1")):
        with open(page, encoding="utf-8") as f:
            for line in f:
                if line.startswith(".Dl kymo "):
                    text = line[4:].strip().replace("\\(dq", '"').replace("\\(aq", "'")
                    yield os.path.basename(page), text.replace("\\e", "\\")
    for command in COMMANDS:
        p = subprocess.run([BUILD + "/host/kymo", command, "--help"], stdout=subprocess.PIPE,
                           text=True, timeout=20, check=True)
        for line in re.findall(r"^(?:examples?: |  )(kymo .*)$", p.stdout, re.M):
            yield f"{command} --help", line


def furnish(folder):
    """The files that the examples name."""
    env = dict(os.environ, PATH=f"{BUILD}/host:{os.environ['PATH']}")
    os.makedirs(folder + "/build/demo")
    os.makedirs(folder + "/app")
    shutil.copy("app/pathfinder.rules", folder + "/app")
    for name, image in (("off", "inheritance-off"), ("on", "inheritance-on")):
        path = f"{BUILD}/target/{image}.elf"
        keep = ["--keep-ram", folder + "/core.1234"] if name == "off" else []
        subprocess.run(["kymo", "run", "-q", path, "-o", f"{folder}/{image}.kymo", *keep],
                       env=env, stdout=subprocess.DEVNULL, timeout=60, check=False)
        shutil.copy(f"{folder}/{image}.kymo", folder + "/build/demo")
        shutil.copy(f"{folder}/{image}.kymo",
                    folder + ("/before.kymo" if name == "off" else "/after.kymo"))
    for name in ("demo", "t"):
        shutil.copy(folder + "/inheritance-off.kymo", f"{folder}/{name}.kymo")
    shutil.copy(f"{BUILD}/target/inheritance-off.elf", folder + "/build/image.elf")
    return env


def attempt(line, folder, env):
    """'' or what went wrong. `kymo live` serves until it is told to stop."""
    live = line.startswith("kymo live")
    p = subprocess.Popen(["sh", "-c", "exec " + line if live else line], cwd=folder, env=env,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = p.communicate(timeout=8 if live else 90)
    except subprocess.TimeoutExpired:
        p.send_signal(signal.SIGINT if live else signal.SIGKILL)
        out, err = p.communicate(timeout=20)
        if live and (b"http://" in out + err):
            return ""
        return "it did not end" if not live else "it serves nothing"
    allowed = ENDS.get(" ".join(line.split()[:2]), (0,))
    if p.returncode not in allowed:
        return f"status {p.returncode}: {err.decode(errors='replace')[-300:]}"
    return "" if out or err or ">" in line or "-o" in line else "it said nothing"


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        env = furnish(folder)
        for n, (where, line) in enumerate(examples(), 1):
            if ONLY and ONLY != f"manual:{n}":
                continue
            why = attempt(line, folder, env)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                print(f"FAIL manual:{n} ({where}): {line}\n    {why}")
    print(f"manual: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
