/* SPDX-License-Identifier: MIT */
/* What is printed before a panic is not lost, and the panic says why, from wherever it comes. One
 * letter typed chooses (kernel-faults A5, B20). */
#include "verdict.h"

#include "private/stdio.h"

static int which;
static volatile bool printing;

static void *panic_in_callback(void *arg)
{
    panic(ERR_UNKNOWN);
    return NULL;
}

static void panic_now(void)
{
    panic(ERR_FAIL);
}

/* Stops in the middle of a line: the output hook is asked for one character after the other. */
static int slow_hook(int ch)
{
    if (ch == '#')
        panic(ERR_UNKNOWN);
    return hal_uart_try_put(ch);
}

static void print_slowly(void)
{
    for (;;)
        printf("a line that is often interrupted, again and again and again and again\n");
}

void task(void)
{
    mo_logger_enqueue("deferred line\n", 14);
    printf("first line\n");
    mo_logger_enqueue("another deferred line\n", 22);
    switch (which) {
    case 'a': /* from a task, after 20 ticks */
        mo_task_delay(20);
        printf("second line\n");
        mo_sem_wait(NULL);
        break;
    case 'b': /* from a task that has preempted one in the middle of its line */
        mo_task_spawn(print_slowly, 1024);
        mo_task_delay(3);
        panic(ERR_UNKNOWN);
        break;
    case 'c': /* from an interrupt handler in the middle of a line */
        mo_task_spawn(print_slowly, 1024);
        mo_task_delay(3);
        in_interrupt(panic_now);
        break;
    case 'd': /* from inside the console */
        _stdout_install(slow_hook);
        printf("half a line # and its end\n");
        break;
    case 'e': /* from a timer's callback */
        mo_timer_start((uint16_t) mo_timer_create(panic_in_callback, 10, NULL), TIMER_ONESHOT);
        mo_task_delay(10);
        break;
    case 'f': /* no panic: a store by the application itself, with text still deferred */
        printf("last line\n");
        power_off(7);
        break;
    }
    printf("still alive\n");
    power_off(1);
}

int32_t app_main(void)
{
    which = getchar();
    mo_task_spawn(task, 1024);
    return 1;
}
