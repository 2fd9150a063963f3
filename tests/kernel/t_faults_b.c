/* SPDX-License-Identifier: MIT */
/* Regression tests of the weaknesses read in the source of the kernel whose interface this one
 * keeps, part B. What needs a forced interrupt is in t_forced.c, what needs many tasks in
 * t_scale.c, the wrong contexts in t_misuse.c. */
#include "ktest.h"

static sem_t *sem;
static mutex_t lock, second;
static cond_t cond;
static volatile uint32_t counter[4];
static volatile int32_t step;

static uint16_t spawn(void (*entry)(void), uint16_t prio)
{
    int32_t id = mo_task_spawn(entry, 2048);
    CHECK(id > 0);
    CHECK_EQ(mo_task_priority((uint16_t) id, prio), ERR_OK);
    return (uint16_t) id;
}

static tcb_t *block_of(uint16_t id)
{
    for (list_node_t *n = list_next(kcb->tasks->head); n != kcb->tasks->tail; n = list_next(n))
        if (((tcb_t *) n->data)->id == id)
            return n->data;
    return NULL;
}

/* --- B2: blocking allocates nothing --- */

static void exhaust_heap(void)
{
    for (uint32_t size = 1u << 26; size >= 8; size /= 2)
        while (malloc(size))
            ;
}

static void other_side(void)
{
    for (;;) {
        mo_sem_wait(sem);
        mo_mutex_lock(&lock);
        counter[0]++;
        mo_cond_signal(&cond);
        mo_mutex_unlock(&lock);
    }
}

static void block_without_heap(void)
{
    exhaust_heap();
    heap_info_t before, after;
    mo_heap_walk(&before);
    for (uint32_t i = 1; i <= 10000; i++) {
        mo_mutex_lock(&lock);
        mo_sem_signal(sem); /* the other one waits for the mutex now */
        CHECK_EQ(mo_cond_wait(&cond, &lock), ERR_OK);
        CHECK_EQ(counter[0], i);
        mo_mutex_unlock(&lock);
    }
    mo_heap_walk(&after);
    CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
    PASS();
}

static int32_t b02_no_allocation(void)
{
    sem = mo_sem_create(1, 0);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    spawn(other_side, TASK_PRIO_HIGH);
    spawn(block_without_heap, TASK_PRIO_NORMAL);
    return 1;
}

/* --- B3: inversion is bounded by inheritance, and is not without it --- */

static void low_section(void)
{
    mo_mutex_lock(&lock);
    SPIN_MS(30);
    mo_mutex_unlock(&lock);
    mo_task_delay(60000);
}

static void middle_spins(void)
{
    SPIN_MS(150);
}

static volatile uint32_t waited;

static void high_waits(void)
{
    mo_task_delay(1);
    uint32_t first = mo_ticks();
    mo_mutex_lock(&lock);
    waited = mo_ticks() - first;
    mo_mutex_unlock(&lock);
    CHECK_EQ(block_of(mo_task_id())->prio_level, 2);
    if (step)
        CHECK_BETWEEN(waited, 1, 4);
    else
        CHECK(waited >= 13);
    PASS();
}

static void start_inversion(void)
{
    mo_task_priority(mo_task_id(), TASK_PRIO_CRIT);
    spawn(low_section, TASK_PRIO_LOW);
    mo_task_delay(1);
    spawn(high_waits, TASK_PRIO_HIGH);
    mo_task_delay(1);
    spawn(middle_spins, TASK_PRIO_NORMAL);
}

static int32_t b03_inheritance_on(void)
{
    step = 1;
    mo_mutex_init(&lock);
    spawn(start_inversion, TASK_PRIO_NORMAL);
    return 1;
}

static int32_t b03_inheritance_off(void)
{
    mo_mutex_init(&lock);
    CHECK_EQ(mo_mutex_set_inherit(&lock, false), ERR_OK);
    spawn(start_inversion, TASK_PRIO_NORMAL);
    return 1;
}

/* Low holds `lock`; middle holds `second` and waits for `lock`; high waits for `second`: low runs
 * at high's level, and each gets its own back. */
static void chain_low(void)
{
    volatile tcb_t *self = block_of(mo_task_id());
    mo_mutex_lock(&lock);
    while (self->prio_level != 1)
        counter[0]++;
    mo_mutex_unlock(&lock);
    CHECK_EQ(self->prio_level, 6);
    CHECK_EQ(step, 2);
    PASS();
}

static void chain_middle(void)
{
    tcb_t *self = block_of(mo_task_id());
    mo_mutex_lock(&second);
    mo_mutex_lock(&lock);
    CHECK_EQ(self->prio_level, 1);
    mo_mutex_unlock(&lock);
    CHECK_EQ(self->prio_level, 1);
    mo_mutex_unlock(&second);
    CHECK_EQ(self->prio_level, 4);
    CHECK_EQ(step, 1);
    step = 2;
}

static void chain_high(void)
{
    mo_mutex_lock(&second);
    step = 1;
    mo_mutex_unlock(&second);
}

static void start_chain(void)
{
    spawn(chain_low, TASK_PRIO_LOW);
    mo_task_delay(2);
    spawn(chain_middle, TASK_PRIO_NORMAL);
    mo_task_delay(2);
    spawn(chain_high, TASK_PRIO_REALTIME);
}

static int32_t b03_chain(void)
{
    mo_mutex_init(&lock);
    mo_mutex_init(&second);
    spawn(start_chain, TASK_PRIO_CRIT);
    return 1;
}

/* A waiter whose time is up takes back what it had lent, along the whole chain. */
static void lend_for_a_while(void)
{
    mo_task_delay(2);
    CHECK_EQ(mo_mutex_timedlock(&second, 3), ERR_TIMEOUT);
    CHECK_EQ(block_of(2)->prio_level, 4); /* still that of the one in between */
    CHECK_EQ(block_of(3)->prio_level, 4);
    PASS();
}

static void chain_end(void)
{
    mo_mutex_lock(&lock);
    while (!step)
        step = block_of(2)->prio_level == 1 ? 1 : 0;
    for (;;)
        counter[0]++;
}

static void chain_link(void)
{
    mo_task_delay(1);
    mo_mutex_lock(&second);
    mo_mutex_lock(&lock);
}

static int32_t b03_lender_timed_out(void)
{
    mo_mutex_init(&lock);
    mo_mutex_init(&second);
    spawn(chain_end, TASK_PRIO_LOW);
    spawn(chain_link, TASK_PRIO_NORMAL);
    spawn(lend_for_a_while, TASK_PRIO_REALTIME);
    return 1;
}

/* A mutex that app_main has not given back is free when it has ended. */
static void lock_after_boot(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_timedlock(&second, 5), ERR_OK);
    PASS();
}

static int32_t b03_owner_was_boot(void)
{
    mo_mutex_init(&lock);
    mo_mutex_init(&second);
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_lock(&second), ERR_OK);
    spawn(lock_after_boot, TASK_PRIO_HIGH);
    return 1;
}

/* --- B4: sections nest and restore --- */

static uint32_t state_now(void)
{
    return (read_csr(mstatus) & MSTATUS_MIE) | (read_csr(mie) & MIE_MTIE);
}

static void nest(uint32_t critical_state, uint32_t nosched_state)
{
    uint32_t outside = state_now();
    CRITICAL_ENTER();
    CHECK_EQ(state_now() & MSTATUS_MIE, critical_state);
    NOSCHED_ENTER();
    CHECK_EQ(state_now() & MSTATUS_MIE, critical_state);
    CRITICAL_ENTER();
    free(malloc(100));
    CHECK_EQ(state_now() & MSTATUS_MIE, critical_state);
    CRITICAL_LEAVE();
    CHECK_EQ(state_now() & MSTATUS_MIE, critical_state);
    NOSCHED_LEAVE();
    CHECK_EQ(state_now() & MSTATUS_MIE, critical_state);
    CRITICAL_LEAVE();
    CHECK_EQ(state_now(), outside);
    NOSCHED_ENTER();
    NOSCHED_ENTER();
    free(malloc(100));
    CHECK_EQ(state_now() & MSTATUS_MIE, nosched_state);
    NOSCHED_LEAVE();
    NOSCHED_LEAVE();
    CHECK_EQ(state_now(), outside);
}

static int32_t nest_in_hook(void)
{
    nest(0, 0);
    return -1;
}

static void higher(void)
{
    step = 1;
}

static void nest_in_task(void)
{
    nest(0, MSTATUS_MIE);
    NOSCHED_ENTER(); /* ticks are counted, but nobody else runs */
    uint32_t first = mo_ticks();
    int32_t id = mo_task_spawn(higher, 1024);
    mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    SPIN_MS(50);
    CHECK_BETWEEN(mo_ticks() - first, 4, 6);
    CHECK_EQ(step, 0);
    NOSCHED_LEAVE();
    CHECK_EQ(step, 1);
    kcb->rt_sched = nest_in_hook;
    mo_task_delay(3);
    PASS();
}

static int32_t b04_sections(void)
{
    nest(0, 0);
    spawn(nest_in_task, TASK_PRIO_NORMAL);
    return 1;
}

/* --- B6, B7: 32 bits of time, across the wrap --- */

static void long_owner(void)
{
    mo_mutex_lock(&lock);
    mo_task_delay(100);
    mo_sem_wait(sem);
}

static void long_wait(void)
{
    uint32_t first = mo_ticks();
    CHECK_EQ(mo_mutex_timedlock(&lock, 65536 + 5), ERR_TIMEOUT);
    CHECK_BETWEEN(mo_ticks() - first, 65541, 65542);
    first = mo_ticks();
    sem_t *never = mo_sem_create(1, 0);
    CHECK_EQ(mo_sem_timedwait(never, 70000), ERR_TIMEOUT);
    CHECK_BETWEEN(mo_ticks() - first, 70000, 70001);
    PASS();
}

static int32_t b06_32_bit_timeouts(void)
{
    sem = mo_sem_create(1, 0);
    mo_mutex_init(&lock);
    spawn(long_owner, TASK_PRIO_HIGH);
    spawn(long_wait, TASK_PRIO_NORMAL);
    return 1;
}

static void across_the_wrap(void)
{
    static const uint16_t lengths[] = {1, 2, 15, 16, 17, 255, 256, 257, 3, 1};
    for (uint32_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint32_t first = mo_ticks();
        mo_task_delay(lengths[i]);
        CHECK_BETWEEN(mo_ticks() - first, lengths[i], lengths[i] + 1);
    }
    step++;
}

static void timeouts_across_the_wrap(void)
{
    for (uint32_t length = 1; length < 60; length += 7) {
        uint32_t first = mo_ticks();
        CHECK_EQ(mo_sem_timedwait(sem, length), ERR_TIMEOUT);
        CHECK_BETWEEN(mo_ticks() - first, length, length + 1);
    }
    step++;
}

/* A timeout of almost the whole range must not end early. */
static void nearly_for_ever(void)
{
    mo_sem_timedwait(sem, UINT32_MAX - 3);
    CHECK(0);
}

static void nearly_half(void)
{
    mo_sem_timedwait(sem, 0x80000005);
    CHECK(0);
}

static void judge_wrap(void)
{
    mo_task_delay(3000);
    CHECK_EQ(step, 2);
    CHECK(mo_ticks() < 10000);
    PASS();
}

static int32_t b07_wrap(void)
{
    sem = mo_sem_create(9, 0);
    kcb->ticks = UINT32_MAX - 40;
    spawn(across_the_wrap, TASK_PRIO_NORMAL);
    spawn(timeouts_across_the_wrap, TASK_PRIO_HIGH);
    spawn(nearly_for_ever, TASK_PRIO_NORMAL);
    spawn(nearly_half, TASK_PRIO_NORMAL);
    spawn(judge_wrap, TASK_PRIO_NORMAL);
    return 1;
}

/* --- B12: an unexpected interrupt is reported --- */

static void raise_software_interrupt(void)
{
    *(volatile uint32_t *) HAL_CLINT = 1;
    __asm__ volatile("csrs mie, %0" ::"r"(8));
    SPIN_MS(10);
}

static int32_t b12_spurious(void)
{
    spawn(raise_software_interrupt, TASK_PRIO_NORMAL);
    return 1;
}

/* --- B13: system calls with any stack pointer --- */

static void call_with_sp(uint32_t sp)
{
    register uint32_t number __asm__("a7") = SYS_tid;
    register uint32_t result __asm__("a0");
    __asm__ volatile("mv t0, sp\nmv sp, %2\necall\nmv sp, t0"
                     : "=r"(result)
                     : "r"(number), "r"(sp)
                     : "t0", "memory");
    counter[1] = result;
}

static void user_stacks(void)
{
    static const uint32_t stacks[] = {0, 1, 0x80000000, 0xDEADBEEF, 0xFFFFFFFF, 0x10000000};
    for (uint32_t i = 0; i < ARRAY_SIZE(stacks); i++) {
        call_with_sp(stacks[i]);
        counter[0] += counter[1] == 2;
    }
    for (volatile uint32_t i = 0; i < 3000000; i++) /* and interrupts as well */
        __asm__ volatile("mv t0, sp\nli sp, 5\nnop\nnop\nmv sp, t0" ::: "t0");
    step = 1;
    for (;;)
        sys_tdelay(10);
}

static void judge_stacks(void)
{
    while (!step)
        mo_task_delay(1);
    CHECK_EQ(counter[0], 6);
    CHECK(mo_ticks() > 1);
    PASS();
}

static int32_t b13_user_stack_pointer(void)
{
    CHECK_EQ(mo_task_spawn_user(user_stacks, 2048), 2);
    spawn(judge_stacks, TASK_PRIO_HIGH);
    return 1;
}

/* A user task that faults ends; the others go on. */
static void user_faults(void)
{
    uint32_t mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    counter[0] = 1;
}

static void user_returns(void)
{
    counter[1] = (uint32_t) sys_tid();
}

static void judge_fault(void)
{
    mo_task_delay(3);
    CHECK_EQ(counter[0], 0);
    CHECK_EQ(counter[1], 3);
    CHECK_EQ(mo_task_count(), 2);
    printf("PASS %s\n", ktest_this->name);
}

static int32_t b13_user_fault(void)
{
    CHECK_EQ(mo_task_spawn_user(user_faults, 512), 2);
    CHECK_EQ(mo_task_spawn_user(user_returns, 512), 3);
    spawn(judge_fault, TASK_PRIO_HIGH);
    return 1;
}

/* --- B17: the write through rt_prio is confined --- */

static struct {
    uint32_t guard0, period, deadline, guard1;
} record = {0x11111111, 7, 0x22222222, 0x33333333};

static int32_t decline(void)
{
    return -1;
}

static void judge_record(void)
{
    mo_task_rt_priority(mo_task_id(), &record.period);
    mo_task_delay(2);
    CHECK_EQ(record.deadline, 0x22222222); /* no hook, no write */
    kcb->rt_sched = decline;
    mo_task_delay(2);
    CHECK_EQ(record.deadline, mo_ticks() + 7);
    CHECK_EQ(record.guard0, 0x11111111);
    CHECK_EQ(record.period, 7);
    CHECK_EQ(record.guard1, 0x33333333);
    PASS();
}

static int32_t b17_rt_record(void)
{
    spawn(judge_record, TASK_PRIO_NORMAL);
    return 1;
}

/* --- the hook: an id that cannot run is refused, one that can runs --- */

static uint16_t chosen;

static int32_t choose(void)
{
    if (mo_ticks() == 6)
        step = (int32_t) (counter[0] > 0) + 2 * (int32_t) counter[1];
    return mo_ticks() < 6 ? chosen : 4321; /* nobody */
}

static void hooked_low(void)
{
    for (;;)
        counter[0]++;
}

static void hooked_high(void)
{
    for (;;)
        counter[1]++;
}

static void judge_hook(void)
{
    kcb->rt_sched = choose;
    mo_task_delay(1); /* the hook lets nobody but the low one run until tick 6 */
    CHECK_BETWEEN(mo_ticks(), 6, 7);
    CHECK_EQ(step, 1);
    mo_task_delay(5);
    CHECK(counter[1] > 0);
    PASS();
}

static int32_t hook_choice(void)
{
    chosen = spawn(hooked_low, TASK_PRIO_LOW);
    spawn(hooked_high, TASK_PRIO_HIGH);
    spawn(judge_hook, TASK_PRIO_CRIT);
    return 1;
}

/* --- B18: cooperative images may be large --- */

static __attribute__((used, section(".text.ktest_pad"))) void far_apart(void)
{
    __asm__ volatile(".space 131072");
}

static void coop_one(void)
{
    for (uint32_t i = 0; i < 50; i++) {
        counter[0]++;
        mo_task_yield();
    }
}

static void coop_two(void)
{
    for (uint32_t i = 0; i < 50; i++) {
        CHECK_BETWEEN(counter[0], i + 1, i + 1);
        mo_task_yield();
    }
    mo_task_delay(3);
    CHECK((uint32_t) far_apart >= 0x80000000);
    PASS();
}

static int32_t b18_large_cooperative(void)
{
    spawn(coop_one, TASK_PRIO_NORMAL);
    spawn(coop_two, TASK_PRIO_NORMAL);
    return 0;
}

/* Delays count passes, and nothing else runs the clock. */
static void coop_sleeper(void)
{
    mo_task_delay(50);
    CHECK_BETWEEN(counter[0], 49, 51);
    CHECK_EQ(mo_ticks(), 0);
    PASS();
}

static void coop_counter(void)
{
    for (;;) {
        counter[0]++;
        mo_task_yield();
    }
}

static int32_t coop_delay(void)
{
    spawn(coop_sleeper, TASK_PRIO_NORMAL);
    spawn(coop_counter, TASK_PRIO_NORMAL);
    return 0;
}

static void coop_waiter(void)
{
    mo_sem_wait(sem);
    CHECK_EQ(mo_sem_timedwait(sem, 10), ERR_TIMEOUT);
    mo_mutex_lock(&lock);
    CHECK_EQ(step, 1);
    CHECK_EQ(mo_cond_wait(&cond, &lock), ERR_OK);
    mo_mutex_unlock(&lock);
    PASS();
}

static void coop_giver(void)
{
    mo_mutex_lock(&lock);
    mo_sem_signal(sem);
    for (uint32_t i = 0; i < 20; i++)
        mo_task_yield();
    CHECK_EQ(mo_mutex_waiting_count(&lock), 1);
    step = 1;
    mo_mutex_unlock(&lock);
    mo_task_yield();
    mo_task_yield();
    CHECK_EQ(mo_cond_signal(&cond), ERR_OK);
    mo_task_suspend(mo_task_id());
}

static int32_t coop_sync(void)
{
    sem = mo_sem_create(1, 0);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    spawn(coop_waiter, TASK_PRIO_NORMAL);
    spawn(coop_giver, TASK_PRIO_NORMAL);
    return 0;
}

/* --- external interrupts: the UART's receiver through the PLIC --- */

static void received(void *arg)
{
    counter[0] = *(volatile uint8_t *) HAL_UART;
    counter[1]++;
    CHECK_EQ(mo_sem_signal_isr(arg), ERR_OK);
}

static void wait_for_uart(void)
{
    *(volatile uint8_t *) (HAL_UART + 4) = 0x10; /* loop back: what is sent is received */
    *(volatile uint8_t *) (HAL_UART + 1) = 0x01; /* receive interrupt */
    *(volatile uint8_t *) HAL_UART = 'k';
    mo_sem_wait(sem);
    *(volatile uint8_t *) (HAL_UART + 1) = 0;
    *(volatile uint8_t *) (HAL_UART + 4) = 0;
    CHECK_EQ(counter[0], 'k');
    CHECK_EQ(counter[1], 1);
    CHECK_EQ(mo_irq_attach(0, received, NULL), ERR_FAIL);
    CHECK_EQ(mo_irq_attach(128, received, NULL), ERR_FAIL);
    CHECK_EQ(mo_irq_attach(HAL_UART_IRQ, NULL, NULL), ERR_OK);
    PASS();
}

static void spin_below(void)
{
    for (;;)
        counter[2]++;
}

static int32_t irq_attach(void)
{
    sem = mo_sem_create(1, 0);
    CHECK_EQ(mo_irq_attach(HAL_UART_IRQ, received, sem), ERR_OK);
    spawn(wait_for_uart, TASK_PRIO_HIGH);
    spawn(spin_below, TASK_PRIO_LOW);
    return 1;
}

const struct ktest ktests[] = {
    TEST(b02_no_allocation),
    TEST(b03_inheritance_on),
    TEST(b03_inheritance_off),
    TEST(b03_chain),
    TEST(b03_lender_timed_out),
    TEST(b03_owner_was_boot),
    TEST(b04_sections),
    TEST(b06_32_bit_timeouts),
    TEST(b07_wrap),
    TEST_DIES(b12_spurious, 69, "interrupt: nobody is attached"),
    TEST(b13_user_stack_pointer),
    TEST_DIES(b13_user_fault, 0, "EXCEPTION. Illegal instruction[^$]*PASS b13_user_fault"),
    TEST(b17_rt_record),
    TEST(hook_choice),
    TEST(b18_large_cooperative),
    TEST(coop_delay),
    TEST(coop_sync),
    TEST(irq_attach),
    {NULL, NULL, 0, NULL},
};
