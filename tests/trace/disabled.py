#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiled out means gone: the kernel built with CONFIG_DEBUG_TRACE=0 against a copy whose trace
calls were removed by the preprocessor.

usage: disabled.py WORKDIR SOURCE.. -- COMPILER FLAG..

For each source file, two objects at the given flags (-g taken out): one with CONFIG_DEBUG_TRACE=0,
and one where <trace.h> and <sys/debug_trace.h> are replaced by headers that define every writer,
control call and TRACE_ONLY as nothing. Their allocated sections and relocations must be the same,
byte for byte. Also counts how many calls were removed, and that the traced build differs: else the
comparison would prove nothing."""
import os
import re
import struct
import subprocess
import sys

CONTROL = """trace_init trace_start trace_stop trace_set_mask trace_clear trace_freeze
trace_set_mode
trace_sync_check trace_sync_now trace_get_stats debug_trace_init debug_trace_event
debug_clear_events debug_dump_events trace_name_kind trace_name_task trace_mark trace_counter
trace_span_begin
trace_span_end trace_log trace_name""".split()


def stubs(root, folder):
    with open(os.path.join(root, "trace/events.def")) as f:
        names = re.findall(r"^TRACE_EVENT\(\w+, \d+, (\w+),", f.read(), re.M)
    lines = ["#pragma once", "#define TRACE_ONLY(...)"]
    for name in names:
        lines += [f"#define trace_{name}_{how}(...) ((void) 0)" for how in ("off", "any")]
    lines += [f"#define {name}(...) ((void) 0)" for name in CONTROL]
    os.makedirs(os.path.join(folder, "sys"), exist_ok=True)
    with open(os.path.join(folder, "trace.h"), "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(folder, "sys/debug_trace.h"), "w") as f:
        f.write('#pragma once\n#include "trace.h"\n')
    return names


def sections(path):
    """name -> (flags, bytes, relocations) of the allocated sections of an ELF32 object."""
    data = open(path, "rb").read()
    shoff, = struct.unpack_from("<I", data, 32)
    entsize, count, strndx = struct.unpack_from("<HHH", data, 46)
    head = [struct.unpack_from("<10I", data, shoff + i * entsize) for i in range(count)]

    def text(table, at):
        start = head[table][4] + at
        return data[start:data.index(b"\0", start)].decode()

    def symbol(table, i):
        at = head[table][4] + 16 * i
        name, value, _, info, _, index = struct.unpack_from("<IIIBBH", data, at)
        if info & 15 == 3:
            return text(strndx, head[index][0])
        label = text(head[table][6], name)
        # local labels carry numbers that depend on what came before them: place says more
        return f"{text(strndx, head[index][0])}+{value}" if label.startswith(".L") else label

    out = {}
    for i, h in enumerate(head):
        if not h[2] & 2:
            continue
        body = b"" if h[1] == 8 else data[h[4]:h[4] + h[5]]
        relocations = []
        for r in head:
            if r[1] == 4 and r[7] == i:
                for at in range(r[4], r[4] + r[5], 12):
                    offset, info, addend = struct.unpack_from("<IIi", data, at)
                    relocations.append((offset, info & 255, symbol(r[6], info >> 8), addend))
        out[text(strndx, h[0])] = (h[1], h[2], h[5], body, relocations)
    return out


def compile_to(path, command, source):
    done = subprocess.run(command + ["-c", source, "-o", path], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{source}: {done.stderr.strip()[:2000]}")
    return sections(path)


def main():
    split = sys.argv.index("--")
    work, sources = sys.argv[1], sys.argv[2:split]
    base = [f for f in sys.argv[split + 1:] if not re.fullmatch(r"-g\d?", f)] + ["-w"]
    base = [f for f in base if "CONFIG_DEBUG_TRACE" not in f]
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    names = stubs(root, os.path.join(work, "stubs"))
    calls = re.compile(r"\b(?:trace_(?:%s)_(?:off|any)|TRACE_ONLY|%s)\("
                       % ("|".join(names), "|".join(CONTROL)))
    passed = failed = removed = traced_differ = 0
    for source in sources:
        removed += len(calls.findall(open(source).read()))
        stem = os.path.join(work, source.replace("/", "_"))
        off = compile_to(stem + ".off.o", base + ["-DCONFIG_DEBUG_TRACE=0"], source)
        first = base[:1] + ["-I" + os.path.join(work, "stubs")]
        gone = compile_to(stem + ".gone.o", first + base[1:] + ["-DCONFIG_DEBUG_TRACE=0"], source)
        on = compile_to(stem + ".on.o", base + ["-DCONFIG_DEBUG_TRACE=1"], source)
        traced_differ += off != on
        if off == gone:
            passed += 1
            continue
        failed += 1
        print(f"FAIL disabled:{source}")
        for name in sorted(set(off) | set(gone)):
            if off.get(name) != gone.get(name):
                print(f"    section {name} differs")
    print(f"    {removed} trace calls removed; {traced_differ} objects differ when traced")
    if removed < 50 or traced_differ < 5:
        print("FAIL disabled: hardly any trace call was found")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
