# SPDX-License-Identifier: MIT
"""Containers of Documentation/SPEC.md, written and read by the shortest code that follows the
page.

Independent of libkymo on purpose: what it reads is what the exporters are compared with. It
knows only sound containers (libkymo's own tests are about broken ones).

    w = Writer(harts=1); w.event(0, time, 'task_switch', state=3, next=5); w.drop_block(0)
    w.save('t.kymo')
    r = Reader('t.kymo'); for item in r.items: ...   # Event or Gap, ordered by time over all harts
"""
import os
import re
import struct
import zlib
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
Field = namedtuple('Field', 'kind name bits shift type')
Desc = namedtuple('Desc', 'code sub name klass fields')
Event = namedtuple('Event', 'time hart name fields code')
Gap = namedtuple('Gap', 'time to hart events cause')
Head = namedtuple('Head', 'time hart running depth causes level')


def table_text():
    """The text of .trace_info, from trace/events.def."""
    text = open(os.path.join(ROOT, 'trace', 'events.def')).read()
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    out = []
    for m in re.finditer(
        r'TRACE_EVENT\((0x[0-9A-F]+), (\d), (\w+), (\w+), "[^"]*"((?:, \([^)]*\))*)\)', text
    ):
        fields = []
        for f in re.findall(r'\(([^)]*)\)', m.group(5)):
            p = [x.strip() for x in f.split(',')]
            letter = {'SUB': 'S', 'ARG': 'A', 'WORD': 'W', 'MORE': 'M', 'NONE': None}[p[0]]
            if letter:
                fields.append(':'.join([letter] + p[1:]))
        out.append(
            ' '.join(['0x%02X' % int(m.group(1), 16), m.group(2), m.group(3), m.group(4)] + fields)
        )
    assert len(out) > 80
    return '\n'.join(out) + '\n'


def parse_table(text):
    descs = {}
    for line in text.replace('\0', '').split('\n'):
        if not line:
            continue
        code, sub, name, klass, *rest = line.split(' ')
        fields = []
        for f in rest:
            p = f.split(':')
            if p[0] == 'S':
                fields.append(Field('S', p[1], int(p[2]), 0, p[3]))
            elif p[0] == 'A':
                fields.append(Field('A', p[1], int(p[2]), int(p[3]), p[4]))
            else:
                fields.append(Field(p[0], p[1], 32, 0, p[2]))
        d = Desc(int(code, 0), int(sub), name, klass, fields)
        for c in range(d.code, d.code + (1 << d.sub)):
            descs[c] = d
    return descs


def fnv1a(data):
    h = 0x811C9DC5
    for b in data:
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    return h


class HartWriter:
    def __init__(self, hart, block_size, table_hash):
        self.hart, self.size, self.table_hash = hart, block_size, table_hash
        self.blocks = []  # payload or None where it was dropped
        self.seq = 0
        self.running, self.depth, self.causes, self.level = 0xFFFF, 0, 0, 0xFF
        self.last = 0
        self.slots = None
        self.dropping = False

    def open(self, time):
        self.head = (self.seq, time, self.running, self.depth, self.level, self.causes)
        self.slots, self.words = [], []

    def close(self):
        if self.slots is None:
            return
        seq, time, running, depth, level, causes = self.head
        h = struct.pack(
            '<4H2IH2BI2HI',
            len(self.slots),
            len(self.words),
            0x4B42,
            0xFFFF,
            seq & 0xFFFFFFFF,
            time >> 24,
            running,
            depth,
            level,
            causes,
            self.hart,
            1,
            self.table_hash,
        )
        body = b''.join(struct.pack('<II', *s) for s in self.slots)
        tail = b''.join(struct.pack('<I', w) for w in reversed(self.words))
        pad = self.size - 32 - len(body) - len(tail)
        self.blocks.append(None if self.dropping else h + body + b'\0' * pad + tail)
        self.slots = None
        self.dropping = False

    def put(self, time, code, arg, words):
        if (
            self.slots is not None
            and 32 + 8 * len(self.slots) + 4 * len(self.words) + 8 + 4 * len(words) > self.size
        ):
            self.close()
        if self.slots is None:
            self.open(time)
        self.slots.append((time & 0xFFFFFFFF, code | arg << 8))
        self.words += words
        self.seq += 1


class Writer:
    def __init__(
        self, harts=1, block_size=2048, clock_hz=1000000000, image='synthetic.elf', own=''
    ):
        kernel = table_text()
        self.table = kernel + own  # an application's lines are not hashed
        self.names = {d.name: d for d in parse_table(self.table).values()}
        hash_ = fnv1a(kernel.encode())
        self.harts = [HartWriter(n, block_size, hash_) for n in range(harts)]
        self.meta = dict(
            format=1,
            kymo='0.1',
            image=image,
            build_id='00' * 20,
            table_hash='%08x' % hash_,
            clock='mcycle',
            clock_hz=clock_hz,
            block_size=block_size,
            harts=harts,
            capture='plugin',
            icount_shift=0,
        )
        self.strings = b'\0'
        self.symbols = []

    def tag(self, text):
        data = text.encode() + b'\0'
        at = self.strings.find(b'\0' + data)
        if at >= 0:
            return at + 1
        at = len(self.strings)
        self.strings += data
        return at

    def event(self, hart, time, name, **v):
        h, d = self.harts[hart], self.names[name]
        if time - h.last >= 1 << 31:
            h.put(time, self.names['time_sync'].code, time >> 32 & 0xFFFFFF, [])
        code, arg, words = d.code, 0, []
        for f in d.fields:
            x = v.pop(f.name) if f.kind != 'M' else 0
            if f.kind == 'S':
                code |= x
            elif f.kind == 'A':
                assert 0 <= x < 1 << f.bits
                arg |= x << f.shift
            elif f.kind == 'W':
                words.append(x & 0xFFFFFFFF)
            else:
                words += [a & 0xFFFFFFFF for a in v.pop('args')]
        assert not v, v
        h.put(time, code, arg, words)
        h.last = time

    def drop_block(self, hart):
        """The block open now will be lost."""
        self.harts[hart].dropping = True

    def save(self, path, end=None):
        for h in self.harts:
            h.close()
        packets = [
            (1, 0, ''.join('%s=%s\n' % kv for kv in self.meta.items()).encode()),
            (2, 0, self.table.encode()),
            (3, 0, self.strings),
            (4, 0, ''.join('%08x %x %s %s\n' % s for s in self.symbols).encode()),
        ]
        order = []
        for n, h in enumerate(self.harts):
            order += [(struct.unpack_from('<I', b, 12)[0], n, b) for b in h.blocks if b]
        packets += [(5, n, b) for _, n, b in sorted(order, key=lambda x: x[:2])]
        packets.append(
            (9, 0, b'reason=poweroff\nexit=0\ntime=%d\n' % (end or max(h.last for h in self.harts)))
        )
        with open(path, 'wb') as f:
            f.write(b'\x89KYMO\r\n\x1a' + struct.pack('<HHI', 1, 16, 0))
            for i, (kind, hart, data) in enumerate(packets):
                head = struct.pack('<IHHII', 0x4B50594B, kind, hart, len(data), i)
                f.write(
                    head
                    + struct.pack('<II', zlib.crc32(head + data), 0)
                    + data
                    + b'\0' * (-len(data) % 8)
                )


class Reader:
    def __init__(self, path):
        data = open(path, 'rb').read()
        assert data[:8] == b'\x89KYMO\r\n\x1a'
        at, blocks, self.meta, self.strings, self.end = 16, {}, {}, b'', {}
        while at + 24 <= len(data):
            magic, kind, hart, length, _, crc, _ = struct.unpack_from('<IHHIIII', data, at)
            body = data[at + 24 : at + 24 + length]
            assert magic == 0x4B50594B and crc == zlib.crc32(data[at : at + 16] + body)
            if kind == 1:
                self.meta = dict(x.split('=', 1) for x in body.decode().split('\n') if x)
            elif kind == 2:
                self.descs = parse_table(body.decode())
            elif kind == 3:
                self.strings = body
            elif kind == 5:
                blocks.setdefault(hart, []).append(body)
            elif kind == 6:
                blocks.setdefault(hart, []).append(self.open_block(body))
            elif kind == 9:
                self.end = dict(x.split('=', 1) for x in body.decode().split('\n') if x)
            at += 24 + (length + 7 & ~7)
        self.hz = int(self.meta['clock_hz'])
        items = []
        for hart, bs in sorted(blocks.items()):
            items += self.decode(hart, [b for b in bs if b])
        self.items = sorted(items, key=lambda x: (x.time, x.hart))

    @staticmethod
    def open_block(body):
        """The open block of an OPEN packet with its counts filled in, as a closed one would have
        them."""
        head, tail = struct.unpack_from('<2I', body, 8)
        (block,) = struct.unpack_from('<I', body, 20)
        b = bytearray(body[64:])
        if not block or len(b) < 32 or head == block + 32:
            return None
        struct.pack_into('<2H', b, 0, (head - block - 32) // 8, (block + len(b) - tail) // 4)
        return bytes(b)

    def decode(self, hart, blocks):
        out, expect, now = [], 0, 0
        for b in blocks:
            slots, words, magic, _, seq, time, running, depth, level, causes = struct.unpack_from(
                '<4H2IH2BI', b, 0
            )
            assert magic == 0x4B42 and slots
            base = time << 24
            first = base + (struct.unpack_from('<I', b, 32)[0] - base & 0xFFFFFFFF)
            if seq != expect:
                out.append(
                    Gap(
                        now if out else first, first, hart, seq - expect & 0xFFFFFFFF, 'overwritten'
                    )
                )
            if depth == 0xFF:
                depth = sum(causes >> shift & 0xFF != 0 for shift in (0, 8, 16, 24))
            out.append(Head(first, hart, running, depth, causes, level))
            now = base
            w = len(b) - 4
            for i in range(slots):
                stamp, codearg = struct.unpack_from('<II', b, 32 + 8 * i)
                now += (stamp - now) & 0xFFFFFFFF
                code, arg = codearg & 0xFF, codearg >> 8
                d, fields = self.descs[code], {}
                for f in d.fields:
                    if f.kind == 'S':
                        fields[f.name] = code & (1 << f.bits) - 1
                    elif f.kind == 'A':
                        fields[f.name] = arg >> f.shift & (1 << f.bits) - 1
                    elif f.kind == 'W':
                        fields[f.name] = struct.unpack_from('<I', b, w)[0]
                        w -= 4
                    else:
                        for k in range(code & (1 << d.sub) - 1):
                            fields['arg%d' % k] = struct.unpack_from('<I', b, w)[0]
                            w -= 4
                if d.name == 'time_sync':
                    now = max(now, now & ~(0xFFFFFF << 32) | fields['high'] << 32)
                out.append(Event(now, hart, d.name, fields, code))
            expect = seq + slots
        return out
