/* SPDX-License-Identifier: MIT */
/* Four tasks in a ring of message queues. Messages and texts live on the senders' stacks: a
 * queue holds pointers, so a sender must not reuse a message before the receiver has read it;
 * here each waits for its turn. */
#include <linmo.h>

#define ROUNDS 4

static mq_t *mq1, *mq2, *mq3, *mq4;
static volatile int32_t finished, received;

static message_t *take(mq_t *mq)
{
    while (mo_mq_items(mq) == 0)
        mo_task_yield();
    return mo_mq_dequeue(mq);
}

void task1(void)
{
    message_t out;
    int32_t value = 0;
    for (int32_t round = 0; round < ROUNDS; round++) {
        take(mq1); /* only its arrival matters */
        value = round;
        out = (message_t){&value, 1, sizeof(value)};
        mo_mq_enqueue(mq2, &out);
    }
    finished++;
    while (finished < 4)
        mo_task_wfi(); /* its stack holds the last message */
}

void task2(void)
{
    message_t out;
    char text[32];
    for (int32_t round = 0; round < ROUNDS; round++) {
        message_t *msg_in = take(mq2);
        snprintf(text, sizeof(text), "value %d", *(int32_t *) msg_in->payload);
        out = (message_t){text, 2, (uint16_t) strlen(text)};
        mo_mq_enqueue(mq3, &out);
    }
    finished++;
    while (finished < 4)
        mo_task_wfi();
}

void task3(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        message_t *msg_in = take(mq3);
        printf("task3: \"%s\", %d characters\n", (char *) msg_in->payload, msg_in->size);
        received++;
        delay_ms(5);
        mo_mq_enqueue(mq4, msg_in);
    }
    finished++;
}

void task4(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        message_t *msg_in = take(mq4);
        if (round < ROUNDS - 1)
            mo_mq_enqueue(mq1, msg_in);
    }
    finished++;
    printf("mqueues: %s\n", received == ROUNDS ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    message_t start = {NULL, 0, 0}; /* gone when the tasks run: only its arrival matters */

    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    mo_task_spawn(task2, DEFAULT_STACK_SIZE);
    mo_task_spawn(task3, DEFAULT_STACK_SIZE);
    mo_task_spawn(task4, DEFAULT_STACK_SIZE);
    mq1 = mo_mq_create(8);
    mq2 = mo_mq_create(8);
    mq3 = mo_mq_create(8);
    mq4 = mo_mq_create(8);
    mo_mq_enqueue(mq1, &start);
    return 1;
}
