/* SPDX-License-Identifier: MIT */
/* A tick at every instruction of the services' critical ways: it wakes a task of higher
 * priority, which uses the same object at that moment, or cancels the task it has interrupted.
 * After each single placement the outcome is judged. Runs under `-icount shift=0`, where the
 * cycle counter counts instructions and a deadline strikes at a known one. A failure prints
 * SCENARIO:PLACE. */
#include "verdict.h"

#include "kernel/sched.h"

extern uint64_t hal_next_tick;

#define PER_COUNT 100 /* instructions of one count of mtime */
#define AHEAD 40      /* counts: time to get into position */
#define NOPS 128

struct scenario {
    const char *name;
    uint32_t length; /* places to try */
    void (*prepare)(void);
    void (*act)(void);     /* what the tick hits */
    void (*intrude)(void); /* what the woken task does */
    void (*judge)(void);
};

static const struct scenario *current;
static volatile bool armed, intruded;
static uint32_t place;

static uint32_t now(void)
{
    return read_csr(mcycle);
}

__asm__(".section .text.sled,\"ax\",@progbits\n.balign 4\n.type sled,@function\nsled:\n"
        "la t0, sled_end\n slli a0, a0, 1\n sub t0, t0, a0\n jr t0\n"
        ".rept 128\n c.nop\n.endr\nsled_end:\n ret\n.size sled, . - sled\n.text\n");
void sled(uint32_t nops);

/* The next tick comes `after` instructions from the return on, give or take a constant. */
static void place_tick(uint32_t after)
{
    uint64_t at = hal_mtime() + AHEAD + after / PER_COUNT;
    uint32_t irq = hal_irq_save();
    hal_next_tick = at;
    HAL_REG(HAL_MTIMECMP + 4) = UINT32_MAX;
    HAL_REG(HAL_MTIMECMP) = (uint32_t) at;
    HAL_REG(HAL_MTIMECMP + 4) = (uint32_t) (at >> 32);
    hal_irq_restore(irq);
    uint32_t start = (uint32_t) at * PER_COUNT - after;
    while ((int32_t) (start - now()) > NOPS)
        ;
    uint32_t rest = start - now();
    sled(rest > 24 ? rest - 24 : 0);
}

static void intruder(void)
{
    for (;;) {
        mo_task_delay(1);
        if (!armed)
            continue;
        armed = false;
        current->intrude();
        intruded = true;
    }
}

/* --- messages --- */

static mq_t *queue;
static message_t notes[4];
static message_t *low_got, *high_got;

static void mq_prepare(void)
{
    low_got = high_got = NULL;
}

static void mq_send_and_take(void)
{
    mo_mq_enqueue(queue, &notes[0]);
    low_got = mo_mq_dequeue(queue);
}

static void mq_same(void)
{
    mo_mq_enqueue(queue, &notes[1]);
    high_got = mo_mq_dequeue(queue);
}

static void mq_judge(void)
{
    CHECK(low_got && high_got && low_got != high_got);
    CHECK_EQ(mo_mq_items(queue), 0);
}

static void mq_wait(void)
{
    low_got = mo_mq_receive(queue, 5);
}

static void mq_send(void)
{
    mo_mq_enqueue(queue, &notes[2]);
}

static void mq_judge_wait(void)
{
    CHECK(low_got == &notes[2]); /* no wake-up is lost */
    CHECK_EQ(mo_mq_items(queue), 0);
}

/* --- pipes --- */

static pipe_t *pipe1;
static char low_bytes[16], high_bytes[16];

static void pipe_write_12(void)
{
    mo_pipe_write(pipe1, "abcdefghijkl", 12);
}

static void pipe_read_12(void)
{
    mo_pipe_read(pipe1, low_bytes, 12);
}

static void pipe_high_reads(void)
{
    mo_pipe_read(pipe1, high_bytes, 12);
}

static void pipe_high_writes(void)
{
    mo_pipe_write(pipe1, "abcdefghijkl", 12);
}

static void pipe_forget(void)
{
    memset(low_bytes, 0, sizeof(low_bytes));
    memset(high_bytes, 0, sizeof(high_bytes));
}

static void pipe_judge(void)
{
    CHECK(!strcmp(low_bytes[0] ? low_bytes : high_bytes, "abcdefghijkl"));
    CHECK_EQ(mo_pipe_size(pipe1), 0);
}

/* --- heap: the walk in the intruder checks every invariant at every instruction --- */

static uint32_t used_before;

static void heap_prepare(void)
{
    heap_info_t info;
    mo_heap_walk(&info);
    used_before = info.used_bytes;
}

static void heap_use(void)
{
    char *one = malloc(24), *two = malloc(70);
    one = realloc(one, 100);
    free(two);
    two = malloc(16);
    free(one);
    free(two);
}

static void heap_walk_and_use(void)
{
    heap_info_t info;
    mo_heap_walk(&info);
    free(malloc(50));
    mo_heap_walk(&info);
}

static void heap_judge(void)
{
    heap_info_t info;
    mo_heap_walk(&info);
    CHECK_EQ(info.used_bytes, used_before);
}

/* --- timers --- */

static int32_t timer1, fired, cancelled;

static void *count_fired(void *arg)
{
    fired++;
    return NULL;
}

static void timer_prepare(void)
{
    fired = cancelled = 0;
}

/* Due at the placed tick: fires if started before it and not cancelled before it. */
static void timer_start_and_cancel(void)
{
    mo_timer_start((uint16_t) timer1, TIMER_ONESHOT);
    cancelled = mo_timer_cancel((uint16_t) timer1) == ERR_OK;
}

static void timer_judge(void)
{
    CHECK_EQ(fired + cancelled, 1);
    CHECK_EQ(mo_timer_cancel((uint16_t) timer1), ERR_FAIL);
}

static void timer_life(void)
{
    int32_t id = mo_timer_create(count_fired, 10, NULL);
    mo_timer_start((uint16_t) id, TIMER_AUTORELOAD);
    mo_timer_start((uint16_t) timer1, TIMER_ONESHOT);
    mo_timer_destroy((uint16_t) id);
    int32_t so_far = fired;
    mo_timer_cancel((uint16_t) timer1);
    mo_task_delay(1);
    CHECK(fired == so_far); /* neither fires after it was stopped */
}

static void timer_restart(void)
{
    if (mo_timer_cancel((uint16_t) timer1) == ERR_OK)
        mo_timer_start((uint16_t) timer1, TIMER_ONESHOT);
}

static void nothing(void)
{
}

/* --- console: run.py looks at the lines --- */

static void print_low(void)
{
    printf("low  %d of the lines that are hit in the middle\n", place);
}

static void print_high(void)
{
    printf("high %d\n", place);
}

static void log_low(void)
{
    mo_logger_enqueue("deferred\n", 9);
}

/* --- cancelled at every instruction --- */

static uint16_t victim_id;
static void (*victim_act)(void);

static void victim(void)
{
    armed = true;
    place_tick(place);
    victim_act();
    for (;;)
        mo_task_suspend(victim_id);
}

static void run_victim(void)
{
    mo_task_delay(1); /* lets what came before be freed */
    victim_id = (uint16_t) mo_task_spawn(victim, 1024);
    while (!intruded)
        mo_task_delay(1);
}

static void cancel_victim(void)
{
    CHECK_EQ(mo_task_cancel(victim_id), ERR_OK);
}

static int32_t partner_done;

static void partner(void)
{
    mo_pipe_read(pipe1, high_bytes, 12);
    partner_done = 1;
}

/* A reader waits; the victim writes its 12 bytes and is cancelled somewhere in that. Whatever has
 * arrived has arrived, and the reader must not be left behind when the rest comes. */
static void cancel_prepare(void)
{
    pipe_forget();
    partner_done = 0;
    victim_act = pipe_write_12;
    mo_task_spawn(partner, 1024);
    mo_task_delay(1);
}

static void cancel_judge(void)
{
    mo_pipe_write(pipe1, "ABCDEFGHIJKL", 12 - (uint16_t) strlen(high_bytes));
    mo_task_delay(2);
    CHECK_EQ(partner_done, 1);
    CHECK_EQ(strlen(high_bytes), 12);
    CHECK_EQ(mo_pipe_size(pipe1), 0);
    CHECK_EQ(mo_pipe_destroy(pipe1), ERR_OK); /* nobody waits */
    pipe1 = mo_pipe_create(8);
    heap_info_t info;
    mo_heap_walk(&info);
}

static void cancel_print_prepare(void)
{
    victim_act = print_low;
}

static void cancel_heap_prepare(void)
{
    victim_act = heap_use; /* what it holds when it is cancelled is lost, no more */
}

static void walk(void)
{
    heap_info_t info;
    mo_heap_walk(&info);
}

static void cancel_log_prepare(void)
{
    victim_act = log_low;
}

/* All entries of the queue can still be used. */
static void cancel_log_judge(void)
{
    CHECK_EQ(mo_logger_queue_depth(), 0);
    for (int32_t k = 0; k < LOG_QSIZE; k++)
        CHECK_EQ(mo_logger_enqueue("deferred\n", 9), ERR_OK);
    mo_task_delay(2);
}

static void cancel_mq_prepare(void)
{
    victim_act = mq_wait;
}

static void cancel_mq_judge(void)
{
    mo_mq_enqueue(queue, &notes[3]); /* no waiter is left to take it */
    CHECK(mo_mq_dequeue(queue) == &notes[3]);
}

static void cancel_timer_prepare(void)
{
    fired = 0;
    victim_act = timer_start_and_cancel;
}

static void cancel_timer_judge(void)
{
    mo_timer_cancel((uint16_t) timer1);
    int32_t so_far = fired;
    mo_task_delay(2);
    CHECK_EQ(fired, so_far);
    CHECK_EQ(mo_timer_start((uint16_t) timer1, TIMER_ONESHOT), ERR_OK);
    mo_task_delay(2);
    CHECK_EQ(fired, so_far + 1);
}

static const struct scenario scenarios[] = {
    {"mq", 220, mq_prepare, mq_send_and_take, mq_same, mq_judge},
    {"mq-wait", 330, mq_prepare, mq_wait, mq_send, mq_judge_wait},
    {"pipe-write", 700, pipe_forget, pipe_write_12, pipe_high_reads, pipe_judge},
    {"pipe-read", 450, pipe_forget, pipe_read_12, pipe_high_writes, pipe_judge},
    {"heap", 1100, heap_prepare, heap_use, heap_walk_and_use, heap_judge},
    {"timer", 900, timer_prepare, timer_start_and_cancel, nothing, timer_judge},
    {"timer-life", 2600, timer_prepare, timer_life, timer_restart, nothing},
    {"print", 2200, nothing, print_low, print_high, nothing},
    {"log", 500, nothing, log_low, print_high, nothing},
    {"cancel-pipe", 800, cancel_prepare, run_victim, cancel_victim, cancel_judge},
    {"cancel-print", 2200, cancel_print_prepare, run_victim, cancel_victim, nothing},
    {"cancel-heap", 1100, cancel_heap_prepare, run_victim, cancel_victim, walk},
    {"cancel-log", 450, cancel_log_prepare, run_victim, cancel_victim, cancel_log_judge},
    {"cancel-mq", 450, cancel_mq_prepare, run_victim, cancel_victim, cancel_mq_judge},
    {"cancel-timer", 900, cancel_timer_prepare, run_victim, cancel_victim, cancel_timer_judge},
};

static void try_place(const struct scenario *s)
{
    bool cancels = s->intrude == cancel_victim;
    int32_t failed = checks_failed;
    current = s;
    victim_id = 0;
    s->prepare();
    intruded = false;
    armed = !cancels;
    if (armed)
        place_tick(place);
    s->act();
    while (!intruded)
        mo_task_delay(1);
    mo_task_delay(1);
    s->judge();
    if (checks_failed > failed)
        printf("%s:%u\n", s->name, place);
}

void test_runner(void)
{
    for (uint32_t k = 0; k < ARRAY_SIZE(scenarios); k++) {
        printf("scenario %s\n", scenarios[k].name);
        for (place = 0; place < scenarios[k].length; place++)
            try_place(&scenarios[k]);
    }
    verdict("everywhere");
}

int32_t app_main(void)
{
    queue = mo_mq_create(4);
    pipe1 = mo_pipe_create(8);
    timer1 = mo_timer_create(count_fired, 10, NULL);
    mo_task_spawn(test_runner, 2048);
    int32_t id = mo_task_spawn(intruder, 2048);
    mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    return 1;
}
