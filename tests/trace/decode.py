#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A decoder of Kymo containers, written from Documentation/SPEC.md and nothing else: the proof
that the page is enough.

usage: decode.py TRACE [IMAGE]              one JSON object per event
       decode.py --compare KYMO TRACE..     the same events as `kymo print --json`? Prints N
                                            passed, ..

IMAGE gives the event table of a trace that carries none (a stream from a drain). Section numbers in
comments are SPEC.md's."""
import json
import struct
import subprocess
import sys
import zlib

FILE_MAGIC = b"\x89KYMO\r\n\x1a"
META, TABLE, STRINGS, SYMBOLS, BLOCK, OPEN = 1, 2, 3, 4, 5, 6


class Damaged(Exception):
    pass


def packets(data):
    """Section 5: (type, hart, payload) of each packet with a right checksum."""
    if data[:8] != FILE_MAGIC:
        raise Damaged("not a container")
    at = struct.unpack_from("<H", data, 10)[0]
    while at + 24 <= len(data):
        magic, kind, hart, length, _, crc, _ = struct.unpack_from("<IHHIIII", data, at)
        body = data[at + 24:at + 24 + length]
        if magic != 0x4B50594B or len(body) != length or zlib.crc32(data[at:at + 16] + body) != crc:
            at = data.find(struct.pack("<I", 0x4B50594B), at + 1)
            if at < 0:
                return
            continue
        yield kind, hart, body
        at += (24 + length + 7) & ~7


class Field:
    def __init__(self, text):
        part = text.split(":")
        self.kind, self.name, self.type = part[0], part[1], part[-1]
        self.bits = int(part[2]) if self.kind in "SA" else 32
        self.shift = int(part[3]) if self.kind == "A" else 0


class Table:
    """Section 4: the event table's text."""

    def __init__(self, text):
        self.codes = {}
        for line in text.replace(b"\0", b"").decode().splitlines():
            code, sub, name, klass, *fields = line.split(" ")
            fields = [Field(f) for f in fields]
            for i in range(1 << int(sub)):
                self.codes[int(code, 16) + i] = (name, klass, i, fields)

    def words(self, code):
        _, _, sub, fields = self.codes[code]
        return sum(sub if f.kind == "M" else f.kind == "W" for f in fields)


def decode_block(block, slots, words, table):
    """Sections 1 and 2: the events of one block as (seq, time, code, argument, payload)."""
    magic, = struct.unpack_from("<H", block, 4)
    seq, time = struct.unpack_from("<II", block, 8)
    if magic != 0x4B42 or 32 + 8 * slots + 4 * words > len(block):
        raise Damaged("block header")
    now, end, out = time << 24, len(block), []
    for i in range(slots):
        stamp, word = struct.unpack_from("<II", block, 32 + 8 * i)
        code, argument = word & 0xFF, word >> 8
        if code not in table.codes:
            raise Damaged(f"code {code:#x}")
        now += (stamp - now) & 0xFFFFFFFF
        if table.codes[code][0] == "time_sync":
            now = argument << 32 | stamp
        payload = []
        for _ in range(table.words(code)):
            end -= 4
            payload.append(struct.unpack_from("<I", block, end)[0])
        out.append(((seq + i) & 0xFFFFFFFF, now, code, argument, payload))
    return out


def open_counts(control, block_bytes):
    """Section 3: slots and words of the open block, from the control block before it."""
    head, tail = struct.unpack_from("<II", control, 8)
    at, = struct.unpack_from("<I", control, 20)
    if at and at + 32 <= tail <= at + block_bytes:
        return (head - at - 32) // 8, (at + block_bytes - tail) // 4
    return None  # none open, or a block change is under way: the header says it


def signed(v):
    return v - (1 << 32) if v & 0x80000000 else v


def values(table, code, argument, payload):
    name, klass, sub, fields = table.codes[code]
    out, at = {}, 0
    for f in fields:
        if f.kind == "S":
            v = sub
        elif f.kind == "A":
            v = argument >> f.shift & ((1 << f.bits) - 1)
        elif f.kind == "W":
            v, at = payload[at], at + 1
        elif f.kind == "M":
            v, at = payload[at:], len(payload)
        else:
            continue
        out[f.name] = signed(v) if f.type == "result" and f.kind == "W" else v
    return name, klass, out


def section(image, name):
    """A section of an ELF32 image."""
    shoff, = struct.unpack_from("<I", image, 32)
    size, count, names = struct.unpack_from("<HHH", image, 46)
    head = [struct.unpack_from("<10I", image, shoff + i * size) for i in range(count)]
    for h in head:
        at = head[names][4] + h[0]
        if image[at:image.index(b"\0", at)].decode() == name:
            return image[h[4]:h[4] + h[5]]
    return b""


def decode(path, image=None):
    data = open(path, "rb").read()
    table, seen = None, {}
    if image:
        elf = open(image, "rb").read()
        table = Table(section(elf, ".trace_info") + section(elf, ".trace_info_user"))
    for kind, hart, body in packets(data):
        if kind == TABLE and not table:
            table = Table(body)
        if kind not in (BLOCK, OPEN):
            continue
        block = body if kind == BLOCK else body[64:]
        slots, words = struct.unpack_from("<HH", block)
        if kind == OPEN:
            slots, words = open_counts(body, len(block)) or (slots, words)
        for event in decode_block(block, slots, words, table):
            seen.setdefault((hart, event[0]), event)  # the same block may be there twice
    for (hart, seq), (_, time, code, argument, payload) in sorted(
            seen.items(), key=lambda e: (e[1][1], e[0])):
        name, klass, fields = values(table, code, argument, payload)
        yield {"time": time, "hart": hart, "seq": seq, "event": name, "class": klass,
               "fields": fields}


def of_kymo(kymo, path):
    done = subprocess.run([kymo, "print", "--json", "--counts", "--seq", path], check=True,
                          capture_output=True, text=True, timeout=60)
    for line in done.stdout.splitlines():
        e = json.loads(line)
        if "event" in e and "seq" in e:
            yield e


def differs(ours, theirs):
    for key in ("time", "hart", "seq", "event", "class"):
        if ours[key] != theirs[key]:
            return key
    for name, v in ours["fields"].items():
        w = theirs["fields"].get(name)
        if isinstance(w, str):  # text fields: four characters
            w, v = w.rstrip("\0"), struct.pack("<I", v).rstrip(b"\0").decode("utf-8", "replace")
        if isinstance(v, list) and not isinstance(w, list):
            continue
        if v != w:
            return f"field {name}: {v}, kymo says {w}"
    return None


def compare(kymo, paths):
    failed = 0
    for path in paths:
        ours, theirs = list(decode(path)), list(of_kymo(kymo, path))
        why = None if len(ours) == len(theirs) else f"{len(ours)} events, kymo has {len(theirs)}"
        for a, b in zip(ours, theirs):
            why = why or differs(a, b)
            if why:
                why = f"event {a['seq']} ({a['event']}): {why}"
                break
        if not why and len(ours) < 20:
            why = f"only {len(ours)} events: proves little"
        if why:
            failed += 1
            print(f"FAIL decode:{path}: {why}")
        else:
            print(f"    {path}: {len(ours)} events agree")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return failed != 0


def main():
    if sys.argv[1:2] == ["--compare"]:
        sys.exit(compare(sys.argv[2], sys.argv[3:]))
    for event in decode(*sys.argv[1:]):
        print(json.dumps(event))


if __name__ == "__main__":
    main()
