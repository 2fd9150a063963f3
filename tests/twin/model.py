# SPDX-License-Identifier: MIT
"""The twin itself: a naive model of the kernel's semantics, written from the documentation, not
from the kernel. Lists instead of queues, one way to do each thing, no cleverness.

    Twin(seed, steps, cooperative).play()      every event that the target must record, in order
"""

WORKERS, SEMS, MUTEXES, CONDS, FIRST = 7, 3, 3, 2, 2
QUEUES, PIPES, QUEUE_SIZE, PIPE_SIZE, BYTES = 2, 2, 7, 8, 12
KEEPER, IDLE = FIRST + WORKERS, 0
SLICES = [1, 2, 3, 4, 5, 7, 10, 15, 255]
ERR_OK, ERR_FAIL, ERR_CANT_REMOVE, ERR_NOT_FOUND = 0, -1, -16379, -16378
ERR_CANT_SUSPEND, ERR_CANT_RESUME, ERR_BUSY = -16377, -16376, -16373
ERR_NOT_OWNER, ERR_TIMEOUT = -16372, -16363
STOPPED, READY, RUNNING, BLOCKED, SUSPENDED, DELAYED = range(6)
CREATED, OBJECT, DELAY_OVER, TIMED_OUT, RESUMED = range(5)
DRAW = [0, 0, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 10, 11, 11,
        12, 12, 13, 14, 15, 15, 16, 16, 17, 19, 20, 20, 20, 21, 22, 22, 23, 23, 24, 24, 25, 26, 27,
            18]
OPS = ["sem_wait", "sem_try", "sem_signal", "sem_timed", "lock", "trylock", "timedlock", "unlock",
       "cond_wait", "cond_signal", "cond_broadcast", "delay", "yield", "suspend", "resume",
       "priority", "tick", "cancel", "inherit", "values", "send", "poll", "receive", "write",
       "read", "nbwrite", "nbread", "flush"]


class End(Exception):
    """The run is over."""


class Task:
    def __init__(self, ident, level):
        self.id, self.level, self.base = ident, level, level
        self.state, self.wait = SUSPENDED, None
        # wait: ("sem", i) ("mutex", i) ("cond", i) ("delay",) or None
        self.suspended = True
        self.deadline = None
        self.slice = SLICES[4]                      # of the level it was created with
        self.result = None
        self.held = []                              # mutexes, newest first
        self.program = None

    def shown(self):
        return DELAYED if self.state == BLOCKED and self.wait == ("delay",) else self.state


class Pipe:
    """Bytes in it, and who waits: [task, bytes left to write, or how many to read]."""

    def __init__(self):
        self.bytes, self.readers, self.writers = [], [], []


class Twin:
    """A call is a generator: it yields when its task waits or is preempted, and then goes on."""

    def __init__(self, seed, steps, cooperative):
        self.cooperative = cooperative
        self.seed, self.limit, self.steps, self.now = seed, steps, 0, 0
        self.events = []
        self.task = {FIRST + i: Task(FIRST + i, 3 + i % 4) for i in range(WORKERS)}
        keeper = self.task[KEEPER] = Task(KEEPER, 7)
        keeper.state, keeper.suspended = RUNNING, False
        self.ready = [keeper]   # in order of their turn; the running task is among them
        self.armed = []                             # tasks with a deadline, in order of arming
        self.idle = Task(IDLE, 8)
        self.idle.state, self.idle.suspended = READY, False
        self.cur = keeper
        self.sem = [[i, []] for i in range(SEMS)]   # count, waiters
        self.owner, self.mwait = [None] * MUTEXES, [[] for _ in range(MUTEXES)]
        self.inherit = [True] * (MUTEXES - 1) + [False]
        self.cwait = [[] for _ in range(CONDS)]
        self.mq = [[[], []] for _ in range(QUEUES)]     # messages, waiters
        self.pipe = [Pipe() for _ in range(PIPES)]
        for t in self.task.values():
            t.program = self.keeper(t) if t is keeper else self.worker(t)

    # ---- events and choosing

    def emit(self, name, **fields):
        self.events.append((name, fields))

    def best(self):
        # min takes the first of equals
        return min(self.ready, key=lambda t: t.level, default=self.idle)

    def to_tail(self, t):
        self.ready.remove(t)
        self.ready.append(t)

    def switch(self, state):
        """The running task leaves, if another is to run now."""
        nxt = self.best()
        if nxt is self.cur:
            return False
        self.emit("task_switch", state=state, next=nxt.id)
        if self.cur.state == RUNNING:
            self.cur.state = READY
        nxt.state = RUNNING
        self.cur = nxt
        return True

    def offer(self):
        """Somebody became ready or levels changed: a higher one runs at once."""
        if self.cooperative:
            return False
        if self.best().level < self.cur.level:
            return self.switch(READY)
        return False

    def wake(self, t, reason, result):
        t.wait, t.result = None, result
        if t in self.armed:
            self.armed.remove(t)
        if t.suspended:
            return
        t.state = READY
        self.ready.append(t)
        self.emit("task_ready", reason=reason, task=t.id)

    def block(self, t, wait, ticks=None):
        t.state, t.wait = BLOCKED, wait
        self.ready.remove(t)
        if ticks is not None:
            t.deadline = self.now + ticks
            self.armed.append(t)

    def pass_(self):
        """In cooperative mode every way through the scheduler counts as a tick for those who
        wait."""
        if self.cooperative:
            self.now += 1
            for t in [t for t in self.armed if t.deadline == self.now]:
                self.expire(t)

    def leave(self, t, state):
        """The running task waits; in cooperative mode its own time may run out in this very
        call."""
        self.pass_()
        if t.state == READY:
            t.state, state = RUNNING, READY
        self.switch(state)

    # ---- inheritance: levels follow from who waits

    def due(self, t):
        return min([t.base] + [w.level for m in t.held if self.inherit[m] for w in self.mwait[m]])

    def relevel(self, t):
        """Along the chain of owners, until nothing changes."""
        while t:
            level = self.due(t)
            if level == t.level:
                return
            why = 1 if level < t.level else 2
            self.set_level(t, level, why)
            t = self.owner[t.wait[1]] if t.wait and t.wait[0] == "mutex" else None

    def set_level(self, t, level, why):
        if t.state == RUNNING:                      # keeps its turn
            self.ready.remove(t)
            self.ready.insert(0, t)
        elif t.state == READY:
            self.to_tail(t)
        elif t.wait and t.wait[0] in ("mutex", "cond"):
            queue = (self.mwait if t.wait[0] == "mutex" else self.cwait)[t.wait[1]]
            queue.remove(t)
            queue.append(t)
        t.level = level
        self.emit("task_priority", task=t.id, level=level, base=t.base, why=why)

    @staticmethod
    def highest(queue):
        return min(queue, key=lambda t: t.level, default=None)

    def hand_over(self, m, heir):
        self.mwait[m].remove(heir)
        self.owner[m] = heir
        heir.held.insert(0, m)
        self.wake(heir, OBJECT, ERR_OK)

    # ---- ticks

    def tick(self):
        self.emit("irq_in", cause=7, source=0)
        self.now += 1
        self.emit("tick", tick=self.now)
        cur = self.cur
        if cur is not self.idle:
            cur.slice -= 1
            if cur.slice == 0:
                cur.slice = SLICES[cur.level]
                if any(t is not cur and t.level == cur.level for t in self.ready):
                    self.to_tail(cur)
        for t in [t for t in self.armed if t.deadline == self.now]:
            self.expire(t)
        self.switch(READY)
        self.emit("irq_out")

    def expire(self, t):
        owner = None
        if t.wait[0] == "sem":
            self.sem[t.wait[1]][1].remove(t)
        elif t.wait[0] == "mutex":
            self.mwait[t.wait[1]].remove(t)
            owner = self.owner[t.wait[1]]
        elif t.wait[0] == "cond":
            self.cwait[t.wait[1]].remove(t)
        elif t.wait[0] == "mq":
            self.mq[t.wait[1]][1].remove(t)
        self.wake(t, DELAY_OVER if t.wait == ("delay",) else TIMED_OUT, ERR_TIMEOUT)
        self.relevel(owner)

    # ---- calls

    def sem_take(self, i):
        self.sem[i][0] -= 1
        self.emit("sem_take", count=self.sem[i][0], obj=f"sem{i}")

    def sem_wait(self, t, i, ticks=None):
        count, waiters = self.sem[i]
        if count > 0:
            self.sem_take(i)
            return ERR_OK
        if ticks == 0:
            self.emit("sem_busy", obj=f"sem{i}")
            return ERR_TIMEOUT
        self.emit("sem_block", obj=f"sem{i}")
        waiters.append(t)
        self.block(t, ("sem", i), ticks)
        self.leave(t, BLOCKED)
        yield
        self.emit("sem_acquired", timeout=int(t.result != ERR_OK), obj=f"sem{i}")
        return t.result

    def sem_try(self, i):
        if self.sem[i][0] > 0:
            self.sem_take(i)
            return ERR_OK
        self.emit("sem_busy", obj=f"sem{i}")
        return ERR_FAIL

    def sem_signal(self, t, i):
        if not self.sem[i][1]:
            self.sem[i][0] += 1
            self.emit("sem_signal", count=self.sem[i][0], obj=f"sem{i}")
            return
        woken = self.sem[i][1].pop(0)
        self.emit("sem_give", task=woken.id, obj=f"sem{i}")
        self.wake(woken, OBJECT, ERR_OK)
        if self.cooperative:
            yield from self.pass_on(t)
        elif woken.state == READY and woken.level == t.level:  # gives way to an equal as well
            self.to_tail(t)
            if self.switch(READY):
                yield
        elif self.offer():
            yield

    def lock(self, t, m, ticks=None):
        if self.owner[m] is None:
            self.owner[m] = t
            t.held.insert(0, m)
            self.emit("mutex_lock", obj=f"mutex{m}")
            return ERR_OK
        if ticks == 0:
            self.emit("mutex_busy", owner=self.owner[m].id, obj=f"mutex{m}")
            return ERR_BUSY
        if self.owner[m] is t:
            self.emit("refused", call=0x42, obj=f"mutex{m}", result=ERR_BUSY)
            return ERR_BUSY
        self.emit("mutex_block", owner=self.owner[m].id, obj=f"mutex{m}")
        self.block(t, ("mutex", m), ticks)
        self.mwait[m].append(t)
        self.relevel(self.owner[m])
        self.leave(t, BLOCKED)
        yield
        self.emit("mutex_acquired", timeout=int(t.result != ERR_OK), obj=f"mutex{m}")
        return t.result

    def give_up(self, t, m):
        t.held.remove(m)
        heir = self.highest(self.mwait[m])
        self.emit("mutex_unlock", next=heir.id if heir else 0, obj=f"mutex{m}")
        self.owner[m] = None
        if heir:
            self.hand_over(m, heir)
            self.relevel(t)

    def unlock(self, t, m):
        if self.owner[m] is not t:
            self.emit("refused", call=0x47, obj=f"mutex{m}", result=ERR_NOT_OWNER)
            return ERR_NOT_OWNER
        self.give_up(t, m)
        if self.offer():
            yield
        return ERR_OK

    def cond_wait(self, t, c, m, ticks):
        refused = ERR_NOT_OWNER if self.owner[m] is not t else ERR_TIMEOUT if ticks == 0 else None
        if refused is not None:
            self.emit("refused", call=0x52, obj=f"cond{c}", result=refused)
            return refused
        self.emit("cond_wait", obj=f"cond{c}", mutex=f"mutex{m}")
        self.block(t, ("cond", c), ticks)
        self.cwait[c].append(t)
        self.give_up(t, m)
        self.leave(t, BLOCKED)
        yield
        result = t.result
        self.emit("cond_woken", timeout=int(result != ERR_OK), obj=f"cond{c}")
        locked = yield from self.lock(t, m)
        return result if result != ERR_OK else locked

    def cond_signal(self, c):
        t = self.highest(self.cwait[c])
        self.emit("cond_signal", task=t.id if t else 0, obj=f"cond{c}")
        if t:
            self.cwait[c].remove(t)
            self.wake(t, OBJECT, ERR_OK)
            if self.offer():
                yield
        return ERR_OK

    def cond_broadcast(self, c):
        self.emit("cond_broadcast", count=len(self.cwait[c]), obj=f"cond{c}")
        while self.cwait[c]:
            t = self.highest(self.cwait[c])
            self.cwait[c].remove(t)
            self.wake(t, OBJECT, ERR_OK)
        if self.offer():
            yield
        return ERR_OK

    def delay(self, t, ticks):
        if ticks == 0:
            return
        self.emit("task_delay", ticks=ticks)
        self.block(t, ("delay",), ticks)
        self.leave(t, DELAYED)
        yield

    def yield_(self, t):
        self.emit("task_yield")
        yield from self.pass_on(t)

    def pass_on(self, t):
        self.pass_()
        self.to_tail(t)
        if self.switch(READY):
            yield

    def refuse(self, call, ident, result):
        self.emit("refused", call=call, obj=ident, result=result)
        return result

    def suspend(self, t, ident):
        victim = self.task.get(ident)
        if not victim:
            return self.refuse(0x14, ident, ERR_NOT_FOUND)
        if victim.suspended:
            return self.refuse(0x14, ident, ERR_CANT_SUSPEND)
        self.emit("task_suspend", task=ident, state=victim.shown())
        if victim.state in (READY, RUNNING):
            self.ready.remove(victim)
        victim.suspended, victim.state = True, SUSPENDED
        if victim is t:
            self.leave(t, SUSPENDED)
            yield
        return ERR_OK

    def resume(self, ident):
        victim = self.task.get(ident)
        if not victim:
            return self.refuse(0x15, ident, ERR_NOT_FOUND)
        if not victim.suspended:
            return self.refuse(0x15, ident, ERR_CANT_RESUME)
        victim.suspended = False
        victim.state = BLOCKED if victim.wait else READY
        self.emit("task_resume", task=ident, state=victim.shown())
        if victim.state == READY:
            self.ready.append(victim)
            self.emit("task_ready", reason=RESUMED, task=ident)
            if self.offer():
                yield
        return ERR_OK

    def priority(self, ident, level):
        t = self.task.get(ident)
        if not t:
            return self.refuse(0x16, ident, ERR_NOT_FOUND)
        t.base = level
        self.set_level(t, self.due(t), 0)
        if t.wait and t.wait[0] == "mutex":
            self.relevel(self.owner[t.wait[1]])
        if self.offer():
            yield
        return ERR_OK

    def cancel(self, t, ident):
        victim = self.task.get(ident)
        if victim is t:
            return self.refuse(0x11, ident, ERR_CANT_REMOVE)
        if not victim:
            return self.refuse(0x11, ident, ERR_NOT_FOUND)
        while victim.held:
            m = victim.held.pop(0)
            heir = self.highest(self.mwait[m])
            self.emit("mutex_abandon", next=heir.id if heir else 0, obj=f"mutex{m}")
            self.owner[m] = None
            if heir:
                self.hand_over(m, heir)
        owner = None
        if victim.wait and victim.wait[0] == "sem":
            self.sem[victim.wait[1]][1].remove(victim)
        elif victim.wait and victim.wait[0] == "mutex":
            self.mwait[victim.wait[1]].remove(victim)
            owner = self.owner[victim.wait[1]]
        elif victim.wait and victim.wait[0] == "cond":
            self.cwait[victim.wait[1]].remove(victim)
        elif victim.wait and victim.wait[0] == "mq":
            self.mq[victim.wait[1]][1].remove(victim)
        elif victim.wait and victim.wait[0] == "pipe":
            p = self.pipe[victim.wait[1]]
            p.readers = [w for w in p.readers if w[0] is not victim]
            p.writers = [w for w in p.writers if w[0] is not victim]
        if victim in self.armed:
            self.armed.remove(victim)
        if victim in self.ready:
            self.ready.remove(victim)
        self.emit("task_destroy", task=ident, state=victim.shown())
        del self.task[ident]
        self.relevel(owner)
        if self.offer():
            yield
        return ERR_OK

    def set_inherit(self, m, on):
        if self.mwait[m]:
            return self.refuse(0x49, f"mutex{m}", ERR_BUSY)
        self.inherit[m] = bool(on)
        self.emit("mutex_inherit", inherit=on, obj=f"mutex{m}")
        return ERR_OK

    # ---- queues: a message goes to the task that waited longest, else into the queue

    def send(self, i, number):
        messages, waiters = self.mq[i]
        if waiters:
            woken = waiters.pop(0)
            self.emit("mq_give", task=woken.id, obj=f"mq{i}")
            self.wake(woken, OBJECT, number)
            if self.offer():
                yield
            return ERR_OK
        if len(messages) == QUEUE_SIZE:
            self.emit("mq_send", full=1, depth=QUEUE_SIZE, obj=f"mq{i}")
            return ERR_FAIL
        messages.append(number)
        self.emit("mq_send", full=0, depth=len(messages), obj=f"mq{i}")
        return ERR_OK

    def receive(self, t, i, ticks):
        messages, waiters = self.mq[i]
        if messages:
            number = messages.pop(0)
            self.emit("mq_receive", depth=len(messages), obj=f"mq{i}")
            return number
        if ticks == 0:
            return -1
        self.emit("mq_block", obj=f"mq{i}")
        waiters.append(t)
        self.block(t, ("mq", i), ticks)
        self.leave(t, BLOCKED)
        yield
        self.emit("mq_acquired", timeout=int(t.result == ERR_TIMEOUT), obj=f"mq{i}")
        return -1 if t.result == ERR_TIMEOUT else t.result

    # ---- pipes, byte by byte: waiting readers are served first, waiting writers fill what is read

    def served(self, waiters):
        """The first waiter has all it wanted: it goes on, at once if it is higher."""
        woken = waiters.pop(0)[0]
        self.wake(woken, OBJECT, ERR_OK)
        if self.offer():
            yield

    def put(self, p, data):
        """Moves bytes in while that is possible; takes them from `data`."""
        while data:
            if p.readers:
                p.readers[0][1].append(data.pop(0))
                if len(p.readers[0][1]) == p.readers[0][2]:
                    yield from self.served(p.readers)
            elif len(p.bytes) < PIPE_SIZE:
                p.bytes.append(data.pop(0))
            else:
                return

    def get(self, p, data, n):
        while len(data) < n and p.bytes:
            data.append(p.bytes.pop(0))
            if p.writers:
                p.bytes.append(p.writers[0][1].pop(0))
                if not p.writers[0][1]:
                    yield from self.served(p.writers)

    def transfer(self, t, i, data, n, writer, blocking):
        """One call. data: what is left to write, or what was read so far."""
        p, name = self.pipe[i], f"pipe{i}"
        yield from (self.put(p, data) if writer else self.get(p, data, n))
        if (data if writer else len(data) < n) and blocking:
            self.emit("pipe_block", writer=int(writer), used=len(p.bytes), obj=name)
            (p.writers if writer else p.readers).append([t, data, n])
            self.block(t, ("pipe", i))
            self.leave(t, BLOCKED)
            yield
            self.emit("pipe_resume", writer=int(writer), obj=name)
        moved = n - len(data) if writer else len(data)
        self.emit("pipe_write" if writer else "pipe_read", nonblocking=int(not blocking),
            moved=moved,
                  obj=name, state=n << 16 | len(p.bytes))
        return moved

    def write(self, t, i, n, first, blocking):
        data = [first + k & 0xFF for k in range(n)]
        return (yield from self.transfer(t, i, data, n, True, blocking))

    def read(self, t, i, n, blocking):
        data = []
        total = yield from self.transfer(t, i, data, n, False, blocking)
        for byte in data:
            total = total * 31 + byte & 0xFFFFFFFF
        return total

    def flush(self, i):
        data, n = [], len(self.pipe[i].bytes)
        yield from self.get(self.pipe[i], data, n)
        self.emit("pipe_flush", dropped=len(data), obj=f"pipe{i}")

    def raise_tick(self):
        before = self.cur
        self.tick()
        if self.cur is not before:
            yield

    def values(self, a):
        return (self.sem[a % SEMS][0] | len(self.sem[a % SEMS][1]) << 8 |
                len(self.mwait[a % MUTEXES]) << 16 |
                len(self.cwait[a % CONDS]) << 20 | (len(self.task) + 1 & 15) << 24)

    # ---- programs

    def step(self):
        self.steps += 1
        if self.steps - 1 == self.limit:
            self.emit("mark", value=self.steps)
            raise End

    def run(self, t, op, a):
        ticks, obj = a >> 8 & 3, a & 0xFF
        m, target = obj % MUTEXES, FIRST + obj % WORKERS
        above, size = any(h > m for h in t.held), 1 + (a >> 8) % BYTES
        calls = {
            "sem_wait": lambda: self.sem_wait(t, obj % SEMS),
                "sem_try": lambda: self.sem_try(obj % SEMS),
            "sem_signal": lambda: self.sem_signal(t, obj % SEMS),
            "sem_timed": lambda: self.sem_wait(t, obj % SEMS, ticks),
            "lock": lambda: self.lock(t, m, ticks if above else None),
                "trylock": lambda: self.lock(t, m, 0),
            "timedlock": lambda: self.lock(t, m, ticks), "unlock": lambda: self.unlock(t, m),
            "cond_wait": lambda: self.lock(t, m, 0) if any(h != m for h in t.held) else
            self.cond_wait(t, obj % CONDS, m, None if ticks == 3 else ticks),
            "cond_signal": lambda: self.cond_signal(obj % CONDS),
            "cond_broadcast": lambda: self.cond_broadcast(obj % CONDS),
            "delay": lambda: self.delay(t, ticks), "yield": lambda: self.yield_(t),
            "suspend": lambda: self.suspend(t, target), "resume": lambda: self.resume(target),
            "priority": lambda: self.priority(target, ticks + 3),
            "tick": lambda: self.yield_(t) if self.cooperative else self.raise_tick(),
            "cancel": lambda: self.cancel(t,
                FIRST + obj // 8 % WORKERS) if len(self.task) > 5 else 0,
            "values": lambda: self.values(obj), "inherit": lambda: self.set_inherit(m, ticks & 1),
            "send": lambda: self.send(obj % QUEUES, obj), "poll": lambda: self.receive(t,
                obj % QUEUES, 0),
            "receive": lambda: self.receive(t, obj % QUEUES, ticks),
            "write": lambda: self.write(t, obj % PIPES, size, a, True),
            "read": lambda: self.read(t, obj % PIPES, size, True),
            "nbwrite": lambda: self.write(t, obj % PIPES, size, a, False),
            "nbread": lambda: self.read(t, obj % PIPES, size, False),
                "flush": lambda: self.flush(obj % PIPES)}
        result = calls[OPS[op]]()
        if hasattr(result, "send"):
            result = yield from result
        return result or 0

    def worker(self, t):
        random = self.seed * 2654435761 + t.id & 0xFFFFFFFF
        while True:
            random ^= random << 13 & 0xFFFFFFFF
            random ^= random >> 17
            random ^= random << 5 & 0xFFFFFFFF
            op = DRAW[(random >> 16) % 48]
            self.step()
            result = yield from self.run(t, op, random & 0xFFFF)
            self.emit("debug", type=op, p1=random & 0xFFFF, p2=result & 0xFFFFFFFF)

    def keeper(self, t):
        self.emit("mark", value=0)
        while True:
            for i in range(WORKERS):
                yield from self.resume(FIRST + i)
            for i in range(SEMS):
                yield from self.sem_signal(t, i)
            for i in range(CONDS):
                yield from self.cond_broadcast(i)
            for i in range(PIPES):
                yield from self.write(t, i, PIPE_SIZE, 0, False)
                yield from self.flush(i)
            yield from self.delay(t, 1)

    def play(self):
        try:
            while True:
                if self.cur is self.idle and self.cooperative:
                    self.pass_()
                    self.switch(READY)
                elif self.cur is self.idle:
                    self.tick()
                else:
                    next(self.cur.program)
        except End:
            return self.events
