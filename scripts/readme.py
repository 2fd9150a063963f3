#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the README true: puts the demo's real output into it.

usage: scripts/readme.py BUILD README           rewrites README between its markers
       scripts/readme.py --check BUILD README   fails when what it shows is not what the demo prints

`make readme` calls it after building. The check compares words and layout; digits may differ,
because a time moves by nanoseconds with every change of the kernel. Needs BUILD's kymo and demo
images.
"""
import re
import subprocess
import sys

BEGIN = "<!-- demo: made by `make readme`, do not edit -->"
END = "<!-- end of demo -->"


def demo_output(build):
    done = subprocess.run(["sh", "scripts/demo.sh", build], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"readme.py: the demo ended with status {done.returncode}\n{done.stderr}")
    text = done.stdout.replace(build + "/", "build/")
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


def split(text, path):
    """README before, inside and after the markers."""
    match = re.fullmatch(rf"(.*{re.escape(BEGIN)}\n)(.*)({re.escape(END)}.*)", text, re.S)
    if not match:
        sys.exit(f"readme.py: {path} lacks the lines `{BEGIN}` and `{END}`")
    return match.groups()


def shape(text):
    """What must agree: everything but the numbers, the bars they draw, and the blanks around."""
    return re.sub(r"\s+", " ", re.sub(r"[\d.]+|[^\x00-\x7f]+|[-=#.|]{2,}", "0", text)).strip()


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    build, path = arguments
    with open(path, encoding="utf-8") as f:
        before, inside, after = split(f.read(), path)
    block = f"```text\n{demo_output(build)}\n```\n"
    if "--check" in sys.argv:
        if shape(inside) != shape(block):
            sys.exit(f"readme.py: {path} does not show what the demo prints; run `make readme`\n"
                     f"--- shown\n{inside}--- printed\n{block}")
        return
    if inside != block:
        with open(path, "w", encoding="utf-8") as f:
            f.write(before + block + after)


if __name__ == "__main__":
    main()
