# SPDX-License-Identifier: MIT
"""Tests of `kymo run`. Every test is a function `test_NAME`; `run.py BUILD NAME...` reruns just
these, a name may carry a number after a colon where a test draws random moments: `kill_qemu:7`.

The guests (guest.c) write marks that count 0, 1, 2, ..: whatever the way a run ended, its trace
must hold a gapless stretch of them that starts at 0 (whole capture) or ends at the newest (flight
recorder). After each test no QEMU may be left."""
import filecmp
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from container import Bad, Trace, need, packets as read_packets

BUILD, HERE = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
KYMO = os.path.abspath(BUILD + "/host/kymo")
DEADLOCK = os.path.abspath(BUILD + "/target/deadlock.elf")
GUEST = os.path.abspath(BUILD + "/capture")
LIMIT = 60  # seconds a run may take


class Run:
    def __init__(self, args, wait=True, stdout=subprocess.PIPE, env=None, before=None,
                 stdin=subprocess.DEVNULL):
        environment = dict(os.environ, **(env or {}))
        self.p = subprocess.Popen([KYMO, "run"] + args, stdin=stdin, stdout=stdout,
                                  stderr=subprocess.PIPE,
                                  env=environment, preexec_fn=before)
        if wait:
            self.wait()

    def wait(self):
        try:
            self.out, self.err = self.p.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.communicate()
            raise Bad("hang")
        self.status, self.err = self.p.returncode, self.err.decode()
        return self


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


def running(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def gone(pid):
    for _ in range(200):
        if not running(pid):
            return True
        time.sleep(0.02)
    return False


def same(a, b):
    need(filecmp.cmp(a, b, shallow=False), "two runs differ")


def marks(trace):
    return [e[4][0] for e in trace.events if e[2] == 0xB8]


def check_marks(trace, count=None, first=0):
    found = marks(trace)
    need(found == list(range(first, first + len(found))), "marks are not gapless from %d" % first)
    need(trace.events[0][0] == first, "first event has number %d, not %d"
         % (trace.events[0][0], first))
    need(count is None or len(found) == count, "%d marks, not %s" % (len(found), count))
    return found


def one_line(run, status, *words):
    need(run.status == status, "status %d, not %d: %s" % (run.status, status, run.err))
    need(run.err.count("\n") == 1, "not one line: %s" % run.err)
    for word in words:
        need(word in run.err, "`%s` is not in: %s" % (word, run.err))


def guest(name):
    return "%s/%s.elf" % (GUEST, name)


def said(count):
    return "".join("mark %d\n" % i for i in range(0, count, 1000)).encode()


def test_whole():
    """Everything is captured, the console passes through and is kept, and a second run gives the
    same file."""
    a, b = Run([guest("plain"), "-o", "a.kymo"]), Run([guest("plain"), "-o", "b.kymo"])
    need(a.status == 0 and b.status == 0, a.err + b.err)
    t = Trace("a.kymo")
    check_marks(t, 10000)
    need(a.out == t.console == said(10000), "console")
    need(t.end["reason"] == "poweroff" and t.end["exit"] == "0", str(t.end))
    need(int(t.end["time"]) >= t.events[-1][1], "end is before the last event")
    same("a.kymo", "b.kymo")


def test_names():
    """No path, host name or process id; build id, members and heap pointers by name."""
    shutil.copy(guest("plain"), "sub,dir.elf")
    need(Run(["sub,dir.elf", "-q"]).status == 0, "status")
    t = Trace("sub,dir.kymo")
    symbols = b"".join(p[2] for p in t.packets if p[0] == 4).decode()
    need(t.meta["image"] == "sub,dir.elf" and re.fullmatch("[0-9a-f]{40}", t.meta["build_id"]),
         str(t.meta))
    need(re.search(r"^8[0-9a-f]{7} [0-9a-f]+ f main tests/capture/guest\.c:\d+$", symbols, re.M),
         "main with its line")
    need(re.search(r"^8[0-9a-f]{7} 8 o board\.pair\[1\] ", symbols, re.M), "member of a structure")
    need(re.search(r"^8[0-9a-f]{7} 8 o board\.lock ", symbols, re.M),
         "member at the beginning of a structure")
    need(re.search(r"^8[0-9a-f]{7} 8 o alone ", symbols, re.M) and "inside" not in symbols,
         "an object's inside")
    need("80800000 0 o board.heap\n" in symbols, "heap object")
    for word in (os.getcwd().encode(), HERE.encode(), os.uname().nodename.encode()):
        need(word not in open("sub,dir.kymo", "rb").read(), "%s is in the trace" % word)


def test_console_place():
    """A CONSOLE packet stands before the block that was closed after it was printed."""
    Run([guest("plain"), "-o", "a.kymo"])
    seen, packets = 0, Trace("a.kymo").packets
    for kind, _, payload in packets:
        if kind == 7:
            seen += payload.count(b"\n")
        if kind == 5:
            end = int.from_bytes(payload[8:12], "little") + int.from_bytes(payload[0:2], "little")
            need(seen == (end + 999) // 1000, "%d lines before the block that ends at mark %d"
                 % (seen, end))


def test_ram():
    """The flight recorder keeps the newest events and counts the others exactly."""
    for name in ("a.kymo", "b.kymo"):
        need(Run([guest("plain"), "--capture", "ram", "-o", name]).status == 0, "status")
    t = Trace("a.kymo")
    found = check_marks(t, None, t.events[0][0])
    need(found[-1] == 9999 and 3 * 160 < len(found) <= 4 * 168, "%d marks up to %d"
         % (len(found), found[-1]))
    same("a.kymo", "b.kymo")


def test_equal_tail():
    """What the flight recorder has is the end of what the plugin has."""
    Run([guest("plain"), "-o", "a.kymo"])
    Run([guest("plain"), "--capture", "ram", "-o", "b.kymo"])
    a, b = Trace("a.kymo").events, Trace("b.kymo").events
    need(a[-len(b):] == b, "the ends differ")


def until_written(path, size=200000):
    end = time.time() + LIMIT
    while not os.path.exists(path) or os.path.getsize(path) < size:
        need(time.time() < end, "nothing was written")
        time.sleep(0.005)


def endless(mode, draw, token):
    out = "%s-%d.kymo" % (mode, token)
    run = Run([guest("endless"), "--capture", mode, "-o", out], wait=False)
    if mode == "plugin":
        until_written(out)
    else:
        time.sleep(0.3)
    time.sleep(draw.random() * 0.02)
    return run, out


def kill_qemu(mode, token):
    run, out = endless(mode, random.Random(token), token)
    os.kill(children(run.p.pid)[0], signal.SIGKILL)
    run.wait()
    one_line_at_end = run.err.strip().splitlines()[-1]
    need(run.status == 125 and "signal 9" in one_line_at_end, "%d %s" % (run.status, run.err))
    t = Trace(out)
    check_marks(t, None, 0 if mode == "plugin" else t.events[0][0])
    need(t.end["reason"] == "killed", str(t.end))


def test_kill_qemu(token=None):
    """QEMU dies at a random moment: nothing that was recorded is lost."""
    for i in [token] if token is not None else range(12):
        kill_qemu("plugin", i)


def test_kill_qemu_ram(token=None):
    for i in [token] if token is not None else range(6):
        kill_qemu("ram", i)


def test_kill_kymo(token=None):
    """Kymo dies: QEMU goes with it, and the file is valid up to its last whole packet."""
    for i in [token] if token is not None else range(6):
        run, out = endless("plugin", random.Random(i), i)
        qemu = children(run.p.pid)[0]
        run.p.kill()
        run.wait()
        need(gone(qemu), "QEMU outlives kymo")
        check_marks(Trace(out, cut=True))


def test_signals(token=None):
    """Ctrl-C and its like end the run with a whole trace."""
    for i, sig in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
        run, out = endless("plugin", random.Random(i), i)
        qemu = children(run.p.pid)[0]
        run.p.send_signal(sig)
        run.wait()
        need(run.status == 128 + sig and gone(qemu), "status %d" % run.status)
        t = Trace(out)
        check_marks(t)
        need(t.end["reason"] == "signal", str(t.end))


def test_timeout():
    begin = time.time()
    run = Run([guest("sleep"), "--timeout", "0.3", "-o", "a.kymo"])
    need(run.status == 124 and time.time() - begin < 10, "status %d" % run.status)
    t = Trace("a.kymo")
    check_marks(t, 10000)
    need(t.end["reason"] == "timeout", str(t.end))


def test_duration():
    """Ends at exactly that guest time, busy or asleep; two runs are the same."""
    for name, ns in (("spin", 3000000), ("sleep", 5000000000), ("endless", 1234567)):
        for out in ("a.kymo", "b.kymo"):
            run = Run([guest(name), "--duration", str(ns / 1e9), "--timeout", "30", "-o", out])
            need(run.status == 0, "%s: %d %s" % (name, run.status, run.err))
        t = Trace("a.kymo")
        check_marks(t)
        need(t.end["reason"] == "duration" and int(t.end["time"]) == ns, "%s %s" % (name, t.end))
        need(t.events[-1][1] <= ns, "an event after the end")
        same("a.kymo", "b.kymo")


def test_events():
    """Ends with exactly N events, at every place a block can have."""
    for n in (1, 2, 167, 168, 169, 170, 336, 5000):
        for mode in ("plugin", "ram"):
            run = Run([guest("endless"), "--events", str(n), "--capture", mode, "-o", "a.kymo"])
            t = Trace("a.kymo")
            need(run.status == 0 and t.end["reason"] == "events", "%d: %d %s"
                 % (n, run.status, t.end))
            need(t.events[-1][0] == n - 1, "%s: %d events, not %d" % (mode, t.events[-1][0] + 1, n))
            check_marks(t, None, 0 if mode == "plugin" else t.events[0][0])


def test_exit_codes():
    for code, status in ((0, 0), (1, 1), (7, 7), (123, 123), (124, 123), (200, 123)):
        run = Run([guest("exit%d" % code), "-o", "a.kymo"])
        need(run.status == status, "guest %d: status %d" % (code, run.status))
        need(Trace("a.kymo").end["exit"] == str(code), "END says %s" % Trace("a.kymo").end)
        none = Run([guest("exit%d" % code), "--capture", "none"])
        need(none.status == status and none.out == run.out, "without capture: %d" % none.status)


def test_panic():
    run = Run([guest("panic"), "-o", "a.kymo"])
    t = Trace("a.kymo")
    need(run.status == 42 and t.end["reason"] == "panic" and t.events[-1][2] == 7, "%d %s"
         % (run.status, t.end))


def test_broken_ring():
    """A wild pointer went through the control block: what was captured stays, and the rest is
    said to be lost."""
    run = Run([guest("broken"), "-o", "a.kymo"])
    need(run.status == 0 and "broken" in run.err, run.err)
    check_marks(Trace("a.kymo"))
    run = Run([guest("broken"), "--capture", "ram", "-o", "a.kymo"])
    need(run.status == 0 and "broken" in run.err, run.err)
    need(not Trace("a.kymo").events, "events out of a broken ring")


def test_reset():
    """A guest that resets itself once: blocks of both boots, and two runs are the same."""
    for out in ("a.kymo", "b.kymo"):
        need(Run([guest("reset"), "-o", out]).status == 0, "status")
    blocks = [p[2] for p in read_packets(open("a.kymo", "rb").read()) if p[0] == 5]
    firsts = [int.from_bytes(b[8:12], "little") for b in blocks]
    again = firsts.index(0, 1)
    need(firsts[:again] == sorted(firsts[:again]) and firsts[again:] == sorted(firsts[again:]),
         "order")
    need(again == len(firsts) - again, "%d blocks of the first boot, %d of the second"
         % (again, len(firsts) - again))
    same("a.kymo", "b.kymo")


def test_interactive():
    """The guest hears what is typed, and its console is kept."""
    run = Run([guest("echo"), "--interactive", "--timeout", "30", "-o", "a.kymo"], wait=False,
              stdin=subprocess.PIPE)
    run.p.stdin.write(b"hello, drumq")
    run.p.stdin.flush()
    run.wait()
    need(run.status == 0 and b"hello, drum" in run.out, "%d %s %s" % (run.status, run.out, run.err))
    need(Trace("a.kymo").console.endswith(b"hello, drum"), "console")


def test_help():
    """--help lists every option that is taken."""
    for command, options in (("run",
                              "output capture duration events timeout no-icount shift interactive keep-ram cost qemu quiet"),
                             ("cost",
                              "function site writers path start stop json csv duration timeout console")):
        r = kymo(command, "--help")
        need(r.status == 0 and not r.err, r.err)
        for option in options.split():
            need("--" + option in r.stdout, "%s --help does not name --%s" % (command, option))


def test_no_icount():
    need(Run([guest("plain"), "--no-icount", "-o", "a.kymo"]).status == 0, "status")
    t = Trace("a.kymo")
    check_marks(t, 10000)
    need("icount_shift" not in t.meta and t.meta["clock"] == "host", str(t.meta))


def test_full_disk():
    run = Run([guest("plain"), "-o", "/dev/full"])
    one_line(run, 125, "/dev/full", "No space left")


def test_file_limit():
    """A file that may not grow further ends the run; what is there is valid."""
    limit = 17 << 20
    run = Run([guest("endless"), "-o", "a.kymo"],
              before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    one_line(run, 125, "a.kymo", "File too large", "offset")
    need(limit - 4096 < os.path.getsize("a.kymo") <= limit, "size")
    check_marks(Trace("a.kymo", cut=True))


def test_no_permission():
    run = Run([guest("plain"), "-o", "no/such/folder.kymo"])
    one_line(run, 125, "no/such/folder.kymo", "No such file")


def test_keeps_old():
    """A run that cannot start leaves an older trace alone, and no half file."""
    with open("a.kymo", "w") as f:
        f.write("old")
    for args, env, words in (
            ([guest("plain")], {"PATH": "/nonexistent"}, ("qemu-system-riscv32", "apt-get")),
            ([guest("plain")], {"KYMO_PLUGIN": "/nonexistent.so"}, ("/nonexistent.so",)),
            ([guest("plain"), "--qemu", "/bin/false"], {}, ("before the guest ran",)),
            (["/nonexistent.elf"], {}, ("/nonexistent.elf", "No such file")),
            ([os.path.join(HERE, "run.py")], {}, ("not an ELF file",)),
            (["/bin/true"], {}, ("not an executable for RV32",)),
            ([guest("untraced")], {}, ("trace_ctl", "--capture none")),
            ([guest("plain"), "--duration", "-1"], {}, ("--duration", "-1")),
            ([guest("plain"), "--events", "0"], {}, ("--events",)),
            ([guest("plain"), "--events", "x"], {}, ("--events", "x")),
            ([guest("plain"), "--capture", "y"], {}, ("--capture", "y")),
            ([guest("plain"), "--nonsense"], {}, ("--nonsense",)),
            ([guest("plain"), "--timeout"], {}, ("--timeout",)),
            ([], {}, ("which image",))):
        one_line(Run(args + (["-o", "a.kymo"] if "--timeout" not in args else []), env=env), 125,
                 *words)
        need(open("a.kymo").read() == "old", "the old file is gone after %s" % args)
    need(os.listdir(".") == ["a.kymo"], "left behind: %s" % os.listdir("."))


def test_late_refusal():
    """QEMU gives up after it has loaded the plugin: no trace, and an older one stays."""
    with open("qemu.sh", "w") as f:
        f.write('#!/bin/sh\nexec qemu-system-riscv32 "$@" -device no-such-device\n')
    os.chmod("qemu.sh", 0o755)
    for how in ("plugin", "ram"):
        run = Run([guest("plain"), "--qemu", "./qemu.sh", "--capture", how, "-o", "a.kymo"])
        need(run.status == 125 and "before the guest ran" in run.err, "%d %s" % (run.status, run.err))
        need(not os.path.exists("a.kymo"), "a trace of nothing")


def test_cut_image():
    """Any prefix of an image, and flipped bytes in it: a clear line or a run, never a crash."""
    data, draw = bytearray(open(guest("plain"), "rb").read()), random.Random(1)
    for i in range(60):
        bad = bytearray(data)
        if i % 2:
            bad = bad[:draw.randrange(len(bad))]
        else:
            for _ in range(20):
                bad[draw.randrange(len(bad))] = draw.randrange(256)
        with open("bad.elf", "wb") as f:
            f.write(bad)
        run = Run(["bad.elf", "--timeout", "0.2", "-o", "a.kymo"])
        need(run.status in range(0, 126), "status %d for variant %d: %s" % (run.status, i, run.err))


def test_stdout_closed():
    """A reader of the console that goes away does not end the capture."""
    read, write = os.pipe()
    os.close(read)
    run = Run([guest("plain"), "-o", "a.kymo"], stdout=write)
    os.close(write)
    need(run.status == 0, "status %d %s" % (run.status, run.err))
    check_marks(Trace("a.kymo"), 10000)


def test_nothing_left():
    """No file in the folders for temporary files."""
    places = [os.environ.get("TMPDIR", "/tmp"), "/dev/shm"]
    before = [set(x for x in os.listdir(p) if "kymo" in x or "qemu" in x) for p in places]
    run, _ = endless("plugin", random.Random(0), 0)
    run.p.kill()
    run.wait()
    Run([guest("plain"), "-o", "a.kymo"])
    for p, old in zip(places, before):
        new = set(x for x in os.listdir(p) if "kymo" in x or "qemu" in x) - old
        need(not new, "%s: %s" % (p, new))


def kymo(*args):
    r = subprocess.run([KYMO] + list(args), stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=LIMIT)
    r.status, r.err = r.returncode, r.stderr
    return r


def core(ram, segments):
    """An ELF core for RV32 with these (address, length) pieces of RAM."""
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 4, 243, 1, 0, 52, 0, 0, 52, 32,
                       len(segments), 0, 0, 0)
    at, table, body = 52 + 32 * len(segments), b"", b""
    for address, length in segments:
        table += struct.pack("<IIIIIIII", 1, at + len(body), address, address, length, length, 6, 0)
        body += ram[address - 0x80000000:address - 0x80000000 + length]
    return head + table + body


def test_recover():
    """RAM file, raw dump at another base, ELF core: the same events as the flight recorder had."""
    need(Run([guest("plain"), "--capture", "ram", "-o", "run.kymo", "--keep-ram",
              "ram.bin"]).status == 0, "run")
    ram, want = open("ram.bin", "rb").read(), Trace("run.kymo").events
    with open("part.bin", "wb") as f:
        f.write(ram[0x1000:0x8000])
    with open("core", "wb") as f:
        f.write(core(ram, [(0x80000000, 0x1800), (0x80001800, 0x10000)]))
    for args in (["ram.bin"], ["part.bin", "--base", "0x80001000"], ["core"]):
        r = kymo("recover", "-o", "a.kymo", guest("plain"), *args)
        need(r.status == 0, r.err)
        need(Trace("a.kymo", cut=True).events == want, "%s gives other events" % args)
    for args, word in ((["ram.bin", "--base", "0x90000000"], "no recorder"),
                       (["/nonexistent"], "No such file"), (["part.bin"], "part.bin")):
        one_line(kymo("recover", "-o", "b.kymo", guest("plain"), *args), 125, word)
    one_line(kymo("recover", "-o", "b.kymo", guest("endless"), "ram.bin"), 125, "ram.bin")
    one_line(kymo("recover", "-o", "/nonexistent/b.kymo", guest("plain"), "ram.bin"), 125,
             "/nonexistent/b.kymo")
    need(sorted(os.listdir(".")) == ["a.kymo", "core", "part.bin", "ram.bin", "run.kymo"],
         str(os.listdir(".")))


def test_recover_broken(token=None):
    """Memory with flipped bytes in control block and ring, and cut cores: a trace or a clear
    line, never a crash."""
    Run([guest("plain"), "--capture", "ram", "-o", "run.kymo", "--keep-ram", "ram.bin"])
    ram = open("ram.bin", "rb").read()[:0x8000]
    for i in [token] if token is not None else range(80):
        draw, bad = random.Random(i), bytearray(ram)
        for _ in range(draw.choice((1, 3, 50))):
            bad[draw.randrange(0x1000, 0x3100)] = draw.randrange(256)
        data = bytes(bad) if i % 2 else core(bytes(bad),
                                             [(0x80000000, 0x8000)])[:draw.randrange(0x8100)]
        with open("bad", "wb") as f:
            f.write(data)
        r = kymo("recover", "-o", "a.kymo", guest("plain"), "bad")
        need(r.status in (0, 125), "%d: status %d %s" % (i, r.status, r.err))
        need(r.status == 0 or r.err.count("\n") == 1, "%d: %s" % (i, r.err))
        if r.status == 0:
            read_packets(open("a.kymo", "rb").read())
            need(kymo("info", "a.kymo").status in (0, 125), "%d: kymo info" % i)


def codes_of(packet):
    """Codes of the events in a BLOCK or OPEN packet; without time_sync, which the recorder writes
    on its own account."""
    kind, _, data = packet
    block, count = (data, int.from_bytes(data[0:2], "little")) if kind == 5 else (data[64:], 0)
    if kind == 6:
        count = (int.from_bytes(data[8:12], "little") - int.from_bytes(data[20:24],
                                                                       "little") - 32) // 8
    return [block[32 + 8 * i + 4] for i in range(count) if block[32 + 8 * i + 4] != 1]


def test_cost():
    """--cost keeps the ledger of the run in the trace: every event that was recorded was written
    by a counted writer."""
    for args in ([], ["--duration", "0.3"], ["--events", "700"]):
        for out in ("a.kymo", "b.kymo"):
            run = Run([DEADLOCK, "--cost", "--timeout", "50", "-o", out]
                      + (args or ["--duration", "0.5"]))
            need(run.status == 0 and "no cost" not in run.err, run.err)
        same("a.kymo", "b.kymo")
        packets = read_packets(open("a.kymo", "rb").read())
        ledger = [json.loads(p[2]) for p in packets if p[0] == 8]
        need(len(ledger) == 1 and packets[-1][0] == 9, "COST packets: %d" % len(ledger))
        recorded = sum(w["calls"] for w in ledger[0]["writers"] if w["code"] >= 0)
        count = sum(len(codes_of(p)) for p in packets if p[0] in (5, 6))
        need(0 <= count - recorded <= 1, "%d events, %d counted writes" % (count, recorded))
        need(ledger[0]["tracer"] == sum(w["instructions"]["sum"] for w in ledger[0]["writers"]),
             "sum")
        need(0 < ledger[0]["tracer"] < ledger[0]["executed"], str(ledger[0])[:100])


def test_waiting():
    """A deadlocked application: ended from outside, it is said who waits for what."""
    run = Run([DEADLOCK, "--duration", "1", "-o", "a.kymo"])
    need(run.status == 0 and "writer_task/2 waits for disk, which cleaner_task/3 holds" in run.err,
         run.err)
    need("cleaner_task/3 waits for journal, which writer_task/2 holds" in run.err, run.err)


def run_test(name):
    base, _, token = name.partition(":")
    function, home = globals()["test_" + base], os.getcwd()
    with tempfile.TemporaryDirectory(prefix="t-", dir=os.path.abspath(BUILD + "/capture")) as place:
        os.chdir(place)
        try:
            function(int(token)) if token else function()
            left = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True,
                                  text=True).stdout.split()
            need(not [x for x in left if running(int(x))
                      and "qemu" in open("/proc/%s/comm" % x).read()], "QEMU is left")
            return True
        except (Bad, OSError, IndexError, KeyError) as e:
            print("FAILED %s: %s: %s" % (name, type(e).__name__, e))
            return False
        finally:
            os.chdir(home)


def main():
    names = sys.argv[2:] or [x[5:] for x in globals() if x.startswith("test_")]
    results = [run_test(n) for n in names]
    print("check-capture: %d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return 0 if all(results) else 1


sys.exit(main())
