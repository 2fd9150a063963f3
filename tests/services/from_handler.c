/* SPDX-License-Identifier: MIT */
/* Calls that an interrupt handler must not make: one letter typed chooses, each must end in a panic
 * that names the call (kernel-faults B21). The ones that it may make are in the tests of their
 * room. */
#include "verdict.h"

static int which;
static pipe_t *pipe1;
static mq_t *queue;
static message_t note;
static int32_t timer1;

static void *nothing(void *arg)
{
    return arg;
}

static void call(void)
{
    char byte = 0;
    switch (which) {
    case 'a':
        mo_mq_create(4);
        break;
    case 'b':
        mo_mq_destroy(queue);
        break;
    case 'c':
        mo_mq_enqueue(queue, &note);
        break;
    case 'd':
        mo_mq_receive(queue, 0);
        break;
    case 'e':
        mo_pipe_create(4);
        break;
    case 'f':
        mo_pipe_destroy(pipe1);
        break;
    case 'g':
        mo_pipe_nbread(pipe1, &byte, 1);
        break;
    case 'h':
        mo_pipe_nbwrite(pipe1, &byte, 1);
        break;
    case 'i':
        mo_pipe_flush(pipe1);
        break;
    case 'j':
        mo_timer_create(nothing, 10, NULL);
        break;
    case 'k':
        mo_timer_destroy((uint16_t) timer1);
        break;
    case 'l':
        mo_timer_start((uint16_t) timer1, TIMER_ONESHOT);
        break;
    case 'm':
        getchar();
        break;
    }
}

void task(void)
{
    in_interrupt(call);
    printf("nothing noticed %c\n", which);
    power_off(1);
}

int32_t app_main(void)
{
    which = getchar();
    pipe1 = mo_pipe_create(4);
    queue = mo_mq_create(4);
    timer1 = mo_timer_create(nothing, 10, NULL);
    mo_task_spawn(task, 1024);
    return 1;
}
