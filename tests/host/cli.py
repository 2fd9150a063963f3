#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reading commands as a user meets them: help, errors, filters, machine formats, pipes.

usage: cli.py FOLDER-OF-KYMO [quick | cli:NAME]

One test is a function named t_*. A failure prints `FAIL cli:NAME: why`; cli:NAME reruns it.
"""
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
import zlib

HOST = os.path.abspath(sys.argv[1])
KYMO = HOST + "/kymo"
COMMANDS = ["info", "print", "stat", "timeline"]
traces = {}


def run(*args, status=0, env=None, stdin=None, stdout=subprocess.PIPE):
    full = dict(os.environ, LC_ALL="C.UTF-8")
    full.pop("NO_COLOR", None)
    full.update(env or {})
    done = subprocess.run([KYMO, *args], stdin=stdin or subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.PIPE, env=full, timeout=60, check=False)
    err = done.stderr.decode()
    assert "Sanitizer" not in err and "runtime error" not in err, err[-2000:]
    assert status is None or done.returncode == status, f"{args}: status {done.returncode}: {err}"
    return (done.stdout or b"").decode(), err


def trace(name, *options):
    if name not in traces:
        path = f"{folder.name}/{name}.kymo"
        subprocess.run([HOST + "/kymo-synth", "-o", path, *options], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        traces[name] = path
    return traces[name]


def mixed():
    return trace("mixed", "--events", "8000")


def path_off():
    return trace("off", "--scenario", "pathfinder", "--no-inherit", "--events", "3000")


def path_on():
    return trace("on", "--scenario", "pathfinder", "--events", "3000")


def lossy():
    return trace("lossy", "--events", "8000", "--drop", "100", "--block", "512")


def rows_of(*options):
    """`kymo print --json` as a list."""
    return [json.loads(x) for x in run("print", "--json", *options)[0].splitlines()]


def figures(*options):
    return json.loads(run("stat", "--json", *options)[0])


def t_help():
    out, _ = run("--help")
    for c in COMMANDS:
        assert c in out
        text, _ = run(c, "--help")
        assert text.startswith("usage: kymo " + c)
    assert run("--version")[0].startswith("kymo ")


def t_manual_names_every_option():
    """Each option of --help is in the command's manual page, and none more."""
    for c in COMMANDS + ["recover", "check"]:
        with open(f"Documentation/man/kymo-{c}.1", encoding="ascii") as f:
            page = set(re.findall(r"Fl -([a-z-]+)", f.read().replace("-help", "")))
        told = set(re.findall(r"--([a-z][a-z-]*)", run(c, "--help")[0])) - {"help"}
        assert page >= told and page <= told | {"help"}, (c, page ^ told)


def t_usage_errors():
    for args in (["nosuch"], [], ["print"], ["info", "a", "b"], ["stat"],
                 ["stat", "--sort", "x", mixed()], ["stat", "--from", "9", "--to", "1", mixed()],
                 ["print", "--from", "x", mixed()], ["print", "--color", "x", mixed()],
                 ["print", "--event", "no_such_event", mixed()],
                 ["timeline", "--width", "7", mixed()],
                 ["timeline", "--around", "mark:nothing like it", mixed()]):
        _, err = run(*args, status=125)
        assert err, args


def t_bad_files():
    empty, text = folder.name + "/empty", folder.name + "/text"
    open(empty, "wb").close()
    with open(text, "w", encoding="ascii") as f:
        f.write("this is no trace at all, whatever its name says\n")
    for c in COMMANDS:
        for bad in (empty, text, folder.name, "/no/such/file", HOST + "/kymo"):
            out, err = run(c, bad, status=125)
            assert out == "" and err.count("\n") == 1, (c, bad, err)
            assert err.startswith(f"kymo {c}: {bad}"), (c, bad, err)


def t_print_lines():
    lines = run("print", mixed())[0].splitlines()
    events = json.loads(run("info", "--json", mixed())[0])["events"]
    assert len(lines) == events and "task_switch" in "".join(lines)
    assert all("\033" not in x for x in lines), "colour in a pipe"


def t_print_json():
    rows = rows_of(mixed())
    times = [r["time"] for r in rows]
    assert times == sorted(times) and [r["seq"] for r in rows] == list(range(len(rows)))
    switch = [r for r in rows if r["event"] == "task_switch"]
    for a, b in zip(switch, switch[1:]):
        assert a["fields"]["next"] == b["task"], "a switch does not begin where the last one ended"


def t_print_filters():
    rows = rows_of("--event", "mutex_*", "--object", "bus_mutex", mixed())
    assert rows
    assert all(r["event"][:6] == "mutex_" and r["fields"]["obj_name"] == "bus_mutex" for r in rows)
    rows = rows_of("--class", "USER", "--from", "0.1", "--to", "200ms", mixed())
    assert rows and all(r["class"] == "USER" and 1000000 <= r["time"] <= 2000000 for r in rows)
    rows = rows_of("--task", "2", mixed())
    assert rows
    for r in rows:
        f = r["fields"]
        assert 2 in [r.get("task"), f.get("task"), f.get("next"), f.get("owner")], r


def t_print_context():
    plain = run("print", "--event", "mark", "--limit", "1", mixed())[0].splitlines()
    around = run("print", "--event", "mark", "--limit", "5", "-C", "2", mixed())[0].splitlines()
    assert len(plain) == 1 and len(around) == 5 and around[2] == plain[0]


def t_print_color():
    assert "\033" in run("print", "--limit", "9", "--color", "always", mixed())[0]
    assert "\033" not in run("print", "--limit", "9", "--color", "never", mixed())[0]


def t_follow_sees_growth():
    data = open(mixed(), "rb").read()
    path = folder.name + "/growing.kymo"
    cut = len(data) // 2
    with open(path, "wb") as f:
        f.write(data[:cut])
    p = subprocess.Popen([KYMO, "print", "--follow", "--limit", "8000", path],
                         stdout=subprocess.PIPE)
    first = p.stdout.readline()
    with open(path, "ab") as f:
        f.write(data[cut:])
    rest = p.stdout.read()
    assert p.wait(timeout=30) == 0 and first
    assert len(rest.splitlines()) == 7999
    assert b"lost" not in rest


def t_stdin():
    with open(mixed(), "rb") as f:
        out, _ = run("info", "--json", "-", stdin=f)
    cat = subprocess.Popen(["cat", mixed()], stdout=subprocess.PIPE)
    piped, _ = run("info", "--json", "-", stdin=cat.stdout)
    cat.wait()
    assert json.loads(out) == json.loads(piped)


def t_closed_pipe():
    p = subprocess.Popen([KYMO, "print", trace("long", "--events", "60000")],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.readline()
    p.stdout.close()
    err = p.stderr.read().decode()
    assert p.wait(timeout=30) == 141 and err == "", (p.returncode, err)


def t_full_disk():
    for args in (["print", mixed()], ["info", mixed()], ["stat", mixed()], ["timeline", mixed()],
                 ["stat", "--json", mixed()]):
        with open("/dev/full", "wb") as full:
            _, err = run(*args, status=125, stdout=full)
            assert "standard output" in err, (args, err)


STATES = ("running", "ready", "blocked", "suspended", "delayed", "unknown")


def check_sums(s):
    """What must hold for any figures of one hart."""
    total = s["to"] - s["from"]
    assert sum(t["running"] for t in s["tasks"]) + s["unknown"] == total
    assert s["irq"] == sum(t["irq"] for t in s["tasks"])
    for t in s["tasks"]:
        assert t["cpu"] == t["running"] - t["irq"] >= 0
        spent = sum(t[k] for k in STATES)
        assert spent <= total, t["name"]
        assert sum(b["time"] for b in t["blocked_by"]) == t["blocked"], t["name"]
        left = sum(t["left"].values())
        assert abs(t["switches"] - left) <= 1 or s["unknown"], (t["name"], left)
        for d in ("response", "execution", "latency", "period", "blocking", "ready_wait"):
            x = t[d]
            if x["count"]:
                assert x["min"] <= x["p50"] <= x["p90"] <= x["p99"] <= x["max"] <= x["sum"]
                assert x["min"] <= x["mean"] <= x["max"] + 1


def t_stat_sums():
    for path in (mixed(), path_off(), path_on(), lossy(), trace("flight", "--keep", "4")):
        check_sums(figures(path))


def t_stat_from_events():
    """The figures again, added up by hand from `print --json`: lossless, one hart."""
    rows = rows_of(mixed())
    s = figures(mixed())
    running, since, switches = {}, {}, {}
    current, begin = 65535, rows[0]["time"]
    for r in rows:
        if r["event"] == "task_switch":
            running[current] = running.get(current, 0) + r["time"] - begin
            current, begin = r["fields"]["next"], r["time"]
            switches[current] = switches.get(current, 0) + 1
    running[current] = running.get(current, 0) + s["to"] - begin
    for t in s["tasks"]:
        assert t["running"] == running.get(t["id"], 0), t["name"]
        assert t["switches"] == switches.get(t["id"], 0) or t["id"] == 65535, t["name"]
    blocked = {}
    for r in rows:
        if r["event"] == "task_switch" and r["fields"]["state"] == 3:
            since[r["task"]] = r["time"]
        if r["event"] in ("task_ready", "task_destroy", "task_suspend", "task_resume"):
            t = r["fields"]["task"]
            if t in since:
                blocked[t] = blocked.get(t, 0) + r["time"] - since.pop(t)
            if r["event"] == "task_resume" and r["fields"]["state"] == 3:
                since[t] = r["time"]
    for t, b in since.items():
        blocked[t] = blocked.get(t, 0) + s["to"] - b
    for t in s["tasks"]:
        assert t["blocked"] == blocked.get(t["id"], 0), t["name"]


def t_stat_heap():
    """Blocks in use, by hand."""
    live, peak, at = {}, 0, 0
    for r in rows_of("--event", "mem_*", mixed()):
        f = r["fields"]
        if r["event"] == "mem_free":
            live.pop(f["ptr"], None)
        elif r["event"] == "mem_alloc":
            live[f["ptr"]] = f["size"]
            if sum(live.values()) > peak:
                peak, at = sum(live.values()), r["time"]
    heap = figures(mixed())["heap"]
    assert live and len(live) == heap["live_blocks"] and sum(live.values()) == heap["live"], heap
    assert (peak, at) == (heap["peak"], heap["peak_at"]) and heap["certain"], heap
    assert not figures(lossy())["heap"]["certain"]


def t_print_pager():
    for pager, seen in (("tr a-z A-Z", "TASK_SWITCH"), ("", "task_switch"), ("cat", "task_switch")):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", KYMO_PAGER=pager)
            os.execv(KYMO, [KYMO, "print", "--limit", "30", mixed()])
        out = b""
        try:
            while got := os.read(fd, 65536):
                out += got
        except OSError:
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 and seen in out.decode(), out


def t_stat_window():
    whole = figures(mixed())
    hz, middle = whole["clock_hz"], (whole["from"] + whole["to"]) // 2
    a = figures("--to", f"@{middle}", mixed())
    b = figures("--from", f"@{middle}", mixed())
    assert hz and a["to"] == middle == b["from"]
    for t in whole["tasks"]:
        parts = [x["running"] for s in (a, b) for x in s["tasks"] if x["id"] == t["id"]]
        assert sum(parts) == t["running"], t["name"]


def t_stat_loss_is_said():
    s = figures(lossy())
    i = json.loads(run("info", "--json", lossy())[0])
    assert s["unknown"] > 0 and s["lost"] == i["lost"] and s["lost"][0]["events"] > 0
    text = run("stat", lossy())[0]
    assert "lower bounds" in text and ".." in text


def t_stat_csv():
    rows = list(csv.reader(io.StringIO(run("stat", "--csv", mixed())[0])))
    assert len(rows) > 5 and all(len(r) == len(rows[0]) for r in rows)


def t_stat_two():
    text = run("stat", path_off(), path_on())[0]
    assert "bus" in text and "A" in text
    both = figures(path_off(), path_on())
    assert len(both) == 2
    bus = [next(t for t in s["tasks"] if t["name"] == "bus") for s in both]
    worst = [t["response"]["max"] for t in bus]
    assert worst[0] > 2 * worst[1], worst


def t_stat_filters():
    s = figures("--task", "bus", path_off())
    assert [t["name"] for t in s["tasks"]] == ["bus"]
    assert "bus_mutex" in run("stat", "--object", "bus_mutex", path_off())[0]
    text = run("stat", "--histogram", "--task", "bus", path_off())[0]
    assert "response times of bus" in text


def t_timeline():
    out = run("timeline", "--around", "blocked:bus", "--width", "100", path_off())[0].splitlines()
    assert all(len(x) <= 100 for x in out[:-1]), max(out, key=len)
    bus = next(x for x in out if x.startswith("A bus"))
    weather = next(x for x in out if "weather" in x)
    assert bus.count(weather[0]) > 20, "the wait for the holder is not seen"


def t_timeline_ascii():
    for args, env in ((["--ascii"], None), ([], {"LC_ALL": "C"})):
        out = run("timeline", *args, "--around", "worst:bus", path_on(), env=env)[0]
        assert out.isascii() and "%" in out, "no raised priority seen"


def t_timeline_around():
    for what in ("0.05", "mark:tick", "event:sem_give", "end", "worst:worker"):
        assert "runs" in run("timeline", "--around", what, mixed())[0], what
    assert "lost" in run("timeline", lossy())[0]


def screen(keys, *options):
    """Runs the interactive view on a terminal of 24 lines; returns what it wrote and its status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
        os.execv(KYMO, [KYMO, "timeline", "--interactive", *options])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    out, end = b"", time.monotonic() + 30
    keys = list(keys)
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.3)[0]:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            if not got:
                break
            out += got
        elif keys:
            os.write(fd, keys.pop(0).encode())
    else:
        os.kill(pid, 9)
    return out.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def t_interactive():
    out, status = screen("+l-?xajkq", path_off())
    assert status == 0 and "bus_mutex" in out and "a quarter of the stretch" in out, out[-500:]
    out, status = screen("npfq", "--around", "mark:tick", mixed())
    assert status == 0 and "mark: tag" in out and "Sanitizer" not in out, out[-500:]


def rewritten(path, change):
    """A copy of a container whose packets went through change(type, payload), checksums right."""
    with open(path, "rb") as f:
        data = f.read()
    out, at = data[:16], 16
    while at < len(data):
        head, length = bytearray(data[at:at + 24]), struct.unpack_from("<I", data, at + 8)[0]
        payload = change(head[4], data[at + 24:at + 24 + length])
        struct.pack_into("<I", head, 8, len(payload))
        struct.pack_into("<I", head, 16, zlib.crc32(payload, zlib.crc32(head[:16])))
        out += head + payload + bytes(-len(payload) % 8)
        at += 24 + (length + 7) // 8 * 8
    copy = folder.name + "/rewritten.kymo"
    with open(copy, "wb") as f:
        f.write(out)
    return copy


def words_of_codes(table):
    """Payload words of each code, from the table's text."""
    words = {}
    for line in table.decode("ascii").splitlines():
        code, sub, _, _, *fields = line.split()
        own = sum(f[0] == "W" for f in fields)
        for i in range(1 << int(sub)):
            more = i if any(f[0] == "M" for f in fields) else 0
            words[int(code, 16) + i] = own + more
    return words


def t_blocks_offered_twice():
    """Copies of the open block, taken while it grew, and closed blocks sent twice change nothing."""
    with open(mixed(), "rb") as f:
        data = f.read()
    out, at, words = data[:16], 16, None

    def packet(kind, payload):
        head = struct.pack("<IHHII", 0x4B50594B, kind, 0, len(payload), 0)
        crc = zlib.crc32(payload, zlib.crc32(head))
        return head + struct.pack("<II", crc, 0) + payload + bytes(-len(payload) % 8)

    while at < len(data):
        kind, length = data[at + 4], struct.unpack_from("<I", data, at + 8)[0]
        raw = data[at:at + 24 + (length + 7) // 8 * 8]
        payload = raw[24:24 + length]
        if kind == 2:
            words = words_of_codes(payload)
        if kind == 5:
            slots, base = struct.unpack_from("<H", payload)[0], 0x80200000
            for part in (slots // 3, slots // 2, slots):
                used = sum(words[payload[32 + 8 * i + 4]] for i in range(part))
                ctl = struct.pack("<IHHIIHHIIIIIIIIII", 0x4B594D4F, 1, 64, base + 32 + 8 * part,
                                  base + length - 4 * used, 0x4B42, 0, base, base, 4 * length,
                                  length, 0, 0, 0, 0, 0, 0)
                out += packet(6, (ctl + bytes(64))[:64] + bytes(4) + payload[4:])
            out += raw
        out += raw
        at += len(raw)
    path = folder.name + "/twice.kymo"
    with open(path, "wb") as f:
        f.write(out)
    assert rows_of(path) == rows_of(mixed())


def t_one_shot_ring_was_full():
    """What the control block counts as lost is lost at the end, and the end is unknown."""
    def change(kind, payload):
        return payload[:44] + struct.pack("<I", 17) + payload[48:] if kind == 6 else payload
    path = rewritten(mixed(), change)
    lost = json.loads(run("info", "--json", path)[0])["lost"]
    assert lost == [{"cause": "full", "events": 17, "exact": True, "places": 1}], lost
    assert rows_of(path)[-1] == {"gap": "full", "hart": 0, "events": 17,
                                 "from": rows_of(mixed())[-1]["time"],
                                 "to": figures(mixed())["to"]}


def t_another_build():
    """A table that is not the image's is an error; one that another build had is read by name."""
    def other(kind, payload):
        return payload.replace(b"mark USER", b"mork USER") if kind == 2 else payload
    err = run("info", rewritten(mixed(), other), status=125)[1]
    assert "two builds" in err and err.count("\n") == 1, err


def t_table_of_another_version():
    """A trace whose own table names an event otherwise: shown as it says, and no state from it."""
    seen = {}

    def fnv(text):
        h = 2166136261
        for b in text:
            h = (h ^ b) * 16777619 & 0xFFFFFFFF
        return h

    def renamed(text):
        return text.replace(b" task_suspend SCHED", b" task_halted SCHED")

    def change(kind, payload):
        if kind == 1:
            return re.sub(rb"table_hash=[0-9a-f]+", b"table_hash=%08x" % seen["hash"], payload)
        if kind == 2:
            return renamed(payload)
        at = {5: 28, 6: 64 + 28}.get(kind)
        if at:
            new = struct.pack("<I", seen["hash"])
            return payload[:at] + new + payload[at + 4:]
        return payload

    def look(kind, payload):
        if kind == 2:
            seen["hash"] = fnv(renamed(payload))
        return payload
    rewritten(mixed(), look)
    path = rewritten(mixed(), change)
    info = json.loads(run("info", "--json", path)[0])
    whole = json.loads(run("info", "--json", mixed())[0])
    assert not info["same_table"] and info["events"] == whole["events"]
    assert info["by_event"]["task_halted"] == whole["by_event"]["task_suspend"] > 0
    assert "differs" in run("info", path)[0] and sum(t["suspended"] for t in
                                                     figures(mixed())["tasks"]) > 0


def t_hostile_names():
    """Escape codes, HTML and broken UTF-8 in every text of a trace stay harmless text."""
    evil = b"\x1b[31m<script>\xff\xc3\x28\"',%s%n\\\x07"

    def change(kind, payload):
        if kind == 1:
            return payload.replace(b"image=", b"image=" + evil.replace(b"\n", b""))
        if kind == 3:
            return payload.replace(b"tick", evil[:4]).replace(b"load", evil[-4:])
        if kind == 4:
            return payload.replace(b"worker", evil).replace(b"app/synth.c", b"\x1b]0;x\x07")
        return payload
    path = rewritten(mixed(), change)
    for args in (["info"], ["info", "--json"], ["print"], ["print", "--json"], ["stat", "--all"],
                 ["stat", "--json"], ["stat", "--csv"], ["timeline"], ["stat", "--histogram"]):
        done = subprocess.run([KYMO, *args, path], capture_output=True, timeout=60, check=False)
        bad = re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", done.stdout + done.stderr)
        assert done.returncode == 0 and not bad, (args, done.returncode, bad)
        if "--json" in args:
            for line in done.stdout.decode("ascii").splitlines():
                json.loads(line)


def t_library_installs():
    """A program of somebody else's, built against what `make install` left."""
    root = folder.name + "/root"
    source = folder.name + "/user.c"
    with open(source, "w", encoding="ascii") as f:
        f.write('#include <kymo.h>\n#include <kymo_stat.h>\n#include <stdio.h>\n'
                'int main(int c, char **v) { kymo_trace *t; struct kymo_error e;\n'
                'if (c < 2 || kymo_open(&t, v[1], &e)) return 1;\n'
                'struct kymo_stat *s = kymo_stat_run(t, 0, UINT64_MAX, &e);\n'
                'if (!s) return 1;\n'
                'printf("%u\\n", s->tasks); kymo_stat_free(s); kymo_close(t); return 0; }\n')
    build = os.path.relpath(os.path.dirname(HOST))  # make takes no name with a blank
    subprocess.run(["make", "-s", f"BUILD={build}", "install", f"DESTDIR={root}", "PREFIX=/usr"],
                   check=True, stdout=subprocess.DEVNULL, timeout=120)
    env = dict(os.environ, PKG_CONFIG_PATH=root + "/usr/lib/pkgconfig",
               PKG_CONFIG_SYSROOT_DIR=root)
    flags = subprocess.run(["pkg-config", "--static", "--cflags", "--libs", "libkymo"], env=env,
                           check=True, capture_output=True, text=True, timeout=30).stdout.split()
    program = folder.name + "/user"
    subprocess.run(["gcc", "-Wall", "-Werror", source, "-o", program, *flags], check=True,
                   timeout=60)
    out = subprocess.run([program, path_on()], check=True, capture_output=True, text=True,
                         timeout=30).stdout
    assert int(out) >= 4
    assert os.path.exists(root + "/usr/share/man/man1/kymo.1")


def main():
    tests = {k[2:]: v for k, v in sorted(globals().items()) if k.startswith("t_")}
    want = sys.argv[2] if len(sys.argv) > 2 else ""
    if want == "quick":
        del tests["library_installs"]
    elif want:
        tests = {want.split(":")[1]: tests[want.split(":")[1]]}
    bad = 0
    for name, test in tests.items():
        try:
            test()
        except Exception as e:  # pylint: disable=broad-except
            bad += 1
            line = e.__traceback__
            while line.tb_next:
                line = line.tb_next
            print(f"FAIL cli:{name}: line {line.tb_lineno}: {type(e).__name__}: {str(e)[:600]}")
    print(f"cli: {len(tests) - bad} passed, {bad} failed")
    return 1 if bad else 0


with tempfile.TemporaryDirectory() as where:
    class folder:  # the tests' scratch place
        name = where
    sys.exit(main())
