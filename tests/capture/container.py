# SPDX-License-Identifier: MIT
"""Reads a container and its blocks as SPEC.md sections 1, 2, 3 and 5 say, and nothing else.
Strict: what a correct capture never writes is an error. Used by tests/capture/run.py; shares no
code with tools/kymo."""
import struct
import zlib

MAGIC = b"\x89KYMO\r\n\x1a"
META, TABLE, STRINGS, SYMBOLS, BLOCK, OPEN, CONSOLE, COST, END = range(1, 10)
WORDS = {0xB8: 1, 0x07: 2}  # payload words of the events that the test guest writes


class Bad(Exception):
    pass


def need(ok, text):
    if not ok:
        raise Bad(text)


def packets(data, cut=False):
    """(type, hart, payload) of each packet; `cut`: the last one may be incomplete."""
    need(data[:8] == MAGIC and data[8:16] == struct.pack("<HHI", 1, 16, 0), "file header")
    at, index, out = 16, 0, []
    while at < len(data):
        if cut and len(data) - at < 24:
            break
        need(len(data) - at >= 24, "cut header at %d" % at)
        magic, kind, hart, length, number, crc, zero = struct.unpack_from("<IHHIIII", data, at)
        need(magic == 0x4B50594B and zero == 0 and number == index, "packet header at %d" % at)
        end = at + 24 + (length + 7) // 8 * 8
        if cut and end > len(data):
            break
        need(end <= len(data), "cut packet at %d" % at)
        payload = data[at + 24:at + 24 + length]
        need(zlib.crc32(data[at:at + 16] + payload) == crc, "crc at %d" % at)
        need(not any(data[at + 24 + length:end]), "padding at %d" % at)
        out.append((kind, hart, payload))
        at, index = end, index + 1
    return out


def keys(payload):
    return dict(line.split("=", 1) for line in payload.decode().splitlines())


def slots(block, count, tail):
    """[(time, code, argument, words)] of the first `count` slots; payload words end at offset
    `tail`."""
    base = struct.unpack_from("<I", block, 12)[0] << 24
    time, at, out = base, len(block), []
    for i in range(count):
        stamp, word = struct.unpack_from("<II", block, 32 + 8 * i)
        time += (stamp - time) & 0xFFFFFFFF
        n = WORDS[word & 255]
        at -= 4 * n
        need(at >= tail and at >= 32 + 8 * count, "payload words of slot %d" % i)
        out.append((time, word & 255, word >> 8, struct.unpack_from("<%dI" % n, block, at)[::-1]))
    return out, (at - tail) // 4


class Trace:
    """meta, end (dicts; end None if absent), events [(seq, time, code, argument, words)], console
    (bytes)."""

    def __init__(self, path, cut=False):
        with open(path, "rb") as f:
            self.packets = packets(f.read(), cut)
        kinds = [p[0] for p in self.packets]
        need(kinds[:4] == [META, TABLE, STRINGS, SYMBOLS], "first packets are %s" % kinds[:4])
        need(cut or kinds[-1] == END, "no END packet")
        self.meta, self.events, self.end, self.first = keys(self.packets[0][2]), [], None, None
        self.console = b"".join(p[2] for p in self.packets if p[0] == CONSOLE)
        for kind, _, payload in self.packets:
            if kind == BLOCK:
                self.add(payload, *struct.unpack_from("<HH", payload))
            elif kind == OPEN:
                self.open(payload)
            elif kind == END:
                self.end = keys(payload)

    def add(self, block, count, words):
        need(struct.unpack_from("<H", block, 4)[0] == 0x4B42, "block magic")
        need(count >= 1, "closed block without slots")
        found, left = slots(block, count, len(block) - 4 * words)
        need(left == 0, "%d payload words too many" % left)
        self.take(struct.unpack_from("<I", block, 8)[0], found)

    def open(self, payload):
        ctl, block = payload[:64], payload[64:]
        head, tail, at = struct.unpack_from("<II", ctl, 8) + struct.unpack_from("<I", ctl, 20)
        need(struct.unpack_from("<I", ctl)[0] == 0x4B594D4F, "control block magic")
        self.ctl = ctl
        if not block:
            return
        if not at < tail <= at + len(block):
            count, words = struct.unpack_from("<HH", block)  # a block change was under way
            if count and self.next() != struct.unpack_from("<I", block, 8)[0] + count:
                self.add(block, count, words)
            return
        found, left = slots(block, (head - at - 32) // 8, tail - at)
        need(left <= 2, "%d payload words too many in the open block" % left)
        self.take(struct.unpack_from("<I", block, 8)[0], found)

    def next(self):
        return self.events[-1][0] + 1 if self.events else None

    def take(self, seq, found):
        need(self.next() in (None, seq), "event %d follows %s" % (seq, self.next()))
        for event in found:
            need(not self.events or event[0] >= self.events[-1][1], "time goes back at event %d"
                 % seq)
            self.events.append((seq,) + event)
            seq += 1
