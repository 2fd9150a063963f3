/* SPDX-License-Identifier: MIT */
/* Four tasks print numbered lines of 1 to 200 characters each, on small stacks and under
 * preemption, and the last powers the machine off by a store right after its last line. run.py
 * looks for every line, whole and in order (kernel-faults A19). */
#include "verdict.h"

#define LINES 1000

static volatile int32_t finished;
static int32_t next_name;

static void print_lines(void)
{
    char text[210];
    int32_t name = next_name++;
    uint32_t seed = 100 + (uint32_t) name;
    for (int32_t line = 0; line < LINES; line++) {
        uint32_t length = dice(&seed, 200);
        memset(text, 'a' + name, length);
        text[length] = '\0';
        printf("%c%04d%s.\n", 'A' + name, line, text);
        if (dice(&seed, 20) == 0)
            mo_task_delay(1);
    }
    if (++finished == 4)
        power_off(0);
}

int32_t app_main(void)
{
    for (int32_t k = 0; k < 4; k++)
        mo_task_spawn(print_lines, 1024);
    return 1;
}
