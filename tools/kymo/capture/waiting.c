/* SPDX-License-Identifier: MIT */
/* After a run that had to be ended: if every task of the application waits for an object, nobody
 * could ever have woken them, and the user wants to know who waits for what. Read from the
 * container that was just written, through the model. */
#include "waiting.h"

#include <kymo.h>

#include <stdio.h>

enum { SYSTEM_TASKS = 1 }; /* idle is 0, the kernel's own task 1 */

static bool waits(const struct kymo_task *t)
{
    return t->state == KYMO_BLOCKED || t->state == KYMO_SUSPENDED;
}

static void tell(const kymo_model *m, const struct kymo_task *t)
{
    const struct kymo_object *o = t->object ? kymo_model_object(m, t->object) : NULL;
    fprintf(stderr, "kymo run:   %s waits", kymo_task_name(m, t->id));
    if (t->state == KYMO_SUSPENDED)
        fprintf(stderr, " suspended");
    else
        fprintf(stderr, " for %s",
                t->object ? kymo_object_name(m, t->object) : "an unknown object");
    if (o && o->kind == KYMO_OBJ_MUTEX && o->owner && o->owner != KYMO_TASK_NONE)
        fprintf(stderr, ", which %s holds", kymo_task_name(m, o->owner));
    fputc('\n', stderr);
}

static void at_end(void *u, const kymo_model *m, uint64_t time)
{
    unsigned waiting = 0;
    const struct kymo_task *t;
    (void)u;
    (void)time;
    for (t = NULL; (t = kymo_model_next_task(m, t)) != NULL;) {
        if (t->id <= SYSTEM_TASKS || t->id >= KYMO_TASK_BOOT || t->state == KYMO_DEAD)
            continue;
        if (!waits(t) || t->certainty != KYMO_CERTAIN)
            return;
        waiting++;
    }
    if (!waiting)
        return;
    fprintf(stderr, "kymo run: all tasks wait, and nobody is left to wake them:\n");
    for (t = NULL; (t = kymo_model_next_task(m, t)) != NULL;)
        if (t->id > SYSTEM_TASKS && t->id < KYMO_TASK_BOOT && waits(t))
            tell(m, t);
}

void capture_tell_waiting(const char *path)
{
    static const struct kymo_sink sink = {.end = at_end};
    struct kymo_error err;
    kymo_trace *t;
    if (kymo_open(&t, path, &err) < 0)
        return; /* the run itself went well; what is wrong with the trace, its readers will say */
    kymo_model_run(t, &sink, NULL, &err);
    kymo_close(t);
}
