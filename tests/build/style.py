#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The repository's rules for its own text, as a test.

usage: tests/build/style.py [--report] [FILE..]    from the top of the tree; without FILE all files

  spdx      every source file names its licence in its first lines
  columns   no source line is wider than 100 columns (132 in tests written in Python and in make's
            pages; event tables excepted)
  head      a source file of more than 40 lines says in a comment at its top what it owns
  length    no source file is longer than 750 lines (600 is the aim)
  function  functions: median at most 15 lines, 90 % at most 40, none over 120
  blanks    no trailing blanks, no tab in C, a newline at the end
  leaks     no absolute path of a developer's machine, no address of a package mirror

Prints one line per breach, then `N passed, N failed`, one test per rule. --report prints the
figures (functions per folder) instead and never fails.
"""
import json
import os
import re
import statistics
import subprocess
import sys

CODE = (".c", ".h", ".S", ".py", ".js", ".mjs", ".sh", ".mk", ".css", ".ld", ".html", ".def")
C_LIKE = (".c", ".h", ".S", ".js", ".mjs", ".css")
COLUMNS, COLUMNS_WIDE = 100, 132
WIDE_FILES = ("trace/events.def",)
FUNCTION_LIMIT = 120
LEAKS = re.compile(r"/(?:home|tmp|root)/[a-z]+/|https?://(?:deb|ftp|mirror|registry|snapshot)\.")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                         check=True, capture_output=True).stdout
    return sorted(f for f in out.decode().split("\0") if f and os.path.isfile(f))


def is_code(path):
    return path.endswith(CODE) or os.path.basename(path) in ("Makefile", "run")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def rule_spdx(path, text):
    if "SPDX-License-Identifier: MIT" not in "\n".join(text.split("\n", 3)[:3]):
        yield 1, "no SPDX-License-Identifier line at the top"


def rule_columns(path, text):
    if path in WIDE_FILES:
        return
    wide = path.endswith(".mk") or path.startswith("tests/") and path.endswith(".py")
    limit = COLUMNS_WIDE if wide else COLUMNS
    for number, line in enumerate(text.split("\n"), 1):
        if wide and re.search(r'"[^"]{60,}"', line):  # prose that a script prints
            continue
        if len(line.expandtabs(8 if path.endswith(".S") else 4)) > limit:
            yield number, f"{len(line)} columns"


def rule_head(path, text):
    lines = text.split("\n")
    if len(lines) <= 40 or path.endswith((".ld", ".html")):
        return
    top = "\n".join(lines[:12])
    words = re.sub(r"SPDX-License-Identifier: MIT|[^A-Za-z ]", " ", top)
    comment = re.search(r'^\s*(/\*|//|#|"""|\*)\s*\S', "\n".join(lines[1:8]), re.M)
    if not comment or len(words.split()) < 8:
        yield 1, "the file does not say what it owns"


def rule_length(path, text):
    count = text.count("\n")
    if count > 750 and not path.endswith(".def"):
        yield 1, f"{count} lines"


def rule_blanks(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "blank at the end of the line"
        if "\t" in line and path.endswith((".c", ".h")):
            yield number, "tab"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"


def rule_leaks(path, text):
    if path == "tests/build/style.py":
        return
    for number, line in enumerate(text.split("\n"), 1):
        if LEAKS.search(line):
            yield number, "path or host of one machine"


def functions(paths):
    """[(path, name, first line, lines)] of the C, Python and JavaScript functions, by ctags."""
    paths = [p for p in paths if p.endswith((".c", ".h", ".py", ".js", ".mjs"))]
    if not paths:
        return []
    out = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "-f", "-", "-L", "-"],
                         input="\n".join(paths), check=True, capture_output=True, text=True).stdout
    found = []
    for line in out.splitlines():
        tag = json.loads(line)
        if tag.get("kind") in ("function", "method", "member") and "end" in tag and "line" in tag:
            if tag["kind"] == "member" and not tag["path"].endswith(".py"):
                continue
            found.append((tag["path"], tag["name"], tag["line"], tag["end"] - tag["line"] + 1))
    return found


def rule_function(found):
    for path, name, line, lines in found:
        if lines > FUNCTION_LIMIT:
            yield path, line, f"{name} has {lines} lines"
    sizes = sorted(f[3] for f in found)
    if sizes:
        median, p90 = statistics.median(sizes), sizes[int(len(sizes) * 0.9)]
        if median > 15 or p90 > 40:
            yield "all functions", 0, f"median {median} lines, 90 % {p90} lines"


def report(found):
    folders = {}
    for path, _, _, lines in found:
        folders.setdefault("/".join(path.split("/")[:2]) if "/" in path else path, []).append(lines)
    print(f"{'folder':<28}{'functions':>10}{'median':>8}{'90 %':>6}{'max':>6}")
    for folder, sizes in sorted(folders.items()) + [("all", [f[3] for f in found])]:
        sizes = sorted(sizes) or [0]
        print(f"{folder:<28}{len(sizes):>10}{statistics.median(sizes):>8.0f}"
              f"{sizes[int(len(sizes) * 0.9)]:>6}{sizes[-1]:>6}")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--report"]
    paths = arguments or tracked()
    found = functions(paths)
    if "--report" in sys.argv:
        report(found)
        return 0
    breaches = {}
    for rule in (rule_spdx, rule_columns, rule_head, rule_length, rule_blanks, rule_leaks):
        name = rule.__name__[5:]
        breaches[name] = [(p, n, why) for p in paths if is_code(p) or name == "leaks"
                          for n, why in rule(p, read(p))]
    breaches["function"] = list(rule_function(found))
    for name, list_ in breaches.items():
        for path, line, why in list_[:40]:
            print(f"FAIL style:{name} {path}:{line}: {why}")
        if len(list_) > 40:
            print(f"FAIL style:{name} and {len(list_) - 40} more")
    failed = sum(1 for b in breaches.values() if b)
    print(f"{len(breaches) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
