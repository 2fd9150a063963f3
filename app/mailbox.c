/* SPDX-License-Identifier: MIT */
/* A server task with a mailbox: clients send requests and wait for their answers in mailboxes of
 * their own. The server waits with a timeout, so that it notices when nobody asks any more. */
#include <linmo.h>

#define CLIENTS 3
#define REQUESTS 4

struct request {
    mq_t *answer_to;
    int32_t number;
};

static mq_t *inbox;
static volatile int32_t next_client, right;

static void client(void)
{
    int32_t self = next_client++;
    mq_t *own = mo_mq_create(1);
    for (int32_t k = 0; k < REQUESTS; k++) {
        struct request request = {own, self * 100 + k};
        message_t letter = {&request, 1, sizeof(request)};
        mo_mq_enqueue(inbox, &letter);
        message_t *answer = mo_mq_receive(own, UINT32_MAX); /* for ever; the letter stays valid */
        right += answer == &letter && request.number == 2 * (self * 100 + k);
    }
    mo_mq_destroy(own);
}

void task(void)
{
    int32_t served = 0;
    message_t *letter;
    while ((letter = mo_mq_receive(inbox, 20))) {
        struct request *request = letter->payload;
        printf("request %d\n", request->number);
        request->number *= 2;
        served++;
        mo_mq_enqueue(request->answer_to, letter);
    }
    bool pass = served == CLIENTS * REQUESTS && right == served;
    printf("%d requests served, %d answers right\nmailbox: %s\n", served, right,
           pass ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    inbox = mo_mq_create(CLIENTS);
    mo_task_spawn(task, DEFAULT_STACK_SIZE);
    for (int32_t k = 0; k < CLIENTS; k++)
        mo_task_spawn(client, 1024);
    return 1;
}
