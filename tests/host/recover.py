#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`kymo recover`: what it finds in memory against what the plugin saw of the same run.

usage: recover.py FOLDER-OF-KYMO IMAGE.elf OTHER.elf [recover:NAME]

Under icount two runs are the same run, so the events that a RAM file holds at the end must be the
newest of those that the plugin captured: number, time and every field. A core and a raw dump of
the same memory must give the same trace; a picture of another build none.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

HOST, IMAGE, OTHER = (os.path.abspath(p) for p in sys.argv[1:4])
KYMO = HOST + "/kymo"
BASE, SIZE = 0x80000000, 128 << 20


def kymo(*args, status=0):
    done = subprocess.run([KYMO, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    assert status is None or done.returncode == status, (args, done.returncode, done.stderr)
    return done.stdout, done.stderr, done.returncode


def events(trace):
    rows = [json.loads(x) for x in kymo("print", "--json", trace)[0].splitlines()]
    keep = ("time", "seq", "event", "hart")
    return [{**{k: r[k] for k in keep},
             **{k: v for k, v in r["fields"].items() if not k.endswith("_name")}}
            for r in rows if "event" in r]


def make_ram(path):
    backend = f"memory-backend-file,id=m,size=128M,mem-path={path},share=on"
    subprocess.run(["qemu-system-riscv32", "-M", "virt,memory-backend=m", "-m", "128M", "-object",
                    backend, "-nographic", "-bios", "none", "-icount", "shift=0,sleep=off",
                    "-seed", "1", "-kernel", IMAGE], stdin=subprocess.DEVNULL, check=True,
                   stdout=subprocess.DEVNULL, timeout=60)


def used(path):
    """The part of memory that is not zero at its end."""
    with open(path, "rb") as f:
        data = f.read(4 << 20)
    return data.rstrip(b"\0") + b"\0" * 64


def core(data, pieces):
    """An ELF core of a 32-bit RISC-V machine, the memory in `pieces` segments."""
    cut = len(data) // pieces // 4 * 4
    parts = [data[i * cut:(i + 1) * cut if i + 1 < pieces else len(data)] for i in range(pieces)]
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 4, 243, 1, 0, 52, 0, 0, 52, 32,
                       pieces, 0, 0, 0)
    offset, at, table, body = 52 + 32 * pieces, BASE, b"", b""
    for p in parts:
        table += struct.pack("<IIIIIIII", 1, offset, at, at, len(p), len(p), 6, 4)
        offset, at, body = offset + len(p), at + len(p), body + p
    return head + table + body


def t_newest_of_the_whole():
    kymo("recover", "-o", where + "/a.kymo", IMAGE, ram)
    kymo("run", "-q", "-o", where + "/whole.kymo", IMAGE)
    a, whole = events(where + "/a.kymo"), events(where + "/whole.kymo")
    assert 50 < len(a) < len(whole) and a == whole[-len(a):]
    lost = json.loads(kymo("info", "--json", where + "/a.kymo")[0])["lost"]
    assert lost[0]["cause"] == "overwritten" and lost[0]["events"] == len(whole) - len(a)


def t_core_and_raw_agree():
    data = used(ram)
    kymo("recover", "-o", where + "/a.kymo", IMAGE, ram)
    pictures = (("core1", core(data, 1), []), ("core7", core(data, 7), []), ("raw", data, []),
                ("part", data[4096:], ["--base", "0x80001000"]))
    for name, content, options in pictures:
        with open(f"{where}/{name}", "wb") as f:
            f.write(content)
        kymo("recover", "-o", where + "/b.kymo", *options, IMAGE, f"{where}/{name}")
        with open(where + "/a.kymo", "rb") as a, open(where + "/b.kymo", "rb") as b:
            assert a.read() == b.read(), name


def packets(path):
    """The container's packets as they are in the file, header and padding included."""
    with open(path, "rb") as f:
        data = f.read()
    at = 16
    while at < len(data):
        size = (24 + struct.unpack_from("<I", data, at + 8)[0] + 7) // 8 * 8
        yield struct.unpack_from("<H", data, at + 4)[0], data[at:at + size]
        at += size


def t_stream():
    kymo("run", "-q", "-o", where + "/whole.kymo", IMAGE)
    sent = [raw for kind, raw in packets(where + "/whole.kymo") if kind in (5, 6)]
    whole = events(where + "/whole.kymo")
    with open(where + "/stream", "wb") as f:
        f.write(b"".join(sent))
    kymo("recover", "-o", where + "/s.kymo", IMAGE, where + "/stream")
    assert len(sent) > 3 and events(where + "/s.kymo") == whole
    with open(where + "/stream", "wb") as f:  # noise, another phase, a packet lost, one cut
        f.write(b"KYPK boot text\n" + sent[0] + b"hello" + sent[1][:100])
        f.write(b"\r\n".join(sent[2:]))
    err = kymo("recover", "-o", where + "/s.kymo", IMAGE, where + "/stream")[1]
    some = events(where + "/s.kymo")
    lost = json.loads(kymo("info", "--json", where + "/s.kymo")[0])["lost"]
    assert " are missing, 1" in err and len(some) + lost[0]["events"] == len(whole), (err, lost)
    assert [e for e in whole if e in some] == some


def t_two_builds():
    out = where + "/none.kymo"
    err = kymo("recover", "-o", out, OTHER, ram, status=125)[1]
    assert "two builds" in err and err.count("\n") == 1 and not os.path.exists(out), err


def t_bad_input():
    for image, memory in ((IMAGE, IMAGE), (IMAGE, "/dev/null"), (IMAGE, where), (IMAGE, "/no/file"),
                          ("/bin/ls", ram), (IMAGE, "/bin/ls"), ("/no/file", ram)):
        err = kymo("recover", "-o", where + "/x.kymo", image, memory, status=125)[1]
        assert err.count("\n") == 1 and err.startswith("kymo recover: "), err
    assert "No such file" in kymo("recover", "-o", "/no/folder/x.kymo", IMAGE, ram, status=125)[1]


def t_damaged_memory():
    """Wild pointers went through memory: an error, or a trace that reads to its end."""
    clean, rng = bytearray(used(ram)), random.Random(1)
    for n in range(120):
        data = bytearray(clean)
        for _ in range(rng.randrange(1, 40)):
            at = rng.randrange(0x7000, len(data) - 4)  # behind the code
            data[at:at + 4] = rng.randbytes(4)
        if n % 5 == 0:
            del data[rng.randrange(len(data)):]
        with open(where + "/bad", "wb") as f:
            f.write(data or b"x")
        _, err, status = kymo("recover", "-o", where + "/x.kymo", IMAGE, where + "/bad",
                              status=None)
        assert status in (0, 125), (n, status, err)
        if status == 0:
            out = kymo("info", "--json", where + "/x.kymo", status=None)
            assert out[2] in (0, 125), (n, out)


def main():
    tests = {k[2:]: v for k, v in sorted(globals().items()) if k.startswith("t_")}
    want = sys.argv[4] if len(sys.argv) > 4 else ""
    if want:
        tests = {want.split(":")[1]: tests[want.split(":")[1]]}
    bad = 0
    for name, test in tests.items():
        try:
            test()
        except Exception as e:  # pylint: disable=broad-except
            bad += 1
            print(f"FAIL recover:{name}: {type(e).__name__}: {str(e)[:600]}")
    print(f"recover: {len(tests) - bad} passed, {bad} failed")
    return 1 if bad else 0


with tempfile.TemporaryDirectory() as where:
    ram = where + "/ram"
    make_ram(ram)
    sys.exit(main())
