/* SPDX-License-Identifier: MIT */
/* The life of a task: creation, end, suspension, priority, sleep; the list and the table of all.
 * Invariants T1 to T3: kernel/check.c. */
#include "sched.h"

#include <lib/libc.h>
#include <lib/malloc.h>
#include <sys/logger.h>

#include "private/console.h"

#include "mutex_internal.h"
#include "refuse.h"
#include "wheel.h"

#include "asm.h"

STATIC_ASSERT(__builtin_offsetof(tcb_t, node) == 0, "kcb->task_current is a tcb_t *");
STATIC_ASSERT(__builtin_offsetof(tcb_t, sp) == TCB_SP, "known to switch.S");
STATIC_ASSERT(__builtin_offsetof(tcb_t, wait_result) == TCB_WAIT_RESULT, "known to switch.S");

/* What the kernel itself puts on a task's stack at any moment: a trap frame, a switch frame, what
 * the scheduler does in between. Added to the request, so that a task has all of what it asked for.
 */
#define STACK_RESERVE 384
#define KERNEL_STACK 1024 /* of a user task, for its system calls */
#define STACK_ALIGN 16
#define STACK_ROOM 16 /* above the first frame: the upper canary */

#define ID_PAGE_BITS 8
#define ID_PAGE (1u << ID_PAGE_BITS)

struct id_page {
    uint32_t live;
    tcb_t *task[ID_PAGE];
};

static struct id_page *id_pages[65536 / ID_PAGE];
static list_node_t list_head, list_tail;
static list_t all_tasks = {&list_head, &list_tail, 0};
static list_node_t *last_node = &list_head;
static tcb_t *ended; /* their memory waits for sched_reap */
static uint32_t canary_seed;

tcb_t sched_idle;
static uint32_t idle_stack[256];

/* --- the table and the list; interrupts off --- */

tcb_t *sched_find(uint32_t id)
{
    struct id_page *page = id_pages[id >> ID_PAGE_BITS & (ID_PAGE - 1)];
    return page ? page->task[id & (ID_PAGE - 1)] : NULL;
}

static void publish(tcb_t *t)
{
    struct id_page *page = id_pages[t->id >> ID_PAGE_BITS];
    page->task[t->id & (ID_PAGE - 1)] = t;
    page->live++;
    t->node.data = t;
    t->node.next = &list_tail;
    t->node_prev = last_node;
    last_node->next = &t->node;
    last_node = &t->node;
    all_tasks.length++;
    kernel_cb.task_count++;
}

/* Returns the page that no longer maps anything, for the caller to free. */
static struct id_page *withdraw(tcb_t *t)
{
    if (t->node.next == &list_tail)
        last_node = t->node_prev;
    else
        ((tcb_t *) t->node.next)->node_prev = t->node_prev;
    t->node_prev->next = t->node.next;
    all_tasks.length--;
    kernel_cb.task_count--;
    struct id_page *page = id_pages[t->id >> ID_PAGE_BITS];
    page->task[t->id & (ID_PAGE - 1)] = NULL;
    if (--page->live != 0 || t->id >> ID_PAGE_BITS == kernel_cb.next_tid >> ID_PAGE_BITS)
        return NULL;
    id_pages[t->id >> ID_PAGE_BITS] = NULL;
    return page;
}

/* --- creation --- */

static uint32_t new_canary(void)
{
    canary_seed ^= canary_seed << 13; /* xorshift32: never 0 from a seed that is not 0 */
    canary_seed ^= canary_seed >> 17;
    canary_seed ^= canary_seed << 5;
    return canary_seed;
}

static uint32_t *upper_canary(const tcb_t *t)
{
    return (uint32_t *) (((uintptr_t) t->stack + t->stack_sz) & -STACK_ALIGN) - 1;
}

bool sched_stack_intact(const tcb_t *t)
{
    return *(uint32_t *) t->stack == t->canary && *upper_canary(t) == t->canary;
}

/* Everything but its place in the queues. The stack is a block of t->stack_sz bytes, and
 * KERNEL_STACK more behind it for a user task. */
static void fill(tcb_t *t, void *entry, bool user)
{
    t->entry = (void (*)(void)) entry;
    t->canary = new_canary();
    t->prio = TASK_PRIO_NORMAL;
    t->prio_level = t->base_level = 4;
    TRACE_ONLY(t->trace_depth = TRACE_DEPTH_FROM_CAUSES;)
    t->time_slice = TASK_TIMESLICE_NORMAL;
    t->flags = user ? TASK_USER : 0;
    *(uint32_t *) t->stack = t->canary;
    *upper_canary(t) = t->canary;
    uintptr_t top = ((uintptr_t) t->stack + t->stack_sz - STACK_ROOM) & -STACK_ALIGN;
    uintptr_t kernel_top = ((uintptr_t) t->stack + t->stack_sz + KERNEL_STACK) & -STACK_ALIGN;
    t->sp = user ? hal_context_first((void *) kernel_top, t->entry, top)
                 : hal_context_first((void *) top, t->entry, 0);
}

static void need_id_page(void)
{
    uint32_t next = kernel_cb.next_tid;
    if (next >= BOOT_ID)
        kernel_misuse("mo_task_spawn", NULL, "all 65,534 task ids have been used", ERR_TCB_ALLOC);
    if (id_pages[next >> ID_PAGE_BITS])
        return;
    struct id_page *page = calloc(1, sizeof(*page));
    if (!page)
        panic(ERR_TCB_ALLOC);
    id_pages[next >> ID_PAGE_BITS] = page;
}

int32_t sched_spawn(void *entry, uint32_t stack_size, bool user)
{
    if (!entry)
        kernel_misuse("mo_task_spawn", NULL, "no entry", ERR_TCB_ALLOC);
    sched_reap();
    uint32_t wanted = max(stack_size, (uint32_t) MIN_TASK_STACK_SIZE) + STACK_RESERVE;
    uint32_t size = (wanted + STACK_ALIGN - 1) & -STACK_ALIGN;
    tcb_t *t = calloc(1, sizeof(*t));
    if (!t)
        panic(ERR_TCB_ALLOC);
    t->stack = malloc(size + (user ? KERNEL_STACK : 0));
    if (!t->stack)
        panic(ERR_STACK_ALLOC);
    t->stack_sz = size;
    fill(t, entry, user);

    sched_lock(); /* nobody else takes the id that the page was made for */
    need_id_page();
    uint32_t irq = hal_irq_save();
    uint32_t id = t->id = kernel_cb.next_tid++;
    TRACE_ONLY(t->trace_id = id << 8;)
    publish(t);
    trace_task_create_off(TRACE_ID(t), t->prio_level, user, (uint32_t) entry, (uint32_t) t->stack,
                          size);
    sched_wake(t, READY_CREATED);
    hal_irq_restore(irq);
    if (scheduler_started)
        sched.pending = true;
    sched_unlock();
    return (int32_t) id;
}

static int32_t spawn_and_tell(void *entry, uint16_t stack_size, bool user)
{
    sched_lock(); /* the line comes before all that the task prints, and before its end */
    int32_t id = sched_spawn(entry, stack_size, user);
    tcb_t *t = sched_find((uint32_t) id);
    printf("task %d: entry=%p stack=%p size=%u prio_level=%u time_slice=%u\n", id, entry, t->stack,
           (uint32_t) t->stack_sz, t->prio_level, t->time_slice);
    sched_unlock();
    return id;
}

int32_t mo_task_spawn(void *entry, uint16_t stack_size)
{
    kernel_not_in_handler("mo_task_spawn");
    return spawn_and_tell(entry, stack_size, false);
}

int32_t mo_task_spawn_user(void *entry, uint16_t stack_size)
{
    kernel_not_in_handler("mo_task_spawn_user");
    return spawn_and_tell(entry, stack_size, true);
}

/* --- the end --- */

/* Frees what ended tasks left: they cannot free the stack they run on. */
uint32_t sched_reap(void)
{
    uint32_t reaped = 0;
    for (;;) {
        uint32_t irq = hal_irq_save();
        tcb_t *t = ended;
        if (t)
            ended = t->next;
        hal_irq_restore(irq);
        if (!t)
            return reaped;
        free(t->stack);
        free(t);
        reaped++;
    }
}

/* The last application task is gone: nothing can happen any more that anybody asked for. */
static void power_off_if_last(void)
{
    if (kernel_cb.task_count <= 1)
        kernel_power_off(0);
}

void mo_task_exit(void)
{
    kernel_not_in_handler("mo_task_exit");
    uint32_t irq = hal_irq_save();
    sched_must_block(irq, "mo_task_exit", NULL);
    hal_irq_restore(irq);
    sched_lock();
    console_drain();
    tcb_t *cur = sched_current();
    mutex_abandon_all(cur);
    hal_irq_save();
    if (!sched_stack_intact(cur))
        kernel_stack_smashed(cur);
    trace_task_destroy_off(TRACE_ID(cur), TASK_RUNNING);
    struct id_page *page = withdraw(cur);
    hal_irq_restore(MSTATUS_MIE);
    free(page);
    power_off_if_last();
    hal_irq_save();
    sched_settle();
    sched_unready(cur);
    cur->state = TASK_STOPPED;
    cur->next = ended;
    ended = cur;
    sched_block_ended(cur);
}

/* The refusal of a call that names a task. */
static int32_t refuse_id(uint32_t call, uint32_t id, int32_t result)
{
    return refuse(call, (void *) (uintptr_t) id, result);
}

int32_t mo_task_cancel(uint16_t id)
{
    kernel_not_in_handler("mo_task_cancel");
    if (id == IDLE_ID || id == KERNEL_TASK_ID || id == sched_current()->id)
        return refuse_id(CALL_task_destroy, id, ERR_TASK_CANT_REMOVE);
    sched_lock();
    tcb_t *t = sched_find(id);
    if (!t) {
        sched_unlock();
        return refuse_id(CALL_task_destroy, id, ERR_TASK_NOT_FOUND);
    }
    console_drain(); /* text it has begun lies on its stack */
    mutex_abandon_all(t);
    uint32_t irq = hal_irq_save();
    tcb_t *owner = t->wait_kind == WAIT_MUTEX ? mutex_owner_of_queue(t->wait_queue) : NULL;
    if (wheel_is_armed(t))
        wheel_disarm(t);
    if (t->state == TASK_READY)
        sched_unready(t);
    sched_unqueue(t);
    trace_task_destroy_off(TRACE_ID(t), sched_trace_state(t));
    struct id_page *page = withdraw(t);
    hal_irq_restore(irq);
    if (owner)
        mutex_propagate(owner);
    free(page);
    free(t->stack);
    free(t);
    sched.pending = true;
    sched_unlock();
    return ERR_OK;
}

/* --- sleep --- */

void mo_task_delay(uint16_t ticks)
{
    kernel_not_in_handler("mo_task_delay");
    if (!ticks)
        return;
    uint32_t irq = hal_irq_save();
    tcb_t *cur = sched_current();
    sched_must_block(irq, "mo_task_delay", NULL);
    trace_task_delay_off(ticks);
    sched_await_time(cur, ticks);
    sched_block_asleep(cur, irq);
}

void mo_task_wfi(void)
{
    kernel_not_in_handler("mo_task_wfi");
    if (!kernel_cb.preemptive)
        return;
    uint32_t irq = hal_irq_save();
    tcb_t *cur = sched_current();
    sched_must_block(irq, "mo_task_wfi", NULL);
    trace_task_wfi_off();
    cur->flags |= TASK_IN_WFI;
    sched_await_time(cur, 1);
    sched_block_asleep(cur, irq);
}

/* --- suspension --- */

static int32_t suspend_self(tcb_t *cur, uint32_t irq)
{
    sched_must_block(irq, "mo_task_suspend", NULL);
    trace_task_suspend_off(TRACE_ID(cur), TASK_RUNNING);
    cur->flags |= TASK_IS_SUSPENDED;
    cur->state = TASK_SUSPENDED;
    cur->wait_result = ERR_OK;
    sched_unready(cur);
    return sched_block_suspended(cur, irq);
}

int32_t mo_task_suspend(uint16_t id)
{
    kernel_not_in_handler("mo_task_suspend");
    int32_t result = ERR_OK;
    uint32_t irq = hal_irq_save();
    tcb_t *t = id == IDLE_ID ? NULL : sched_find(id);
    if (t && t == sched_current() && id != KERNEL_TASK_ID)
        return suspend_self(t, irq);
    if (!t) {
        result = ERR_TASK_NOT_FOUND;
    } else if (id == KERNEL_TASK_ID || t->flags & TASK_IS_SUSPENDED) {
        result = ERR_TASK_CANT_SUSPEND;
    } else {
        trace_task_suspend_off(TRACE_ID(t), sched_trace_state(t));
        if (t->state == TASK_READY)
            sched_unready(t);
        t->flags |= TASK_IS_SUSPENDED;
        t->state = TASK_SUSPENDED;
    }
    hal_irq_restore(irq);
    return result == ERR_OK ? result : refuse_id(CALL_task_suspend, id, result);
}

int32_t mo_task_resume(uint16_t id)
{
    kernel_not_in_handler("mo_task_resume");
    int32_t result = ERR_OK;
    uint32_t irq = hal_irq_save();
    tcb_t *t = id == IDLE_ID ? NULL : sched_find(id);
    if (!t) {
        result = ERR_TASK_NOT_FOUND;
    } else if (!(t->flags & TASK_IS_SUSPENDED)) {
        result = ERR_TASK_CANT_RESUME;
    } else {
        t->flags &= ~TASK_IS_SUSPENDED;
        if (t->wait_kind != WAIT_NONE) {
            t->state = TASK_BLOCKED;
            trace_task_resume_off(TRACE_ID(t), sched_trace_state(t));
        } else {
            trace_task_resume_off(TRACE_ID(t), TASK_READY);
            sched_wake(t, READY_RESUMED);
            sched_leave(irq, t);
            return ERR_OK;
        }
    }
    hal_irq_restore(irq);
    return result == ERR_OK ? result : refuse_id(CALL_task_resume, id, result);
}

/* --- priority --- */

/* The level of an encoded priority; -1 when it is none of the eight. */
static int32_t level_of(uint32_t prio)
{
    static const uint16_t known[TASK_PRIORITY_LEVELS] = {
        TASK_PRIO_CRIT,   TASK_PRIO_REALTIME, TASK_PRIO_HIGH, TASK_PRIO_ABOVE,
        TASK_PRIO_NORMAL, TASK_PRIO_BELOW,    TASK_PRIO_LOW,  TASK_PRIO_IDLE,
    };
    for (int32_t level = 0; level < TASK_PRIORITY_LEVELS; level++)
        if (known[level] == prio)
            return level;
    return -1;
}

int32_t mo_task_priority(uint16_t id, uint16_t prio)
{
    kernel_not_in_handler("mo_task_priority");
    int32_t level = level_of(prio);
    if (level < 0 || id == IDLE_ID)
        return refuse_id(CALL_task_priority, id, ERR_TASK_INVALID_PRIO);
    sched_lock();
    tcb_t *t = sched_find(id);
    if (t) {
        t->prio = prio;
        t->base_level = (uint8_t) level;
        mutex_base_changed(t);
        sched.pending = true;
    }
    sched_unlock();
    return t ? ERR_OK : refuse_id(CALL_task_priority, id, ERR_TASK_NOT_FOUND);
}

int32_t mo_task_rt_priority(uint16_t id, void *rt_prio)
{
    kernel_not_in_handler("mo_task_rt_priority");
    uint32_t irq = hal_irq_save();
    tcb_t *t = id == IDLE_ID ? NULL : sched_find(id);
    if (t)
        t->rt_prio = rt_prio;
    hal_irq_restore(irq);
    return t ? ERR_OK : ERR_TASK_NOT_FOUND;
}

/* --- questions --- */

uint16_t mo_task_id(void)
{
    uint16_t id = sched_current()->id;
    return id == BOOT_ID ? 0 : id;
}

int32_t mo_task_idref(void *entry)
{
    kernel_not_in_handler("mo_task_idref");
    int32_t found = ERR_TASK_NOT_FOUND;
    sched_lock();
    for (list_node_t *n = list_head.next; n != &list_tail && found < 0; n = n->next)
        if ((void *) ((tcb_t *) n)->entry == entry)
            found = ((tcb_t *) n)->id;
    sched_unlock();
    return found;
}

uint16_t mo_task_count(void)
{
    return kernel_cb.task_count;
}

uint32_t mo_ticks(void)
{
    return kernel_cb.ticks;
}

uint64_t mo_uptime(void)
{
    return hal_mtime() / (F_CPU / 1000);
}

void _sched_block(queue_t *q)
{
    kernel_not_in_handler("_sched_block");
    uint32_t irq = hal_irq_save();
    tcb_t *cur = sched_current();
    if (queue_enqueue(q, cur) != ERR_OK)
        kernel_misuse("_sched_block", q, "the queue is full", ERR_SEM_OPERATION);
    sched_must_block(irq, "_sched_block", q);
    sched_await_time(cur, SCHED_FOREVER);
    sched_block(cur, irq);
}

/* --- idle --- */

/* Cooperative mode: one pass, or, when nobody sleeps, the wait for an interrupt. It is looked for
 * with interrupts off: one that comes between the look and wfi ends the wfi. */
static void idle_pass(void)
{
    if (!wheel_any()) {
        uint32_t irq = hal_irq_save();
        if (sched.ready.top == IDLE_LEVEL)
            hal_cpu_idle();
        hal_irq_restore(irq);
    }
    yield();
}

static void idle_main(void)
{
    for (;;) {
        sched_reap();
        if (kernel_cb.preemptive)
            hal_cpu_idle();
        else
            idle_pass();
    }
}

void sched_init(void)
{
    canary_seed = (uint32_t) hal_mtime() ^ read_csr(mcycle) ^ 0x9E3779B9;
    wheel_init();
    list_head.next = &list_tail;
    kernel_cb.tasks = &all_tasks;
    kernel_cb.next_tid = 1;
    for (uint32_t level = 0; level < PRIOQ_LEVELS; level++)
        sched.ready.first[level] = NULL;
    sched.ready.top = IDLE_LEVEL;
    tcb_t *t = &sched_idle;
    t->stack = idle_stack;
    t->stack_sz = sizeof(idle_stack);
    fill(t, idle_main, false);
    t->node.data = t;
    t->prio = TASK_PRIO_IDLE;
    t->prio_level = t->base_level = IDLE_LEVEL;
    t->state = TASK_READY;
    prioq_append(&sched.ready, t);
    sched_boot.stack = &_stack_bottom;
    sched_boot.canary = _stack_bottom;
}
