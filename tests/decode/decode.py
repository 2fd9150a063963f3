#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A decoder written from Documentation/SPEC.md alone, to show that the page says everything.

It shares nothing with libkymo: no code, no tables (the event table comes from the trace),
    no library.
Simple and slow on purpose: it reads the whole file and keeps every event.

usage: decode.py TRACE            one JSON object an event: hart, time, seq, event, fields
"""
import json
import struct
import sys
import zlib

FILE_MAGIC = bytes.fromhex("894B594D4F0D0A1A")
PACKET_MAGIC, BLOCK_MAGIC, CTL_MAGIC = b"KYPK"[::-1], 0x4B42, 0x4B594D4F
META, TABLE, STRINGS, SYMBOLS, BLOCK, OPEN, CONSOLE, COST, END = range(1, 10)


def packets(data):
    """(type, hart, payload) of every packet with a right crc; section 5."""
    if data[:8] != FILE_MAGIC:
        raise ValueError("not a Kymo container")
    at = struct.unpack_from("<H", data, 10)[0]
    while at + 24 <= len(data):
        magic, kind, hart, length, _, crc = struct.unpack_from("<IHHIII", data, at)
        payload = data[at + 24:at + 24 + length]
        good = magic == 0x4B50594B and len(payload) == length
        if good and zlib.crc32(payload, zlib.crc32(data[at:at + 16])) == crc:
            yield kind, hart, payload
            at += 24 + (length + 7) // 8 * 8
        else:
            at = data.find(struct.pack("<I", 0x4B50594B), at + 1)
            if at < 0:
                return


def table(text):
    """code -> (name, first code, fields); section 4."""
    events = {}
    for line in text.replace(b"\0", b"").decode().splitlines():
        code, sub, name, _, *fields = line.split()
        code = int(code, 16)
        for c in range(code, code + (1 << int(sub))):
            events[c] = (name, code, [f.split(":") for f in fields])
    return events


class Block:
    """One block's events; sections 1 and 2."""

    def __init__(self, raw, slots=None, words=None):
        self.slots, self.words, magic, _, self.seq, time = struct.unpack_from("<HHHHII", raw)
        if magic != BLOCK_MAGIC:
            raise ValueError("a block without its magic")
        self.base = time << 24
        if slots is not None:
            self.slots, self.words = slots, words
        self.raw = raw

    def events(self, names):
        time, taken = None, 0
        for i in range(self.slots):
            stamp, word = struct.unpack_from("<II", self.raw, 32 + 8 * i)
            reference = self.base if time is None else time
            time = reference + ((stamp - reference) & 0xFFFFFFFF)
            name, first, fields = names[word & 0xFF]
            values, taken = self.fields(fields, word, first, taken)
            if name == "time_sync":
                time = values["high"] << 32 | stamp
            yield {"time": time, "seq": self.seq + i, "event": name, "fields": values}

    def fields(self, fields, word, first, taken):
        values, sub = {}, (word & 0xFF) - first
        for kind, name, *rest in fields:
            if kind == "S":
                values[name] = sub
            elif kind == "A":
                values[name] = word >> 8 + int(rest[1]) & (1 << int(rest[0])) - 1
            elif kind == "W":
                taken += 1
                values[name] = self.word(taken)
                if rest[0] == "result" and values[name] >> 31:
                    values[name] -= 1 << 32
            else:  # M: as many words as the SUB field says
                values[name] = [self.word(taken + k + 1) for k in range(sub)]
                taken += sub
        return values, taken

    def word(self, n):
        """The n-th payload word, counted from the block's end."""
        return struct.unpack_from("<I", self.raw, len(self.raw) - 4 * n)[0]


def open_block(payload):
    """The block that was open, or None; section 3."""
    magic, _, _, head, tail, _, _, base = struct.unpack_from("<IHHIIHHI", payload)
    raw = payload[64:]
    if magic != CTL_MAGIC or base == 0 or not raw:
        return None
    if base + 32 <= tail <= base + len(raw):
        return Block(raw, (head - base - 32) // 8, (base + len(raw) - tail) // 4)
    block = Block(raw)  # a block change was under way: the header says what is in it
    return block if block.slots else None


def decode(data):
    """Every event of the trace, per hart in order; copies of a block count once."""
    blocks, text = {}, b""
    for kind, hart, payload in packets(data):
        if kind == TABLE:
            text = payload
        elif kind == BLOCK:
            block = Block(payload)
            blocks[hart, block.seq] = block
        elif kind == OPEN:
            block = open_block(payload)
            if block and (hart, block.seq) not in blocks:
                blocks[hart, block.seq] = block
    names = table(text)
    for (hart, _), block in sorted(blocks.items(), key=lambda item: item[0]):
        for event in block.events(names):
            yield {"hart": hart, **event}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for e in decode(open(sys.argv[1], "rb").read()):
        print(json.dumps(e))
