/* SPDX-License-Identifier: MIT */
/* An interrupt handler of the application's own: the UART's receiver. The handler fetches each
 * character and sends it on as a message; a task waits for messages and puts lines together. "quit"
 * ends it.
 *
 * Rules for a handler: interrupts are off, so be short; use only calls marked I and the _isr
 * ones. */
#include <linmo.h>

#include "private/error.h"

#define SLOTS 64
#define UART_ENABLE HAL_REG8(HAL_UART + 1)
#define RECEIVE_INTERRUPT 1

static mq_t *characters;
static message_t slots[SLOTS]; /* a message must outlive its way through the queue */
static uint32_t received, lost;

static void on_receive(void *arg)
{
    while (hal_uart_ready()) {
        message_t *slot = &slots[received++ % SLOTS];
        slot->type = (uint16_t) hal_uart_get();
        if (mo_mq_enqueue_isr(characters, slot) != ERR_OK)
            lost++;
    }
}

static void read_line(char *line, uint32_t size)
{
    uint32_t length = 0;
    for (;;) {
        message_t *slot = mo_mq_receive(characters, UINT32_MAX); /* for ever */
        line[length] = '\0';
        if (slot->type == '\n' || slot->type == '\r')
            return;
        if (length < size - 1)
            line[length++] = (char) slot->type;
    }
}

void task(void)
{
    char line[64];
    int32_t lines = 0;

    mo_irq_attach(HAL_UART_IRQ, on_receive, NULL);
    UART_ENABLE = RECEIVE_INTERRUPT;
    printf("type lines; quit ends\n");
    for (;;) {
        read_line(line, sizeof(line));
        if (!strcmp(line, "quit"))
            break;
        printf("line %ld: \"%s\"\n", ++lines, line);
    }
    UART_ENABLE = 0;
    mo_irq_attach(HAL_UART_IRQ, NULL, NULL);
    printf("%lu characters, %lu lost\nuart_irq: %s\n", received, lost, lost ? "FAIL" : "PASS");
}

int32_t app_main(void)
{
    characters = mo_mq_create(SLOTS / 2);
    mo_task_spawn(task, DEFAULT_STACK_SIZE);
    return 1;
}
