/* SPDX-License-Identifier: MIT */
/* A scheduler of the application's own: earliest deadline first, through the hook kcb->rt_sched,
 * which walks the kernel's list of tasks. Three periodic tasks must meet every deadline although
 * a fourth one, without rt_priority, computes all the time.
 *
 * The hook runs with interrupts off at every scheduling decision: it must be short and must not
 * print. */
#include <linmo.h>

#define TASKS 3
#define DURATION 300 /* ticks */

typedef struct {
    uint32_t period, deadline; /* ticks; in this order, period first */
} edf_prio_t;

typedef struct {
    int32_t jobs, missed;
} task_stats_t;

static edf_prio_t prios[TASKS] = {{10, 10}, {15, 15}, {20, 20}};
static task_stats_t stats[TASKS];
static volatile int32_t finished;

static int32_t edf_sched(void)
{
    const tcb_t *best = NULL;
    uint32_t earliest = 0;
    list_node_t *at = list_next(kcb->tasks->head);
    for (; at && at != kcb->tasks->tail; at = list_next(at)) {
        const tcb_t *t = at->data;
        if (!t || !t->rt_prio || (t->state != TASK_READY && t->state != TASK_RUNNING))
            continue;
        uint32_t deadline = ((const edf_prio_t *) t->rt_prio)->deadline;
        if (!best || (int32_t) (deadline - earliest) < 0) {
            best = t;
            earliest = deadline;
        }
    }
    return best ? best->id : -1;
}

static void compute(uint32_t rounds)
{
    for (volatile uint32_t k = 0; k < rounds; k++) {
    }
}

static void run(int32_t which)
{
    edf_prio_t *prio = &prios[which];
    uint32_t release = mo_ticks();
    while (mo_ticks() < DURATION) {
        prio->deadline = release + prio->period;
        compute(2000);
        stats[which].jobs++;
        stats[which].missed += (int32_t) (mo_ticks() - prio->deadline) > 0;
        release += prio->period;
        int32_t pause = (int32_t) (release - mo_ticks());
        mo_task_delay((uint16_t) (pause > 0 ? pause : 1));
    }
    finished++;
    mo_task_rt_priority(mo_task_id(), NULL);
}

void task0(void)
{
    run(0);
}

void task1(void)
{
    run(1);
}

void task2(void)
{
    run(2);
}

void idle_task(void)
{
    while (finished < TASKS)
        compute(100);
    mo_logger_flush();
    bool pass = true;
    for (int32_t k = 0; k < TASKS; k++) {
        printf("period %lu: %d jobs, %d late\n", prios[k].period, stats[k].jobs, stats[k].missed);
        int32_t expected = (int32_t) (DURATION / prios[k].period) - 1;
        pass = pass && stats[k].missed == 0 && stats[k].jobs >= expected;
    }
    printf("rtsched: %s\n", pass ? "PASS" : "FAIL");
    mo_logger_async_resume();
}

int32_t app_main(void)
{
    void (*entries[TASKS])(void) = {task0, task1, task2};
    for (int32_t k = 0; k < TASKS; k++) {
        int32_t id = mo_task_spawn(entries[k], DEFAULT_STACK_SIZE);
        mo_task_rt_priority((uint16_t) id, &prios[k]);
    }
    mo_task_spawn(idle_task, DEFAULT_STACK_SIZE);
    kcb->rt_sched = edf_sched;
    return 1;
}
