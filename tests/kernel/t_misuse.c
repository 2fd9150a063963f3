/* SPDX-License-Identifier: MIT */
/* Wrong arguments and wrong contexts: a documented error, or a panic that names the call, the
 * object and the task, and ends with a non-zero status. Nothing is silently accepted. */
#include "ktest.h"

#define STATUS_UNKNOWN 69
#define STATUS_TCB_ALLOC 72
#define STATUS_STACK_ALLOC 73
#define STATUS_NO_TASKS 70
#define STATUS_SEM 88
#define STATUS_EXCEPTION 100

static sem_t *sem;
static mutex_t lock, fake;
static cond_t cond;
static void (*body)(void);

static void run_body(void)
{
    mo_task_delay(2);
    body();
    printf("accepted\n");
    ktest_end(99);
}

/* Runs `f` in a task. */
static int32_t in_task(void (*f)(void))
{
    sem = mo_sem_create(2, 0);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    body = f;
    mo_task_spawn(run_body, 2048);
    return 1;
}

#define IN_TASK(name, ...)                                                                         \
    static void name##_body(void)                                                                  \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }                                                                                              \
    static int32_t name(void)                                                                      \
    {                                                                                              \
        return in_task(name##_body);                                                               \
    }

IN_TASK(sem_wait_foreign, mo_sem_wait((sem_t *) &lock))
IN_TASK(sem_wait_freed, CHECK_EQ(mo_sem_destroy(sem), ERR_OK); mo_sem_wait(sem))
IN_TASK(sem_signal_null, mo_sem_signal(NULL))
IN_TASK(mutex_lock_null, mo_mutex_lock(NULL))
IN_TASK(mutex_lock_raw, mo_mutex_lock(&fake))
IN_TASK(cond_wait_null, mo_cond_wait(NULL, &lock))
IN_TASK(cond_wait_raw_mutex, mo_cond_wait(&cond, &fake))
IN_TASK(block_in_critical, CRITICAL_ENTER(); mo_sem_wait(sem))
IN_TASK(block_in_nosched, NOSCHED_ENTER(); mo_sem_wait(sem))
IN_TASK(delay_in_nosched, NOSCHED_ENTER(); mo_task_delay(1))
IN_TASK(leave_critical, CRITICAL_ENTER(); CRITICAL_LEAVE(); CRITICAL_LEAVE())
IN_TASK(leave_nosched, NOSCHED_LEAVE())
IN_TASK(hook_null, kcb->rt_sched = NULL; mo_task_yield())
IN_TASK(yield_with_interrupts_off, _di(); mo_task_yield())
IN_TASK(spawn_null, mo_task_spawn(NULL, 1024))
IN_TASK(exception_load, __asm__ volatile("lw t0, 4(zero)" ::: "t0"))
IN_TASK(exception_jump, __asm__ volatile("jr zero"))
IN_TASK(exception_bad_stack, __asm__ volatile("li sp, 16\nsw zero, 0(sp)"))

static void out_of_memory_body(void)
{
    while (malloc(4096))
        ;
    for (;;)
        mo_task_spawn(run_body, 60000);
}
static int32_t out_of_memory(void)
{
    return in_task(out_of_memory_body);
}

static void nothing(void)
{
}

static void out_of_ids_body(void)
{
    int32_t id = 0;
    while (id < 65534) {
        NOSCHED_ENTER();
        kcb->next_tid = kcb->next_tid < 250 || kcb->next_tid > 65000 ? kcb->next_tid : 65000;
        NOSCHED_LEAVE();
        id = mo_task_spawn(nothing, 0);
        mo_task_cancel((uint16_t) id);
    }
    printf("all used\n");
    mo_task_spawn(nothing, 0);
}
static int32_t out_of_ids(void)
{
    return in_task(out_of_ids_body);
}

static int32_t boot_sem_wait(void)
{
    sem = mo_sem_create(1, 1);
    mo_sem_wait(sem);
    mo_sem_wait(sem);
    return 1;
}

static int32_t boot_delay(void)
{
    mo_task_delay(1);
    return 1;
}

static int32_t boot_cond(void)
{
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    CHECK_EQ(mo_task_id(), 0);
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK(mo_mutex_owned_by_current(&lock));
    CHECK_EQ(mo_mutex_lock(&lock), ERR_TASK_BUSY);
    mo_task_yield();
    mo_cond_wait(&cond, &lock);
    return 1;
}

static int32_t no_tasks(void)
{
    return 1;
}

/* --- from interrupt context: each forbidden call is caught (B21) --- */

static int32_t hook_calls(void)
{
    body();
    printf("accepted\n");
    ktest_end(99);
    return -1;
}

static void install_hook(void)
{
    mo_task_delay(2);
    kcb->rt_sched = hook_calls;
    mo_task_delay(2);
}

static int32_t in_hook(void (*f)(void))
{
    sem = mo_sem_create(2, 1);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    body = f;
    mo_task_spawn(install_hook, 2048);
    return 1;
}

#define IN_HOOK(name, ...)                                                                         \
    static void hook_##name##_body(void)                                                           \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }                                                                                              \
    static int32_t hook_##name(void)                                                               \
    {                                                                                              \
        return in_hook(hook_##name##_body);                                                        \
    }

IN_HOOK(spawn, mo_task_spawn(nothing, 512))
IN_HOOK(cancel, mo_task_cancel(2))
IN_HOOK(yield, mo_task_yield())
IN_HOOK(delay, mo_task_delay(1))
IN_HOOK(wfi, mo_task_wfi())
IN_HOOK(suspend, mo_task_suspend(2))
IN_HOOK(resume, mo_task_resume(2))
IN_HOOK(priority, mo_task_priority(2, TASK_PRIO_LOW))
IN_HOOK(rt_priority, mo_task_rt_priority(2, NULL))
IN_HOOK(idref, mo_task_idref(nothing))
IN_HOOK(exit, mo_task_exit())
IN_HOOK(sem_create, mo_sem_create(1, 0))
IN_HOOK(sem_destroy, mo_sem_destroy(sem))
IN_HOOK(sem_wait, mo_sem_wait(sem))
IN_HOOK(sem_timedwait, mo_sem_timedwait(sem, 1))
IN_HOOK(sem_signal, mo_sem_signal(sem))
IN_HOOK(mutex_init, mo_mutex_init(&fake))
IN_HOOK(mutex_destroy, mo_mutex_destroy(&lock))
IN_HOOK(mutex_lock, mo_mutex_lock(&lock))
IN_HOOK(mutex_trylock, mo_mutex_trylock(&lock))
IN_HOOK(mutex_timedlock, mo_mutex_timedlock(&lock, 1))
IN_HOOK(mutex_unlock, mo_mutex_unlock(&lock))
IN_HOOK(cond_init, mo_cond_init(&cond))
IN_HOOK(cond_destroy, mo_cond_destroy(&cond))
IN_HOOK(cond_wait, mo_cond_wait(&cond, &lock))
IN_HOOK(cond_timedwait, mo_cond_timedwait(&cond, &lock, 1))
IN_HOOK(cond_signal, mo_cond_signal(&cond))
IN_HOOK(cond_broadcast, mo_cond_broadcast(&cond))
IN_HOOK(irq_attach, mo_irq_attach(1, NULL, NULL))

/* What an interrupt handler may do. */
static void allowed_body(void)
{
    CHECK_EQ(mo_task_id(), 2); /* who was interrupted */
    CHECK(mo_task_count() >= 2);
    CHECK(mo_ticks() >= 2);
    CHECK(mo_uptime() >= 20);
    CHECK_EQ(mo_sem_trywait(sem), ERR_OK);
    CHECK_EQ(mo_sem_trywait(sem), ERR_FAIL);
    CHECK_EQ(mo_sem_signal_isr(sem), ERR_OK);
    CHECK_EQ(mo_sem_signal_isr(NULL), ERR_FAIL);
    CHECK_EQ(mo_sem_getvalue(sem), 1);
    CHECK_EQ(mo_sem_waiting_count(sem), 0);
    PASS();
}

static int32_t hook_allowed(void)
{
    return in_hook(allowed_body);
}

/* --- documented error codes --- */

static void errors_body(void)
{
    uint8_t junk[64];
    memset(junk, 0x5A, sizeof(junk));
    sem_t *bad = (sem_t *) junk;
    mutex_t *bad_mutex = (mutex_t *) junk;
    cond_t *bad_cond = (cond_t *) junk;
    CHECK(mo_sem_create(0, 0) == NULL);
    CHECK(mo_sem_create(1, -1) == NULL);
    CHECK(mo_sem_create(1, INT32_MAX) == NULL);
    CHECK_EQ(mo_sem_destroy(NULL), ERR_OK);
    CHECK_EQ(mo_sem_destroy(bad), ERR_FAIL);
    CHECK_EQ(mo_sem_trywait(NULL), ERR_FAIL);
    CHECK_EQ(mo_sem_trywait(bad), ERR_FAIL);
    CHECK_EQ(mo_sem_getvalue(NULL), -1);
    CHECK_EQ(mo_sem_getvalue(bad), -1);
    CHECK_EQ(mo_sem_waiting_count(bad), -1);
    CHECK_EQ(mo_sem_signal_isr(bad), ERR_FAIL);
    CHECK_EQ(mo_sem_timedwait(sem, 0), ERR_TIMEOUT);
    sem_t *top = mo_sem_create(1, SEM_MAX_COUNT);
    mo_sem_signal(top);
    CHECK_EQ(mo_sem_getvalue(top), SEM_MAX_COUNT);
    CHECK_EQ(mo_mutex_init(NULL), ERR_FAIL);
    CHECK_EQ(mo_mutex_destroy(NULL), ERR_OK);
    CHECK_EQ(mo_mutex_destroy(bad_mutex), ERR_FAIL);
    CHECK_EQ(mo_mutex_trylock(bad_mutex), ERR_FAIL);
    CHECK_EQ(mo_mutex_timedlock(NULL, 3), ERR_FAIL);
    CHECK_EQ(mo_mutex_unlock(bad_mutex), ERR_FAIL);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_NOT_OWNER);
    CHECK(!mo_mutex_owned_by_current(NULL));
    CHECK_EQ(mo_mutex_waiting_count(bad_mutex), -1);
    CHECK_EQ(mo_mutex_set_inherit(NULL, true), ERR_FAIL);
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_lock(&lock), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_trylock(&lock), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_timedlock(&lock, 5), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_destroy(&lock), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_destroy(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_destroy(&lock), ERR_FAIL);
    CHECK_EQ(mo_cond_init(NULL), ERR_FAIL);
    CHECK_EQ(mo_cond_destroy(NULL), ERR_OK);
    CHECK_EQ(mo_cond_destroy(bad_cond), ERR_FAIL);
    CHECK_EQ(mo_cond_signal(bad_cond), ERR_FAIL);
    CHECK_EQ(mo_cond_broadcast(NULL), ERR_FAIL);
    CHECK_EQ(mo_cond_waiting_count(bad_cond), -1);
    CHECK_EQ(mo_cond_destroy(&cond), ERR_OK);
    CHECK_EQ(mo_task_priority(2, 0x1234), ERR_TASK_INVALID_PRIO);
    CHECK_EQ(mo_task_priority(0, TASK_PRIO_LOW), ERR_TASK_INVALID_PRIO);
    CHECK_EQ(mo_task_priority(777, TASK_PRIO_LOW), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_rt_priority(777, NULL), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_suspend(0), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_suspend(777), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_suspend(1), ERR_TASK_CANT_SUSPEND);
    CHECK_EQ(mo_task_resume(0), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_resume(2), ERR_TASK_CANT_RESUME);
    CHECK_EQ(mo_task_idref(errors_body), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_idref(run_body), 2);
    PASS();
}

static int32_t error_codes(void)
{
    return in_task(errors_body);
}

#define DIES(name, status, text)                                                                   \
    {                                                                                              \
#name, name, status, text                                                                  \
    }
#define CAUGHT(name, call)                                                                         \
    {                                                                                              \
        "hook_" #name, hook_##name, STATUS_UNKNOWN, call ": called in an interrupt handler"        \
    }

const struct ktest ktests[] = {
    DIES(sem_wait_foreign, STATUS_SEM,
         "mo_sem_wait: not a semaphore .object 8.*\n.*PANIC .*task 2"),
    DIES(sem_wait_freed, STATUS_SEM, "mo_sem_wait: not a semaphore"),
    DIES(sem_signal_null, STATUS_SEM, "mo_sem_signal: not a semaphore .object 0"),
    DIES(mutex_lock_null, STATUS_SEM, "mo_mutex_lock: not a mutex"),
    DIES(mutex_lock_raw, STATUS_SEM, "mo_mutex_lock: not a mutex"),
    DIES(cond_wait_null, STATUS_SEM, "mo_cond_wait: not a condition variable"),
    DIES(cond_wait_raw_mutex, STATUS_SEM, "mo_cond_wait: not a mutex"),
    DIES(block_in_critical, STATUS_UNKNOWN, "mo_sem_wait: blocks with interrupts off"),
    DIES(block_in_nosched, STATUS_UNKNOWN,
         "mo_sem_wait: blocks with interrupts off or the scheduler locked"),
    DIES(delay_in_nosched, STATUS_UNKNOWN, "mo_task_delay: blocks"),
    DIES(yield_with_interrupts_off, STATUS_UNKNOWN, "yield: called with interrupts off"),
    DIES(leave_critical, STATUS_UNKNOWN, "CRITICAL_LEAVE: without CRITICAL_ENTER"),
    DIES(leave_nosched, STATUS_UNKNOWN, "NOSCHED_LEAVE: without NOSCHED_ENTER"),
    DIES(hook_null, STATUS_UNKNOWN, "kcb->rt_sched: is NULL"),
    DIES(spawn_null, STATUS_TCB_ALLOC, "mo_task_spawn: no entry"),
    DIES(exception_load, STATUS_EXCEPTION + 5,
         "EXCEPTION. Load access fault PC=8.*\\n.*task 2, tval 4, ra 8.*mcause 5"),
    DIES(exception_jump, STATUS_EXCEPTION + 1, "EXCEPTION. Instruction access fault PC=00000000"),
    DIES(exception_bad_stack, STATUS_EXCEPTION + 7, "EXCEPTION. Store/AMO access fault"),
    DIES(out_of_memory, STATUS_STACK_ALLOC, "PANIC"),
    DIES(out_of_ids, STATUS_TCB_ALLOC, "all used\n[^$]*mo_task_spawn: all 65,534 task ids"),
    DIES(boot_sem_wait, STATUS_UNKNOWN, "mo_sem_wait: blocks before the scheduler runs"),
    DIES(boot_delay, STATUS_UNKNOWN, "mo_task_delay: blocks before the scheduler runs"),
    DIES(boot_cond, STATUS_UNKNOWN, "mo_cond_wait: blocks before the scheduler runs"),
    DIES(no_tasks, STATUS_NO_TASKS, "PANIC"),
    CAUGHT(spawn, "mo_task_spawn"),
    CAUGHT(cancel, "mo_task_cancel"),
    CAUGHT(yield, "mo_task_yield"),
    CAUGHT(delay, "mo_task_delay"),
    CAUGHT(wfi, "mo_task_wfi"),
    CAUGHT(suspend, "mo_task_suspend"),
    CAUGHT(resume, "mo_task_resume"),
    CAUGHT(priority, "mo_task_priority"),
    CAUGHT(rt_priority, "mo_task_rt_priority"),
    CAUGHT(idref, "mo_task_idref"),
    CAUGHT(exit, "mo_task_exit"),
    CAUGHT(sem_create, "mo_sem_create"),
    CAUGHT(sem_destroy, "mo_sem_destroy"),
    CAUGHT(sem_wait, "mo_sem_wait"),
    CAUGHT(sem_timedwait, "mo_sem_timedwait"),
    CAUGHT(sem_signal, "mo_sem_signal"),
    CAUGHT(mutex_init, "mo_mutex_init"),
    CAUGHT(mutex_destroy, "mo_mutex_destroy"),
    CAUGHT(mutex_lock, "mo_mutex_lock"),
    CAUGHT(mutex_trylock, "mo_mutex_trylock"),
    CAUGHT(mutex_timedlock, "mo_mutex_timedlock"),
    CAUGHT(mutex_unlock, "mo_mutex_unlock"),
    CAUGHT(cond_init, "mo_cond_init"),
    CAUGHT(cond_destroy, "mo_cond_destroy"),
    CAUGHT(cond_wait, "mo_cond_wait"),
    CAUGHT(cond_timedwait, "mo_cond_timedwait"),
    CAUGHT(cond_signal, "mo_cond_signal"),
    CAUGHT(cond_broadcast, "mo_cond_broadcast"),
    CAUGHT(irq_attach, "mo_irq_attach"),
    TEST(hook_allowed),
    TEST(error_codes),
    {NULL, NULL, 0, NULL},
};
