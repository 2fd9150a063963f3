#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents promise is there: links, files, make targets, commands of kymo and options.

usage: tests/build/docs.py [KYMO]     from the top of the tree; KYMO (build/host/kymo) must be built

  links      a relative link leads to a file
  paths      a path in code style below a folder of the tree exists
  targets    `make NAME` in code style is a target
  commands   `kymo NAME` is a command, and each --option beside it is in its --help

Prints one line per breach, then `N passed, N failed`.
"""
import glob
import os
import re
import subprocess
import sys

KYMO = sys.argv[1] if len(sys.argv) > 1 else "build/host/kymo"
DOCUMENTS = sorted(glob.glob("*.md") + glob.glob("Documentation/**/*.md", recursive=True))
ROOMS = ("trace", "kernel", "arch", "lib", "include", "app", "tools", "ports", "tests", "mk",
         "scripts", "Documentation")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def code(text):
    """The parts in code style: `spans` and indented or fenced lines."""
    text = re.sub(r"<!-- demo.*?<!-- end of demo -->", "", text, flags=re.S)
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^(?:    |\t)(.*)$", text, re.M)


def rule_links():
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#\s]+)", read(document)):
            if not re.match(r"[a-z]+:", link):
                path = os.path.join(os.path.dirname(document), link)
                if not os.path.exists(path):
                    yield f"{document}: no {link}"


def rule_paths():
    pattern = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)})/[\w./-]*[\w/])")
    for document in DOCUMENTS:
        for part in code(read(document)):
            for path in pattern.findall(part):
                if not os.path.exists(path):
                    yield f"{document}: no {path}"


def targets():
    names = set(f[4:-2] for f in glob.glob("app/*.c"))
    for page in ["Makefile"] + glob.glob("mk/*.mk"):
        for line in read(page).split("\n"):
            match = re.match(r"([\w %.$()/-]+):(?!=)", line)
            names.update(match.group(1).split() if match else [])
    return names


def rule_targets():
    known = targets()
    for document in DOCUMENTS:
        for part in code(read(document)):
            for name in re.findall(r"(?:^|[;&|] *)make ((?!-)[a-z][\w-]*)", part):
                if name not in known and not name.startswith("check-NAME"):
                    yield f"{document}: no target {name}"


def help_of(command):
    done = subprocess.run([KYMO] + command + ["--help"], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr


def rule_commands():
    commands = set(re.findall(r"^  ([a-z]+) ", help_of([]), re.M))
    helps = {}
    for document in DOCUMENTS:
        for part in code(read(document)):
            match = re.match(r"(?:build/host/)?kymo ([a-z]+)\b(.*)", part)
            if not match or match.group(1) not in commands:
                if match:
                    yield f"{document}: no command kymo {match.group(1)}"
                continue
            name = match.group(1)
            helps.setdefault(name, help_of([name]))
            typed = re.split(r"[|;#'\"]", match.group(2))[0]
            for option in re.findall(r"(?<!\S)(--[a-z-]+)", typed):
                if option != "--help" and not re.search(rf"{option}\b", helps[name]):
                    yield f"{document}: kymo {name} has no {option}"


def main():
    failed = 0
    for rule in (rule_links, rule_paths, rule_targets, rule_commands):
        breaches = list(rule())
        failed += bool(breaches)
        for breach in breaches:
            print(f"FAIL docs:{rule.__name__[5:]} {breach}")
    print(f"{4 - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
