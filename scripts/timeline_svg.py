#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws a stretch of one or more traces as an SVG picture, one panel a trace, one row a task.

usage: scripts/timeline_svg.py KYMO OUT.svg STRETCH TASK,TASK.. TITLE=TRACE..

STRETCH is FROM:TO in milliseconds, or `wait:TASK`, the longest wait of that task for a mutex in the
first trace, with a little before and after it.

A task's states come from `kymo query` (table thread_state, view blocked), never from events. Shape
says what colour says: running is a full bar, ready a low one, blocked a striped one with its reason
written in it, a held mutex a line below the bar; sleeping is a thin line. The picture follows the
reader's light or dark setting. Same traces, same bytes.
"""
import json
import re
import subprocess
import sys
from xml.sax.saxutils import escape

LEFT, RIGHT, ROW, BAR, TOP, TITLE, AXIS = 190, 20, 34, 20, 12, 30, 34
WIDTH = 960
STYLE = """
text{font:13px system-ui,sans-serif;fill:#1d2733} .t{font-weight:600;font-size:15px}
.s{font-size:11.5px} .g{stroke:#c9d1da;stroke-width:1} .d{stroke:#9aa7b4;stroke-width:1.5}
.run{fill:#1f6fb2} .ready{fill:#e0b23c} .block{fill:url(#stripes);stroke:#b3372b}
.raise{fill:#7a3fa8} .hold{stroke:#1d2733;stroke-width:3}
.w{fill:#b3372b;font-weight:600} .bg{fill:#ffffff}
.mark{stroke:#b3372b;stroke-width:2;stroke-dasharray:4 3} .sb{fill:#f7dcd8} .sl{stroke:#e39a90}
@media (prefers-color-scheme: dark){text{fill:#d8e0e8} .g{stroke:#3a4653} .d{stroke:#6f7d8b}
.run{fill:#58a6e0} .raise{fill:#c79bea} .hold{stroke:#d8e0e8} .w{fill:#ff9d92} .bg{fill:#10161c}
.block{stroke:#ff9d92} .mark{stroke:#ff9d92} .sb{fill:#44201c} .sl{stroke:#7a3a33}}
"""


def query(kymo, trace, sql):
    done = subprocess.run([kymo, "query", "--json", trace, sql], check=False, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"timeline_svg.py: {done.stderr.strip()}")
    return json.loads(done.stdout)


def plain(name):
    """A task's name without the `/id` that keeps two of one name apart."""
    return (name or "nobody").rsplit("/", 1)[0]


class Picture:
    """Collects SVG elements; x() turns nanoseconds into a place."""

    def __init__(self, begin, end):
        self.begin, self.end, self.parts, self.y = begin, end, [], 0

    def x(self, ns):
        span = WIDTH - LEFT - RIGHT
        inside = min(max(ns, self.begin), self.end)
        return round(LEFT + span * (inside - self.begin) / (self.end - self.begin), 2)

    def add(self, element):
        self.parts.append(element)

    def text(self, x, y, words, kind="", anchor="start"):
        self.add(f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">'
                 f'{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, kind):
        self.add(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>')

    def bar(self, begin, end, y, height, kind, tip):
        width = max(round(self.x(end) - self.x(begin), 2), 0.6)
        self.add(f'<rect x="{self.x(begin)}" y="{y}" width="{width}" height="{height}" '
                 f'class="{kind}"><title>{escape(tip)}</title></rect>')


def draw_state(picture, row, y):
    begin, end, state = row["ts"], row["ts"] + row["dur"], row["state"]
    tip = f'{row["task"]}: {state} {row["dur"] / 1e6:.2f} ms'
    middle = y + BAR / 2
    if state == "running":
        picture.bar(begin, end, y, BAR, "run", tip)
        if row["raised"]:
            picture.bar(begin, end, y - 4, 4, "raise", f"{tip}, at an inherited priority")
    elif state in ("ready", "preempted"):
        picture.bar(begin, end, y + BAR - 8, 8, "ready", tip)
    elif state == "blocked":
        reason = f'waits for {row["object"]}, held by {plain(row["holder"])}'
        picture.bar(begin, end, y, BAR, "block", f"{tip}, {reason}")
        if picture.x(end) - picture.x(begin) > 7 * len(reason):
            picture.text(picture.x(begin) + 6, y + 14.5, reason, "s w")
    else:
        picture.line(picture.x(begin), middle, picture.x(end), middle, "d")


def draw_panel(picture, kymo, trace, title, tasks):
    window = f"ts < {picture.end} AND ts + dur > {picture.begin}"
    wanted = " OR ".join(f"t.name = '{t}' OR t.name GLOB '{t}/*'" for t in tasks)
    states = query(kymo, trace, "SELECT t.name AS task, s.ts, s.dur, s.state, o.name AS object, "
                   "s.priority < t.base_prio AS raised, "
                   "h.name AS holder FROM thread_state s JOIN thread t ON t.utid = s.utid "
                   "LEFT JOIN object o ON o.id = s.blocked_on LEFT JOIN thread h ON "
                   f"h.utid = s.blocked_by_utid WHERE s.ts < {picture.end} AND "
                   f"s.ts + s.dur > {picture.begin} AND ({wanted}) ORDER BY s.ts, s.id")
    holds = query(kymo, trace, "SELECT t.name AS task, s.ts, s.dur, s.name FROM slice s JOIN "
                  f"thread t ON t.utid = s.utid WHERE s.track = 'mutex' AND s.{window}")
    marks = query(kymo, trace, "SELECT ts, arg FROM instant WHERE name = 'mark' AND "
                  f"ts >= {picture.begin} AND ts <= {picture.end}")
    picture.y += TITLE
    picture.text(LEFT, picture.y - 9, title, "t")
    top = picture.y
    for task in tasks:
        y = picture.y + (ROW - BAR) / 2
        picture.text(LEFT - 10, y + 15, task, "", "end")
        for row in (r for r in states if plain(r["task"]) == task):
            draw_state(picture, row, y)
        for row in (r for r in holds if plain(r["task"]) == task):
            picture.line(picture.x(row["ts"]), y + BAR + 3, picture.x(row["ts"] + row["dur"]),
                         y + BAR + 3, "hold")
        picture.y += ROW
    for mark in marks:
        at = picture.x(mark["ts"])
        picture.line(at, top - 4, at, picture.y, "mark")
        words = re.sub("^tag=| value=.*$", "", mark["arg"])
        picture.text(at - 6, top - 9, words, "s w", "end")


def draw_axis(picture, top):
    span = (picture.end - picture.begin) / 1e6
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e9) if span / s <= 10)
    tick = -(-picture.begin // int(step * 1e6)) * int(step * 1e6)
    grid = []
    while tick <= picture.end:
        at = picture.x(tick)
        grid.append(f'<line x1="{at}" y1="{top}" x2="{at}" y2="{picture.y + 4}" class="g"/>')
        picture.text(at, picture.y + 18, f"{tick / 1e6:g} ms", "s", "middle")
        tick += int(step * 1e6)
    picture.parts[0:0] = grid  # below the bars
    picture.y += AXIS


def draw_legend(picture):
    y, x = picture.y, LEFT
    for kind, words, width in (("run", "runs", 75), ("ready", "ready, another runs", 165),
                               ("block", "waits for a mutex", 150)):
        low = kind == "ready"
        picture.add(f'<rect x="{x}" y="{y + (6 if low else 0)}" width="22" '
                    f'height="{8 if low else 14}" class="{kind}"/>')
        picture.text(x + 28, y + 11.5, words, "s")
        x += width
    picture.line(x, y + 7, x + 22, y + 7, "hold")
    picture.text(x + 28, y + 11.5, "holds it", "s")
    picture.add(f'<rect x="{x + 95}" y="{y + 3}" width="22" height="4" class="raise"/>')
    picture.text(x + 123, y + 11.5, "at an inherited priority", "s")
    picture.line(x + 280, y + 7, x + 302, y + 7, "d")
    picture.text(x + 308, y + 11.5, "sleeps", "s")
    picture.y += 26


def stretch(kymo, words, trace):
    """Begin and end in nanoseconds."""
    first, second = words.split(":", 1)
    if first != "wait":
        return int(float(first) * 1e6), int(float(second) * 1e6)
    found = query(kymo, trace, "SELECT ts, dur FROM blocked WHERE kind = 'mutex' AND (task = "
                  f"'{second}' OR task GLOB '{second}/*') ORDER BY dur DESC LIMIT 1")
    if not found:
        sys.exit(f"timeline_svg.py: {second} never waited for a mutex in {trace}")
    begin, length = found[0]["ts"], found[0]["dur"]
    return max(begin - length // 5, 0), begin + length + length // 15


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    kymo, out, words, tasks = sys.argv[1:5]
    panels = [p.split("=", 1) for p in sys.argv[5:]]
    picture = Picture(*stretch(kymo, words, panels[0][1]))
    picture.y = TOP
    for title, trace in panels:
        draw_panel(picture, kymo, trace, title, tasks.split(","))
    draw_axis(picture, TOP + TITLE - 4)
    draw_legend(picture)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {picture.y}" '
            f'width="{WIDTH}" height="{picture.y}" role="img">\n'
            "<title>Who ran, who waited, and for whom</title>\n"
            f"<style>{STYLE}</style>\n"
            '<defs><pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="8" height="8" class="sb"/>'
            '<line x1="0" y1="0" x2="0" y2="8" class="sl" stroke-width="4"/></pattern></defs>\n'
            f'<rect width="{WIDTH}" height="{picture.y}" class="bg"/>\n')
    with open(out, "w", encoding="utf-8") as f:
        f.write(head + "\n".join(picture.parts) + "\n</svg>\n")


if __name__ == "__main__":
    main()
