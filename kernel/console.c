/* SPDX-License-Identifier: MIT */
/* The console: whole lines, in the order of the calls, out before the call returns.
 *
 * An application may power the machine off by a store of its own right after printf, so text
 * that only waits in a queue would be lost; and a lock around the UART would make a task of high
 * priority wait for one of low priority, or a panic for ever. So there is neither queue room nor
 * lock: each caller hangs its text, a `piece` on its own stack, on one list, and then everybody
 * who has a piece there writes the list's head until the own piece is out. A task that is
 * preempted in the middle of its line is helped by whoever prints next.
 *
 *   who                  does                              until
 *   console_write        appends a piece, then steps       its piece is done
 *   mo_logger_enqueue    appends a piece of its own pool   at once; task 1 steps later
 *   console_drain        steps                             the list is empty
 *
 * Rules: a piece stays valid until it is done; so whoever frees a stack calls console_drain before.
 * Invariants, with interrupts off: C1 pieces leave in the order of the list, which is the order
 * of append; C2 only the head has been written in part; C3 `last` is the link that the next
 * append fills. */

#include <lib/libc.h>

#include <private/console.h>
#include <private/stdio.h>
#include <private/utils.h>

#include <sys/task.h>

#include "piece.h"

/* Characters per step: bounds the time with interrupts off (below 100 instructions). */
#define STEP 5

static struct {
    struct piece *first, **last;
    int (*out)(int);
    int (*in)(void);
    int (*poll)(void);
    bool in_hook;
} console = {.last = &console.first};

void piece_append(struct piece *p)
{
    p->next = NULL;
    p->self = p;
    p->done = false;
    uint32_t irq = hal_irq_save();
    *console.last = p;
    console.last = &p->next;
    hal_irq_restore(irq);
}

/* One character to the installed hook. */
static uint32_t transmit_hooked(char ch)
{
    console.in_hook = true;
    uint32_t sent = console.out(ch) >= 0;
    console.in_hook = false;
    return sent;
}

/* What the device takes at once. A panic inside the hook comes here again: then the UART has to
 * do. */
static uint32_t transmit(const char *text, uint32_t len)
{
    if (unlikely(console.out != NULL && !console.in_hook))
        return transmit_hooked(*text);
    uint32_t sent = 0;
    if (len > STEP)
        len = STEP;
    while (sent < len && hal_uart_try_put(text[sent]) >= 0)
        sent++;
    return sent;
}

/* Writes a few characters of the oldest piece. False when there was none. */
static bool step(void)
{
    uint32_t irq = hal_irq_save();
    struct piece *p = console.first;
    if (p && unlikely(p->self != p)) { /* overwritten: lose the list, not the machine */
        console.first = p = NULL;
        console.last = &console.first;
    }
    if (p) {
        p->at += transmit(p->at, (uint32_t) (p->end - p->at));
        if (p->at == p->end) {
            console.first = p->next;
            if (!console.first)
                console.last = &console.first;
            p->done = true;
        }
    }
    hal_irq_restore(irq);
    return p != NULL;
}

bool console_pending(void)
{
    return console.first != NULL;
}

void console_drain(void)
{
    while (step()) {
    }
}

void console_write(const char *text, uint32_t len)
{
    struct piece p = {.at = text, .end = text + len};
    if (!len)
        return;
    piece_append(&p);
    while (!p.done && step()) {
    }
}

int _putchar(int ch)
{
    char one = (char) ch;
    console_write(&one, 1);
    return ch;
}

void _stdout_install(int (*hook)(int))
{
    console.out = hook;
}

void _stdin_install(int (*hook)(void))
{
    console.in = hook;
}

void _stdpoll_install(int (*hook)(void))
{
    console.poll = hook;
}

int _kbhit(void)
{
    return console.poll ? console.poll() : hal_uart_ready();
}

/* Lets others run while nobody types: sleeps a tick, or yields where there are no ticks. */
static void wait_for_input(void)
{
    if (!scheduler_started)
        return;
    if (kcb->preemptive)
        mo_task_wfi();
    else
        mo_task_yield();
}

/* A character, or -1. In one section: with two readers, one could take what the other has seen. */
static int take_char(void)
{
    uint32_t irq = hal_irq_save();
    int ch = _kbhit() ? hal_uart_get() : -1;
    hal_irq_restore(irq);
    return ch;
}

int _getchar(void)
{
    int ch;
    if (console.in)
        return console.in();
    while ((ch = take_char()) < 0)
        wait_for_input();
    return ch;
}

int getchar(void)
{
    return _getchar();
}

char *fgets(char *line, int size, void *stream)
{
    int length = 0;
    if (!line || size < 1)
        return NULL;
    while (length < size - 1) {
        char ch = (char) getchar();
        line[length++] = ch;
        if (ch == '\n' || ch == '\r')
            break;
    }
    line[length] = '\0';
    return line;
}

char *gets(char *line)
{
    char *to = line;
    if (!line)
        return NULL;
    for (char ch; (ch = (char) getchar()) != '\n' && ch != '\r';)
        *to++ = ch;
    *to = '\0';
    return line;
}

char *getline(char *line)
{
    return gets(line);
}
