#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the inlined writers of an image address the control block through gp, one instruction each?

usage: sites.py IMAGE OBJDUMP

Between the first and the last instruction of each site (section .debug_trace_sites: address, kind)
there must be no `auipc` but the one into tp, and loads and stores of trace_ctl must have gp as
their base. With gp out of reach an event costs two instructions more, and nothing else would tell.
"""
import re
import struct
import subprocess
import sys


def section(image, name):
    shoff, = struct.unpack_from("<I", image, 32)
    size, count, names = struct.unpack_from("<HHH", image, 46)
    head = [struct.unpack_from("<10I", image, shoff + i * size) for i in range(count)]
    for h in head:
        at = head[names][4] + h[0]
        if image[at:image.index(b"\0", at)].decode() == name:
            return image[h[4]:h[4] + h[5]]
    sys.exit(f"no section {name}")


def main():
    image, objdump = sys.argv[1:3]
    sites = section(open(image, "rb").read(), ".debug_trace_sites")
    sites = sorted(set(struct.iter_unpack("<II", sites)))
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", image], check=True,
                          capture_output=True, text=True).stdout
    code = [(int(m[1], 16), m[2], m[3] or "") for m in
            re.finditer(r"^ *([0-9a-f]+):\t(\S+)(?:\t(.*))?$", text, re.M)]
    index = {address: i for i, (address, _, _) in enumerate(code)}
    writers = failed = split = 0
    for address, kind in sites:
        if kind not in (0, 2) or address not in index:
            continue
        writers += 1
        i, reached = index[address], 0
        end = {a for a, k in sites if k == kind + 1 and a > address}
        while code[i][0] not in end and i < index[address] + 60:
            _, op, operands = code[i]
            if op == "auipc" and not operands.startswith("tp"):
                failed += 1
                print(f"FAIL sites:{address:x}: {op} {operands}")
            reached += "trace_ctl" in operands and "(gp)" in operands
            i += 1
        if reached < 4:
            split += 1  # the compiler may tear a writer apart; what is left is looked at
        if reached < 1:
            failed += 1
            print(f"FAIL sites:{address:x}: {reached} accesses through gp")
    if writers < 50 or split > writers // 10:
        failed += 1
        print(f"FAIL sites: {writers} writers found, {split} of them incomplete")
    print(f"    {writers} writers, {split} torn apart by the compiler")
    print(f"{writers - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
