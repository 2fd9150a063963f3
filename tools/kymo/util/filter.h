/* SPDX-License-Identifier: MIT */
/* The choice of events and tasks that print, stat and timeline share:
 *
 *   --from T --to T   times as text_parse_time reads them
 *   --task N          name or number, repeatable; an event matches if it runs in it or names it
 *   --object N        name or address
 *   --event N         name, with * and ? as wildcards; --class N likewise
 *
 * Filters of one kind are alternatives, kinds must all hold. */
#ifndef KYMO_FILTER_H
#define KYMO_FILTER_H
#include "kymo.h"

enum { FILTER_MAX = 16 };

struct filter {
    uint64_t from, to; /* inclusive; to = UINT64_MAX when not given */
    const char *task[FILTER_MAX], *object[FILTER_MAX], *event[FILTER_MAX], *klass[FILTER_MAX];
    unsigned tasks, objects, events, classes;
    const char *from_text, *to_text;
    uint8_t code[256]; /* 1: the code passes the event and class filters */
};

/* Keys of getopt_long for the options above. */
enum { FILTER_FROM = 1000, FILTER_TO, FILTER_TASK, FILTER_OBJECT, FILTER_EVENT, FILTER_CLASS };
#define FILTER_OPTIONS                                                                          \
    {"from", 1, NULL, FILTER_FROM}, {"to", 1, NULL, FILTER_TO}, {"task", 1, NULL, FILTER_TASK}, \
        {"object", 1, NULL, FILTER_OBJECT}, {"event", 1, NULL, FILTER_EVENT},                   \
    {                                                                                           \
        "class", 1, NULL, FILTER_CLASS                                                          \
    }
#define FILTER_HELP                                                                          \
    "  --from T, --to T   only this stretch; T in seconds, or with ms, us, ns, or @counts\n" \
    "  --task NAME|ID     only this task (repeatable, like the next three)\n"                \
    "  --object NAME|ADDR only this object\n"                                                \
    "  --event NAME       only these events; * and ? match\n"                                \
    "  --class NAME       only events of this class\n"

/* Takes an option in; false if the key is not one of its own. */
bool filter_option(struct filter *f, int key, char *value);
/* After the trace is open. -1: *wrong is what makes no sense. */
int filter_resolve(struct filter *f, const kymo_trace *t, const char **wrong);

bool filter_task(const struct filter *f, const kymo_model *m, uint32_t id);
bool filter_object(const struct filter *f, const kymo_model *m, uint32_t addr);
static inline bool filter_time(const struct filter *f, uint64_t time)
{
    return time >= f->from && time <= f->to;
}
/* `context` is the task that ran when the event was written. */
bool filter_event(const struct filter *f, const kymo_model *m, const struct kymo_event *e,
                  uint32_t context);

#endif
