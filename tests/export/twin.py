# SPDX-License-Identifier: MIT
"""What every exporter must say about a trace, computed by the shortest way from its events.

steps: per hart a list of tuples, times in ns:
    ('switch', t, prev, prev_state, preempted, next, prev_level, next_level)
    ('wake', t, task, level, in_irq, running)  ('in'|'out', t, irq)
    ('prio', t, task, old, new)  ('exit', t, task)
Levels are None where unknown. Edges of stretches nobody saw are switches from and to LOST."""
from kymofile import Gap, Head

LOST, BOOT = 65536, 0xFFFF


def irq_number(cause, source):
    return 16 + source if cause == 11 else 0 if cause == 7 else cause


class Hart:
    def __init__(self):
        self.running, self.since, self.irqs, self.own, self.steps = LOST, None, [], None, []


class Twin:
    def __init__(self, reader):
        self.r = reader
        self.cpu, self.lost, self.gaps = {}, 0, []
        self.counters, self.marks, self.switches, self.harts = [], [], {}, {}
        self.level, self.last = {}, int(reader.end.get('time', 0))
        for it in reader.items:
            h = self.harts.setdefault(it.hart, Hart())
            self.last = max(self.last, it.to if isinstance(it, Gap) else it.time)
            if isinstance(it, Gap):
                self.gap(it, h)
            elif isinstance(it, Head):
                self.head(it, h)
            else:
                self.event(it, h)
        for h in self.harts.values():
            self.run_to(h, self.last)
        self.steps = {n: h.steps for n, h in self.harts.items()}

    def ns(self, t):
        return t * 1000000000 // self.r.hz

    def run_to(self, h, time):
        """CPU time in clock counts, by task; LOST holds what nobody saw."""
        if h.since is not None:
            self.cpu[h.running] = self.cpu.get(h.running, 0) + time - h.since
        h.since = time

    def change(self, h, time, nxt, state, preempted):
        self.run_to(h, time)
        lv = self.level.get
        h.steps.append(
            ('switch', self.ns(time), h.running, state, preempted, nxt, lv(h.running), lv(nxt))
        )
        h.running, h.own = nxt, None

    def slices(self):
        """(from, to, hart, task, state it was left in, preempted, level) in ns of every stretch
        of running."""
        out = []
        for n, h in self.harts.items():
            sw = [s for s in h.steps if s[0] == 'switch']
            for a, b in zip(sw, sw[1:] + [('switch', self.ns(self.last), None, 'end', False)]):
                out.append((a[1], b[1], n, a[5], b[3], b[4], a[7]))
        return out

    def cpu_ns(self):
        cpu = {}
        for a, b, _, task, *_ in self.slices():
            cpu[task] = cpu.get(task, 0) + b - a
        return cpu

    def messages(self):
        """(ns, text) of the log events, in the reader's order."""
        out = []
        for e in self.r.items:
            if getattr(e, 'name', '') == 'log':
                s = self.r.strings
                text = s[e.fields['tag'] : s.index(b'\0', e.fields['tag'])].decode()
                args = [
                    v for k, v in sorted(e.fields.items()) if k.startswith('arg') and k != 'argc'
                ]
                kinds = [c for c, p in zip(text[1:], text) if p == '%']
                args = [v - (v >> 31 << 32) if k == 'd' else v for k, v in zip(kinds, args)]
                shown = ''.join(c if ' ' <= c <= '~' else ' ' for c in text % tuple(args))
                out.append((self.ns(e.time), shown))
        return out

    def gap(self, g, h):
        self.lost += g.events
        self.gaps.append(g)
        while h.irqs:
            h.steps.append(('out', self.ns(g.time), h.irqs.pop()))
        if h.running != LOST:
            self.change(h, g.time, LOST, None, False)
        self.level = {}

    def head(self, b, h):
        if h.running == LOST:
            self.level[b.running] = b.level if b.level != 255 else None
            self.change(h, b.time, b.running, None, False)
            for age in range(b.depth - 1, -1, -1):
                cause = b.causes >> 8 * age & 255 if age < 4 else 255
                h.irqs.append(irq_number(cause, 0))
                h.steps.append(('in', self.ns(b.time), h.irqs[-1]))
        elif h.running == b.running and self.level.get(b.running) is None and b.level != 255:
            self.level[b.running] = b.level

    def event(self, e, h):
        f, t = e.fields, self.ns(e.time)
        if e.name == 'task_switch':
            self.switches[f['next']] = self.switches.get(f['next'], 0) + 1
            gave_up = h.own == 'task_yield' and not h.irqs
            nobody = h.running in (0, BOOT)
            state = 1 if nobody else f['state']
            self.change(h, e.time, f['next'], state, state == 1 and not gave_up and not nobody)
        elif e.name == 'task_create':
            self.level[f['task']] = f['level']
        elif e.name == 'task_ready':
            h.steps.append(
                ('wake', t, f['task'], self.level.get(f['task']), bool(h.irqs), h.running)
            )
        elif e.name == 'irq_in':
            h.irqs.append(irq_number(f['cause'], f['source']))
            h.steps.append(('in', t, h.irqs[-1]))
        elif e.name == 'irq_out' and h.irqs:
            h.steps.append(('out', t, h.irqs.pop()))
        elif e.name == 'task_priority':
            h.steps.append(('prio', t, f['task'], self.level.get(f['task']), f['level']))
            self.level[f['task']] = f['level']
        elif e.name == 'task_destroy':
            h.steps.append(('exit', t, f['task']))
        elif e.name == 'counter':
            self.counters.append((t, f['tag'], f['value'] - (f['value'] >> 31 << 32)))
        elif e.name == 'mark':
            self.marks.append((t, f['tag'], f['value']))
        if not h.irqs and e.name not in (
            'task_switch',
            'irq_in',
            'irq_out',
            'rt_pick',
            'time_sync',
        ):
            h.own = e.name
