/* SPDX-License-Identifier: MIT */
/* A known application indexes its array cnt[2] by the task ids 2 and 3 and so writes two words
 * behind it. The link layout puts an application's zeroed variables last and leaves room behind
 * them: of the kernel's own variables no bit may change. */
#include "verdict.h"

int32_t cnt[2]; /* small data: the last of .sbss or close to it */
int32_t large[64];

extern char _sapp_sdata[], _ssbss[], _sapp_sbss[], _eapp_sbss[], _esbss[], _sapp_data[];
extern char _sapp_bss[], _eapp_bss[];

static uint32_t sum(uint32_t so_far, const char *from, const char *to)
{
    while (from < to)
        so_far = so_far * 31 + (uint8_t) *from++;
    return so_far;
}

/* Over all variables of the kernel. */
static uint32_t kernel_sum(void)
{
    uint32_t all = sum(1, (char *) &_sdata, _sapp_sdata);
    all = sum(all, _ssbss, _sapp_sbss);
    all = sum(all, _esbss, _sapp_data);
    return sum(all, (char *) &_sbss, _sapp_bss);
}

static uint32_t sum_with(volatile int32_t *at, int32_t value)
{
    at[0] = value;
    at[1] = value;
    return kernel_sum();
}

static void smash_behind(volatile int32_t *last)
{
    uint32_t irq = hal_irq_save();
    uint32_t before = kernel_sum();
    uint32_t one = sum_with(last, -1), other = sum_with(last, 0x5a5a5a5a);
    last[0] = last[1] = 0;
    hal_irq_restore(irq);
    CHECK(one == before && other == before);
}

void task(void)
{
    cnt[0] = large[0] = mo_task_id();
    CHECK((char *) cnt >= _sapp_sbss && (char *) (cnt + 2) <= _eapp_sbss);
    CHECK((char *) large >= _sapp_bss && (char *) (large + 64) <= _eapp_bss);
    smash_behind((int32_t *) ((uintptr_t) (_eapp_sbss + 3) & ~3U));
    smash_behind((int32_t *) ((uintptr_t) (_eapp_bss + 3) & ~3U));
    verdict("out_of_bounds");
}

int32_t app_main(void)
{
    mo_task_spawn(task, 1024);
    return 1;
}
