# SPDX-License-Identifier: MIT
"""The trace that Documentation/query.md asks: the Mars Pathfinder fault in small, with round
numbers and one loss.

    mars.py FILE

Times are microseconds of a 1 MHz clock. Three tasks share a mutex, the information bus; a timer
interrupt wakes them."""
import sys

from kymofile import Writer

BUS, COMM, WEATHER = 1, 2, 3
NAMES = {BUS: 'bus', COMM: 'comm', WEATHER: 'weather'}
LEVEL = {BUS: 1, COMM: 3, WEATHER: 6}
MUTEX = 0x80001000


class Mars:
    def __init__(self):
        self.w = Writer(clock_hz=1000000, image='mars.elf', block_size=512)
        self.w.symbols.append((MUTEX, 16, 'o', 'information_bus'))
        self.cycle, self.samples, self.late = (self.w.tag(t) for t in ('cycle', 'samples', 'late'))
        self.running, self.now = 0xFFFF, 0

    def at(self, time, name, **v):
        assert time >= self.now
        self.now = time
        self.w.event(0, time, name, **v)
        h = self.w.harts[0]
        if name == 'task_switch':
            self.running = h.running = v['next']
            h.level = LEVEL.get(self.running, 8)
        elif name == 'irq_in':
            h.depth, h.causes = 1, v['cause']
        elif name == 'irq_out':
            h.depth = 0

    def start(self):
        self.at(10, 'boot', cause=0)
        self.at(12, 'app_enter')
        self.at(14, 'mutex_init', inherit=0, obj=MUTEX)
        for t in (BUS, COMM, WEATHER):
            name = NAMES[t].encode().ljust(16, b'\0')
            n = [int.from_bytes(name[i : i + 4], 'little') for i in (0, 4, 8, 12)]
            self.at(
                20 * t,
                'task_create',
                task=t,
                level=LEVEL[t],
                user=0,
                entry=0x80000000 + 64 * t,
                stack=0x80010000,
                stack_size=1024,
            )
            self.at(20 * t + 2, 'name_task', task=t, n0=n[0], n1=n[1], n2=n[2], n3=n[3])
            self.at(20 * t + 4, 'task_ready', reason=0, task=t)
        self.at(90, 'sched_start', preemptive=1)
        self.at(100, 'task_switch', state=1, next=BUS)
        self.sleep(110, BUS, COMM)
        self.sleep(120, COMM, WEATHER)
        self.sleep(130, WEATHER, 0)

    def sleep(self, time, task, then):
        self.at(time, 'task_delay', ticks=1)
        self.at(time + 2, 'task_switch', state=5, next=then)

    def tick(self, time, *woken, to=None):
        self.at(time, 'irq_in', cause=7, source=0)
        self.at(time + 1, 'tick', tick=time // 1000, late=time % 7)
        for i, t in enumerate(woken):
            self.at(time + 2 + i, 'task_ready', reason=2, task=t)
        if to is not None:
            self.at(time + 6, 'task_switch', state=1, next=to)
        self.at(time + 8, 'irq_out')

    def good_cycle(self, base, n):
        """weather samples under the lock, then bus publishes; nobody waits long."""
        self.tick(base, WEATHER, to=WEATHER)
        self.at(base + 20, 'mutex_lock', obj=MUTEX)
        self.at(base + 30, 'counter', tag=self.samples, value=n)
        self.at(base + 120, 'mutex_unlock', next=0, obj=MUTEX)
        self.sleep(base + 130, WEATHER, 0)
        self.tick(base + 1000, BUS, to=BUS)
        self.at(base + 1010, 'span_begin', tag=self.cycle)
        self.at(base + 1012, 'mutex_lock', obj=MUTEX)
        self.at(base + 1200, 'mutex_unlock', next=0, obj=MUTEX)
        self.at(base + 1210, 'span_end', tag=self.cycle)
        self.sleep(base + 1220, BUS, 0)

    def fatal_cycle(self, base):
        """weather holds the lock, bus waits for it, comm keeps weather from running: inversion."""
        self.tick(base, WEATHER, to=WEATHER)
        self.at(base + 20, 'mutex_lock', obj=MUTEX)
        self.tick(base + 100, BUS, to=BUS)
        self.at(base + 110, 'span_begin', tag=self.cycle)
        self.at(base + 112, 'mutex_block', owner=WEATHER, obj=MUTEX)
        self.at(base + 114, 'task_switch', state=3, next=WEATHER)
        self.tick(base + 150, COMM, to=COMM)
        self.sleep(base + 2650, COMM, WEATHER)
        self.at(base + 2700, 'mutex_unlock', next=BUS, obj=MUTEX)
        self.at(base + 2702, 'task_ready', reason=1, task=BUS)
        self.at(base + 2704, 'task_switch', state=1, next=BUS)
        self.at(base + 2706, 'mutex_acquired', timeout=0, obj=MUTEX)
        self.at(base + 2800, 'mutex_unlock', next=0, obj=MUTEX)
        self.at(base + 2810, 'mark', tag=self.late, value=2700)
        self.at(base + 2812, 'span_end', tag=self.cycle)
        self.sleep(base + 2820, BUS, WEATHER)
        self.sleep(base + 2900, WEATHER, 0)

    def run(self):
        self.start()
        for n in range(3):
            self.good_cycle(10000 + 10000 * n, 100 + n)
        self.fatal_cycle(40000)
        self.w.harts[0].close()
        self.w.harts[0].open(50000)
        self.w.drop_block(0)
        self.good_cycle(50000, 104)
        self.good_cycle(60000, 105)
        self.good_cycle(70000, 106)
        self.w.harts[0].close()
        self.good_cycle(80000, 107)
        return self.w


if __name__ == '__main__':
    Mars().run().save(sys.argv[1], end=90000)
