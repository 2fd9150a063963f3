# SPDX-License-Identifier: MIT
"""Random but well-formed runs, as containers. The same seed gives the same file.

A run obeys the order of events that the recorder promises (spawn: create, ready; block: wait,
switch, acquired; tick: irq_in, ready, switch, irq_out) and nothing else: which task runs next is
drawn, because exporters must not care."""
import random

from kymofile import Writer

NAMES = ['bus', 'comm', 'weather', 'log "x"', 'tab\\y', 'a,b', 'watchdog', 'i2c/1']


# Events of an application's own table, as wide as a table can be: 24 tasks of one bit, 16 words.
OWN = '0xC8 0 own_bits USER %s\n0xC9 0 own_words USER %s\n0xCA 1 own_sub USER S:%s:1:flag\n' % (
    ' '.join('A:b%d:1:%d:task' % (i, i) for i in range(20)),
    ' '.join('W:%s%d:obj' % ('w' * 40, i) for i in range(16)),
    'v' * 90,
)


class Hart:
    def __init__(self):
        self.running, self.ready, self.time = 0xFFFF, [], 1000
        self.blocked, self.asleep, self.owner, self.objects, self.granted = {}, [], None, [], {}


class Run:
    def __init__(
        self,
        seed,
        steps=400,
        harts=1,
        loss=0.0,
        hz=1000000000,
        block=512,
        long_gaps=False,
        nest=0.2,
        own=False,
    ):
        self.r = random.Random(seed)
        image, own_table = 'run%d.elf' % seed, OWN if own else ''
        self.w = Writer(harts, block, hz, image, own_table)
        self.own = own
        self.harts = [Hart() for _ in range(harts)]
        self.long_gaps, self.nest = long_gaps, nest
        self.level, self.base, self.next_id = {0: 7, 0xFFFF: 0}, {}, 1
        self.tags = [self.w.tag(t) for t in ('depth', 'speed mps', 'work')]
        self.spans = {}
        for n in range(harts):
            self.boot(n)
        for _ in range(steps):
            n = self.r.randrange(harts)
            if self.r.random() < loss:
                self.w.drop_block(n)
            self.step(n)

    def emit(self, n, name, **v):
        h = self.harts[n]
        far = self.long_gaps and self.r.random() < 0.01
        h.time += self.r.choice([1 << 32, 5 << 31, 1 << 27]) if far else self.r.randrange(1, 900)
        wh = self.w.harts[n]
        self.w.event(n, h.time, name, **v)
        if name == 'task_switch':
            wh.running = h.running = v['next']
            wh.level = self.level.get(h.running, 0xFF)
        elif name == 'irq_in':
            wh.depth += 1
            wh.causes = (wh.causes << 8 | v['cause']) & 0xFFFFFFFF
        elif name == 'irq_out':
            wh.depth -= 1
            wh.causes >>= 8

    def boot(self, n):
        self.emit(n, 'boot', cause=0)
        if n == 0:
            self.emit(n, 'app_enter')
        for i in range(4):
            self.spawn(n)
        for i, name in enumerate(['bus_lock%d', 'data_sem%d']):
            addr = 0x80001000 + 64 * n + 16 * i
            self.harts[n].objects.append(addr)
            self.w.symbols.append((addr, 16, 'o', name % n))
        self.emit(n, 'mutex_init', inherit=1, obj=self.harts[n].objects[0])
        self.emit(n, 'sem_create', max_waiters=8, obj=self.harts[n].objects[1], initial=0)
        self.emit(n, 'sched_start', preemptive=1)
        self.switch(n, 1)

    def spawn(self, n):
        t, level = self.next_id, self.r.randrange(8)
        self.next_id += self.r.choice([1, 1, 1, 300])
        self.level[t] = self.base[t] = level
        self.emit(
            n,
            'task_create',
            task=t,
            level=level,
            user=0,
            entry=0x80000000 + 8 * t,
            stack=0x80002000,
            stack_size=512,
        )
        self.w.symbols.append((0x80000000 + 8 * t, 8, 'f', 'task_fn_%d' % t))
        if self.r.random() < 0.7:
            name = self.r.choice(NAMES)[:16].encode().ljust(16, b'\0')
            words = [int.from_bytes(name[i : i + 4], 'little') for i in (0, 4, 8, 12)]
            self.emit(n, 'name_task', task=t, n0=words[0], n1=words[1], n2=words[2], n3=words[3])
        self.emit(n, 'task_ready', reason=0, task=t)
        self.harts[n].ready.append(t)

    def pick(self, n):
        h = self.harts[n]
        return h.ready.pop(self.r.randrange(len(h.ready))) if h.ready else 0

    def switch(self, n, state):
        h = self.harts[n]
        prev, nxt = h.running, self.pick(n)
        if state == 1 and prev not in (0, 0xFFFF):
            h.ready.append(prev)
        if prev != nxt:
            self.emit(n, 'task_switch', state=state if prev else 1, next=nxt)

    def wake(self, n, t, reason):
        self.emit(n, 'task_ready', reason=reason, task=t)
        self.harts[n].ready.append(t)

    def interrupt(self, n, depth=0):
        cause, source = self.r.choice([(7, 0), (7, 0), (11, 10), (11, 3), (3, 0)])
        self.emit(n, 'irq_in', cause=cause, source=source)
        if cause == 7:
            self.emit(n, 'tick', tick=self.r.randrange(1 << 24), late=self.r.randrange(100))
        if depth < 2 and self.r.random() < self.nest:
            self.interrupt(n, depth + 1)
        if self.harts[n].asleep and self.r.random() < 0.6:
            self.wake(n, self.harts[n].asleep.pop(0), 2)
        if depth == 0 and self.r.random() < 0.6:
            self.switch(n, 1)
        self.emit(n, 'irq_out')

    def release(self, n):
        """The owner of the mutex, or anybody for the semaphore, wakes a waiter."""
        h = self.harts[n]
        me, (m, s) = h.running, h.objects
        waiting = [t for t, o in h.blocked.items() if o == (m if h.owner == me else s)]
        if h.owner == me:
            h.owner = waiting[0] if waiting else None
            self.emit(n, 'mutex_unlock', next=h.owner or 0, obj=m)
            if self.level[me] != self.base[me]:
                self.level[me] = self.base[me]
                self.emit(
                    n, 'task_priority', task=me, level=self.base[me], base=self.base[me], why=2
                )
        elif waiting:
            self.emit(n, 'sem_give', task=waiting[0], obj=s)
        if waiting:
            o = h.blocked.pop(waiting[0])
            h.granted[waiting[0]] = ('mutex_acquired' if o == m else 'sem_acquired', o)
            self.wake(n, waiting[0], 1)
            self.switch(n, 1)

    def lock(self, n):
        h = self.harts[n]
        me, m = h.running, h.objects[0]
        if h.owner is None:
            h.owner = me
            self.emit(n, 'mutex_lock', obj=m)
        elif h.owner != me:
            self.emit(n, 'mutex_block', owner=h.owner, obj=m)
            if self.level[h.owner] > self.level[me]:
                self.level[h.owner] = self.level[me]
                self.emit(
                    n,
                    'task_priority',
                    task=h.owner,
                    level=self.level[me],
                    base=self.base[h.owner],
                    why=1,
                )
            h.blocked[me] = m
            self.switch(n, 3)

    def own_event(self, n):
        k = self.r.randrange(3)
        if k == 0:
            self.emit(n, 'own_bits', **{'b%d' % i: self.r.randrange(2) for i in range(20)})
        elif k == 1:
            words = {'%s%d' % ('w' * 40, i): self.r.randrange(1 << 32) for i in range(16)}
            self.emit(n, 'own_words', **words)
        else:
            self.emit(n, 'own_sub', **{'v' * 90: self.r.randrange(2)})

    def log(self, n):
        argc = self.r.randrange(3)
        tag = self.w.tag(['plain "text"', 'value %d', 'from %x to %u'][argc])
        args = [self.r.randrange(1 << 32) for _ in range(argc)]
        self.emit(n, 'log', argc=argc, tag=tag, args=args)

    def user(self, n):
        if self.own and self.r.random() < 0.5:
            return self.own_event(n)
        me, k = self.harts[n].running, self.r.randrange(5)
        if k == 0:
            self.emit(n, 'mark', tag=self.tags[0], value=self.r.randrange(1 << 32))
        elif k == 1:
            self.emit(n, 'counter', tag=self.tags[1], value=self.r.randrange(-500, 500))
        elif k == 2:
            self.log(n)
        elif me in self.spans:
            del self.spans[me]
            self.emit(n, 'span_end', tag=self.tags[2])
        else:
            self.spans[me] = 1
            self.emit(n, 'span_begin', tag=self.tags[2])

    def step(self, n):
        h, k = self.harts[n], self.r.random()
        if h.running in h.granted:
            name, obj = h.granted.pop(h.running)
            self.emit(n, name, timeout=0, obj=obj)
        if h.running in (0, 0xFFFF) or k < 0.3:
            self.interrupt(n)
        elif k < 0.4:
            self.emit(n, 'task_yield')
            self.switch(n, 1)
        elif k < 0.5 and len(h.ready) > 1:
            self.emit(n, 'task_delay', ticks=3)
            h.asleep.append(h.running)
            self.switch(n, 5)
        elif k < 0.65:
            self.lock(n)
        elif k < 0.75:
            self.release(n)
        elif k < 0.8 and len(h.ready) > 1 and h.running != h.owner:
            self.emit(n, 'sem_block', obj=h.objects[1])
            h.blocked[h.running] = h.objects[1]
            self.switch(n, 3)
        elif k < 0.82 and h.running != h.owner and len(h.ready) > 2:
            self.emit(n, 'task_destroy', task=h.running, state=2)
            self.switch(n, 0)
        elif k < 0.85:
            self.spawn(n)
        else:
            self.user(n)
