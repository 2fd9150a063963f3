/* SPDX-License-Identifier: MIT */
/* The target's half of the twin test: tasks that make random calls. twin.py, the other half, knows
 * the same random numbers, predicts every event and every result from the documented semantics
 * alone, and compares.
 *
 * Time is logical. The only ticks are those of the operation TICK, which raises the timer interrupt
 * itself (and thereby moves the next natural one 10 ms further away), and those that come while the
 * hart is idle. So the order of events depends on the seed only, not on how many instructions a
 * call takes.
 *
 * The keeper, the lowest task, never waits for anybody: it resumes, signals and wakes, so nothing
 * stands still for ever. Workers are the tasks that may be suspended, cancelled and given another
 * priority. */
#include <linmo.h>
#include <sys/debug_trace.h>

#include "private/error.h"

enum { WORKERS = 7, SEMS = 3, MUTEXES = 3, CONDS = 2, QUEUES = 2, PIPES = 2, FIRST_ID = 2 };
enum { QUEUE_SIZE = 7, PIPE_SIZE = 8, BYTES = 12 }; /* transfers exceed the pipe */

/* twin.py writes these into the image. */
volatile uint32_t twin_seed = 1;
volatile uint32_t twin_steps = 1000;
volatile uint32_t twin_preemptive = 1; /* all of them not 0, so that they are in the image */

static sem_t *sem[SEMS];
static mutex_t mutex[MUTEXES];
static cond_t cond[CONDS];
static mq_t *queue[QUEUES];
static pipe_t *bytes[PIPES];
static uint32_t steps;

static const uint16_t levels[8] = {TASK_PRIO_CRIT,  TASK_PRIO_REALTIME, TASK_PRIO_HIGH,
                                   TASK_PRIO_ABOVE, TASK_PRIO_NORMAL,   TASK_PRIO_BELOW,
                                   TASK_PRIO_LOW,   TASK_PRIO_IDLE};

static uint32_t next_random(uint32_t *state) /* xorshift32; the same in twin.py */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void power_off(void)
{
    trace_mark("end", steps);
    *(volatile uint32_t *) 0x00100000 = 0x5555;
    for (;;)
        ;
}

static void raise_tick(void)
{
    volatile uint32_t *mtimecmp = (volatile uint32_t *) 0x02004000;
    uint32_t before = mo_ticks();
    mtimecmp[1] = 0;
    mtimecmp[0] = 0;
    while (mo_ticks() == before)
        ;
}

static void step(void)
{
    if (steps++ == twin_steps)
        power_off();
}

enum {
    OP_SEM_WAIT,
    OP_SEM_TRY,
    OP_SEM_SIGNAL,
    OP_SEM_TIMED,
    OP_LOCK,
    OP_TRYLOCK,
    OP_TIMEDLOCK,
    OP_UNLOCK,
    OP_COND_WAIT,
    OP_COND_SIGNAL,
    OP_COND_BROADCAST,
    OP_DELAY,
    OP_YIELD,
    OP_SUSPEND,
    OP_RESUME,
    OP_PRIORITY,
    OP_TICK,
    OP_CANCEL,
    OP_INHERIT,
    OP_VALUES,
    OP_SEND,
    OP_POLL,
    OP_RECEIVE,
    OP_WRITE,
    OP_READ,
    OP_NBWRITE,
    OP_NBREAD,
    OP_FLUSH,
};

/* How often each operation is drawn, of 48; twin.py has the same row. */
static const uint8_t draw[48] = {
    OP_SEM_WAIT,  OP_SEM_WAIT,  OP_SEM_TRY,     OP_SEM_SIGNAL,     OP_SEM_SIGNAL, OP_SEM_SIGNAL,
    OP_SEM_TIMED, OP_SEM_TIMED, OP_LOCK,        OP_LOCK,           OP_TRYLOCK,    OP_TIMEDLOCK,
    OP_UNLOCK,    OP_UNLOCK,    OP_UNLOCK,      OP_UNLOCK,         OP_COND_WAIT,  OP_COND_WAIT,
    OP_COND_WAIT, OP_COND_WAIT, OP_COND_SIGNAL, OP_COND_BROADCAST, OP_DELAY,      OP_DELAY,
    OP_YIELD,     OP_YIELD,     OP_SUSPEND,     OP_RESUME,         OP_PRIORITY,   OP_PRIORITY,
    OP_TICK,      OP_TICK,      OP_CANCEL,      OP_VALUES,         OP_SEND,       OP_SEND,
    OP_SEND,      OP_POLL,      OP_RECEIVE,     OP_RECEIVE,        OP_WRITE,      OP_WRITE,
    OP_READ,      OP_READ,      OP_NBWRITE,     OP_NBREAD,         OP_FLUSH,      OP_INHERIT,
};

/* Waits for ever only for a mutex above all that the task holds: no circle of such waits can form.
 */
static int32_t lock(uint32_t m, uint32_t ticks)
{
    for (uint32_t i = m + 1; i < MUTEXES; i++)
        if (mo_mutex_owned_by_current(&mutex[i]))
            return mo_mutex_timedlock(&mutex[m], ticks);
    return mo_mutex_lock(&mutex[m]);
}

static int32_t values(uint32_t a)
{
    return mo_sem_getvalue(sem[a % SEMS]) | mo_sem_waiting_count(sem[a % SEMS]) << 8 |
           mo_mutex_waiting_count(&mutex[a % MUTEXES]) << 16 |
           mo_cond_waiting_count(&cond[a % CONDS]) << 20 | (mo_task_count() & 15) << 24;
}

static int32_t cancel(uint32_t a)
{
    return mo_task_count() > 6 ? mo_task_cancel(FIRST_ID + a / 8 % WORKERS)
                               : 0; /* they do not come back */
}

/* The wait ends with a lock that waits for ever, so it holds no other mutex. */
static int32_t cond_wait(uint32_t c, uint32_t m, uint32_t ticks)
{
    for (uint32_t i = 0; i < MUTEXES; i++)
        if (i != m && mo_mutex_owned_by_current(&mutex[i]))
            return mo_mutex_trylock(&mutex[m]);
    return ticks == 3 ? mo_cond_wait(&cond[c], &mutex[m])
                      : mo_cond_timedwait(&cond[c], &mutex[m], ticks);
}

/* A message is only a pointer to the kernel: each sender has one for each number it sends. */
static message_t message[256];

static int32_t number_of(const message_t *m)
{
    return m ? (int32_t) (m - message) : -1;
}

/* Writes n bytes that count up from `first`; or reads n and sums them up with their places. */
static int32_t write(uint32_t p, uint32_t n, uint32_t first, bool blocking)
{
    char data[BYTES];
    for (uint32_t i = 0; i < n; i++)
        data[i] = (char) (first + i);
    return blocking ? mo_pipe_write(bytes[p], data, (uint16_t) n)
                    : mo_pipe_nbwrite(bytes[p], data, (uint16_t) n);
}

static int32_t read(uint32_t p, uint32_t n, bool blocking)
{
    char data[BYTES];
    int32_t got = blocking ? mo_pipe_read(bytes[p], data, (uint16_t) n)
                           : mo_pipe_nbread(bytes[p], data, (uint16_t) n);
    uint32_t sum = (uint32_t) got;
    for (int32_t i = 0; i < got; i++)
        sum = sum * 31 + (uint8_t) data[i];
    return (int32_t) sum;
}

static int32_t run_transfer(uint32_t op, uint32_t a)
{
    uint32_t object = a & 0xFF, n = 1 + (a >> 8) % BYTES;
    switch (op) {
    case OP_SEND: return mo_mq_enqueue(queue[object % QUEUES], &message[object]);
    case OP_POLL: return number_of(mo_mq_dequeue(queue[object % QUEUES]));
    case OP_RECEIVE: return number_of(mo_mq_receive(queue[object % QUEUES], a >> 8 & 3));
    case OP_WRITE: return write(object % PIPES, n, a, true);
    case OP_READ: return read(object % PIPES, n, true);
    case OP_NBWRITE: return write(object % PIPES, n, a, false);
    case OP_NBREAD: return read(object % PIPES, n, false);
    default: mo_pipe_flush(bytes[object % PIPES]); return 0;
    }
}

static int32_t run(uint32_t op, uint32_t a)
{
    uint32_t ticks = a >> 8 & 3, object = a & 0xFF;
    switch (op) {
    case OP_SEM_WAIT: mo_sem_wait(sem[object % SEMS]); return 0;
    case OP_SEM_TRY: return mo_sem_trywait(sem[object % SEMS]);
    case OP_SEM_SIGNAL: mo_sem_signal(sem[object % SEMS]); return 0;
    case OP_SEM_TIMED: return mo_sem_timedwait(sem[object % SEMS], ticks);
    case OP_LOCK: return lock(object % MUTEXES, ticks);
    case OP_TRYLOCK: return mo_mutex_trylock(&mutex[object % MUTEXES]);
    case OP_TIMEDLOCK: return mo_mutex_timedlock(&mutex[object % MUTEXES], ticks);
    case OP_UNLOCK: return mo_mutex_unlock(&mutex[object % MUTEXES]);
    case OP_COND_WAIT: return cond_wait(object % CONDS, object % MUTEXES, ticks);
    case OP_COND_SIGNAL: return mo_cond_signal(&cond[object % CONDS]);
    case OP_COND_BROADCAST: return mo_cond_broadcast(&cond[object % CONDS]);
    case OP_DELAY: mo_task_delay(ticks); return 0;
    case OP_YIELD: mo_task_yield(); return 0;
    case OP_SUSPEND: return mo_task_suspend(FIRST_ID + object % WORKERS);
    case OP_RESUME: return mo_task_resume(FIRST_ID + object % WORKERS);
    case OP_PRIORITY: return mo_task_priority(FIRST_ID + object % WORKERS, levels[ticks + 3]);
    case OP_TICK: twin_preemptive ? raise_tick() : mo_task_yield(); return 0;
    case OP_INHERIT: return mo_mutex_set_inherit(&mutex[object % MUTEXES], ticks & 1);
    case OP_CANCEL: return cancel(object);
    case OP_VALUES: return values(object);
    default: return run_transfer(op, a);
    }
}

static void worker(void)
{
    uint32_t random = twin_seed * 2654435761u + mo_task_id();
    for (;;) {
        uint32_t r = next_random(&random);
        uint32_t op = draw[(r >> 16) % 48];
        step();
        int32_t result = run(op, r & 0xFFFF);
        debug_trace_event((uint8_t) op, r & 0xFFFF, (uint32_t) result);
    }
}

static void keeper(void)
{
    trace_mark("begin", 0);
    for (;;) {
        for (uint32_t i = 0; i < WORKERS; i++)
            mo_task_resume(FIRST_ID + i);
        for (uint32_t i = 0; i < SEMS; i++)
            mo_sem_signal(sem[i]);
        for (uint32_t i = 0; i < CONDS; i++)
            mo_cond_broadcast(&cond[i]);
        for (uint32_t i = 0; i < PIPES; i++) {
            write(i, PIPE_SIZE, 0, false);
            mo_pipe_flush(bytes[i]);
        }
        mo_task_delay(1);
    }
}

int32_t app_main(void)
{
    for (uint32_t i = 0; i < SEMS; i++)
        sem[i] = mo_sem_create(WORKERS, (int32_t) i);
    for (uint32_t i = 0; i < MUTEXES; i++)
        mo_mutex_init(&mutex[i]);
    mo_mutex_set_inherit(&mutex[MUTEXES - 1], false);
    for (uint32_t i = 0; i < CONDS; i++)
        mo_cond_init(&cond[i]);
    for (uint32_t i = 0; i < QUEUES; i++)
        queue[i] = mo_mq_create(QUEUE_SIZE);
    for (uint32_t i = 0; i < PIPES; i++)
        bytes[i] = mo_pipe_create(PIPE_SIZE);
    for (uint32_t i = 0; i < WORKERS; i++) {
        uint16_t id = (uint16_t) mo_task_spawn(worker, 2048);
        mo_task_priority(id, levels[3 + i % 4]);
        mo_task_suspend(id);
    }
    mo_task_priority((uint16_t) mo_task_spawn(keeper, 2048), TASK_PRIO_IDLE);
    return (int32_t) twin_preemptive;
}
