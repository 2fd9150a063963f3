/* SPDX-License-Identifier: MIT */
/* The model against the truth: simulated kernels write traces, lossless and lossy, and what the
 * model says is compared with what happened.
 *
 * Without loss both are the same list of intervals, handlers and holds, to the count. With loss,
 * whatever the model calls certain must be true; what it may not do is know nothing.
 *
 * Usage: model-test [TOKEN | brief]; a failure prints its token. */
#include "lib/stat.h"
#include "synth_write.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list {
    struct kymo_interval *item;
    size_t count, room;
};

struct run {
    struct list truth, said;
    struct kymo_hold *hold[2];
    size_t holds[2];
    struct kymo_isr *isr[2];
    size_t isrs[2];
    const char *token;
    unsigned wrong;
    uint64_t unknown, known;
};

static void add(struct list *l, const struct kymo_interval *i)
{
    if (i->from >= i->to || i->state == KYMO_DEAD || i->task == KYMO_TASK_BOOT ||
        (i->task == KYMO_TASK_IDLE && i->state != KYMO_RUNNING))
        return;
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->item = realloc(l->item, l->room * sizeof *l->item);
        if (!l->item)
            abort();
    }
    l->item[l->count++] = *i;
}

static void truth_interval(void *u, const struct kymo_interval *i)
{
    add(&((struct run *)u)->truth, i);
}

static void said_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct run *r = u;
    (void)m;
    if (i->state == KYMO_UNKNOWN)
        r->unknown += i->to - i->from;
    else
        r->known += i->to - i->from;
    if (i->state != KYMO_UNKNOWN)
        add(&r->said, i);
}

static void keep_hold(struct run *r, int side, const struct kymo_hold *h)
{
    r->hold[side] = realloc(r->hold[side], (r->holds[side] + 1) * sizeof *h);
    if (!r->hold[side])
        abort();
    r->hold[side][r->holds[side]++] = *h;
}

static void truth_hold(void *u, const struct kymo_hold *h)
{
    keep_hold(u, 0, h);
}

static void said_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    (void)m;
    if (h->certainty == KYMO_CERTAIN)
        keep_hold(u, 1, h);
}

static void keep_isr(struct run *r, int side, const struct kymo_isr *i)
{
    r->isr[side] = realloc(r->isr[side], (r->isrs[side] + 1) * sizeof *i);
    if (!r->isr[side])
        abort();
    r->isr[side][r->isrs[side]++] = *i;
}

static void truth_isr(void *u, const struct kymo_isr *i)
{
    keep_isr(u, 0, i);
}

static void said_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    (void)m;
    keep_isr(u, 1, i);
}

static void wrong(struct run *r, const char *what, const struct kymo_interval *a,
                  const struct kymo_interval *b)
{
    if (r->wrong++ >= 3)
        return;
    printf("FAIL %s: %s\n", r->token, what);
    for (int k = 0; k < 2; k++) {
        const struct kymo_interval *i = k ? b : a;
        if (i)
            printf("  %s task %u hart %u %llu..%llu state %u level %u/%u object %x holder %x waker "
                   "%x irq %u pre %d\n",
                   k ? "model" : "truth", i->task, i->hart, (unsigned long long)i->from,
                   (unsigned long long)i->to, i->state, i->level, i->base, i->object, i->holder,
                   i->waker, i->waker_irq, i->preempted);
    }
}

static int by_task(const void *a, const void *b)
{
    const struct kymo_interval *x = a, *y = b;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    if (x->hart != y->hart)
        return x->hart < y->hart ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static bool ready_differs(const struct kymo_interval *a, const struct kymo_interval *b)
{
    return a->state == KYMO_READY &&
           (a->preempted != b->preempted ||
            (!b->continues && (a->waker != b->waker || a->waker_irq != b->waker_irq)));
}

static void compare_exact(struct run *r)
{
    size_t n = r->truth.count < r->said.count ? r->truth.count : r->said.count;
    for (size_t i = 0; i < n; i++) {
        const struct kymo_interval *a = &r->truth.item[i], *b = &r->said.item[i];
        bool idle = a->task == KYMO_TASK_IDLE;
        if (a->task != b->task || a->from != b->from || a->to != b->to || a->state != b->state ||
            (!idle && (a->level != b->level || a->base != b->base)) || a->object != b->object ||
            a->holder != b->holder || ready_differs(a, b)) {
            wrong(r, "intervals differ", a, b);
            return;
        }
    }
    if (r->truth.count != r->said.count)
        wrong(r, "one has more intervals", n < r->truth.count ? &r->truth.item[n] : NULL,
              n < r->said.count ? &r->said.item[n] : NULL);
}

/* Everything that is said must be true; the truth's intervals of a task are in order. */
static void compare_true(struct run *r)
{
    size_t k = 0;
    for (size_t i = 0; i < r->said.count; i++) {
        const struct kymo_interval *b = &r->said.item[i];
        while (k < r->truth.count && by_task(&r->truth.item[k], b) < 0 &&
               (r->truth.item[k].task != b->task || r->truth.item[k].hart != b->hart ||
                r->truth.item[k].to <= b->from))
            k++;
        for (size_t j = k; j < r->truth.count; j++) {
            const struct kymo_interval *a = &r->truth.item[j];
            if (a->task != b->task || a->hart != b->hart || a->from >= b->to)
                break;
            if (a->to <= b->from)
                continue;
            if (a->state != b->state || (b->object && a->object != b->object) ||
                (b->level != 0xFF && b->task && a->level != b->level) ||
                (b->base != 0xFF && a->base != b->base) ||
                (b->holder != KYMO_TASK_NONE && b->holder != a->holder))
                wrong(r, "said and not true", a, b);
        }
    }
}

static void compare_holds(struct run *r, bool exact)
{
    size_t k = 0;
    for (size_t i = 0; i < r->holds[1]; i++) {
        const struct kymo_hold *b = &r->hold[1][i], *a = NULL;
        while (k < r->holds[0] && (r->hold[0][k].to < b->to || r->hold[0][k].object != b->object))
            k++;
        a = k < r->holds[0] ? &r->hold[0][k] : NULL;
        if (!a || a->from != b->from || a->to != b->to || a->task != b->task ||
            (exact && a->waiters != b->waiters)) {
            printf("FAIL %s: hold of %x by %u %llu..%llu waiters %u; truth waiters %u\n", r->token,
                   b->object, b->task, (unsigned long long)b->from, (unsigned long long)b->to,
                   b->waiters, a ? a->waiters : 0);
            r->wrong++;
            return;
        }
    }
    if (exact && r->holds[0] != r->holds[1]) {
        printf("FAIL %s: %zu holds, the model says %zu\n", r->token, r->holds[0], r->holds[1]);
        r->wrong++;
    }
}

static void compare_isrs(struct run *r)
{
    if (r->isrs[0] != r->isrs[1]) {
        printf("FAIL %s: %zu handlers, the model says %zu\n", r->token, r->isrs[0], r->isrs[1]);
        r->wrong++;
        return;
    }
    for (size_t i = 0; i < r->isrs[0]; i++) {
        const struct kymo_isr *a = &r->isr[0][i], *b = &r->isr[1][i];
        if (a->from != b->from || a->to != b->to || a->own != b->own || a->task != b->task ||
            a->cause != b->cause || a->source != b->source || a->depth != b->depth) {
            printf("FAIL %s: handler %zu differs\n", r->token, i);
            r->wrong++;
            return;
        }
    }
}

static bool play(const char *token, const struct synth_config *c)
{
    char path[] = "/tmp/kymo-model-XXXXXX";
    struct run r = {.token = token};
    struct synth_oracle o = {
        .interval = truth_interval, .hold = truth_hold, .isr = truth_isr, .u = &r};
    struct kymo_sink sink = {.interval = said_interval, .hold = said_hold, .isr = said_isr};
    struct kymo_error err;
    kymo_trace *t;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");
    if (!f || !synth_run(c, f, &o) || fclose(f))
        abort();
    if (kymo_open(&t, path, &err) || kymo_model_run(t, &sink, &r, &err)) {
        printf("FAIL %s: %s\n", token, err.text);
        r.wrong++;
    }
    kymo_close(t);
    unlink(path);
    bool exact = !c->keep && !c->drop;
    qsort(r.truth.item, r.truth.count, sizeof *r.truth.item, by_task);
    qsort(r.said.item, r.said.count, sizeof *r.said.item, by_task);
    if (exact && !c->mask) {
        compare_exact(&r);
        if (c->harts == 1)
            compare_isrs(&r);
    } else {
        compare_true(&r);
    }
    if (c->harts == 1 && !c->mask)
        compare_holds(&r, exact);
    if (!r.wrong && (r.said.count == 0 || (exact && r.unknown) || (!exact && !r.known))) {
        printf("FAIL %s: known %llu, unknown %llu\n", token, (unsigned long long)r.known,
               (unsigned long long)r.unknown);
        r.wrong++;
    }
    for (int k = 0; k < 2; k++) {
        free(r.hold[k]);
        free(r.isr[k]);
    }
    free(r.truth.item);
    free(r.said.item);
    return r.wrong == 0;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A distribution against its samples, sorted: what kymo_stat.h promises about it. */
static bool distribution(const char *token, unsigned seed)
{
    static uint64_t v[5000];
    static const double percents[] = {1, 25, 50, 90, 99, 99.9, 100};
    struct kymo_dist d = {.count = 0};
    uint64_t random = seed, sum = 0, low, width, count, all = 0;
    size_t n = seed < 8 ? seed : synth_random(&random) % 5000 + 1;
    for (size_t i = 0; i < n; i++) {
        v[i] = synth_random(&random) >> (20 + synth_random(&random) % 44);
        kymo_dist_add(&d, v[i], i);
        sum += v[i];
    }
    qsort(v, n, sizeof *v, by_value);
    bool good = d.count == n && d.sum == sum && (!n || (d.min == v[0] && d.max == v[n - 1]));
    for (unsigned i = 0; i < sizeof percents / sizeof *percents && n; i++) {
        size_t k = (size_t)((double)n * percents[i] / 100);
        uint64_t exact = v[(double)k * 100 < (double)n * percents[i] ? k : k ? k - 1 : 0];
        uint64_t said = kymo_dist_percentile(&d, percents[i]);
        good = good && said >= exact && said <= exact + exact / 64;
    }
    for (unsigned bin = 0; kymo_dist_bin(&d, &bin, &low, &width, &count);)
        all += count;
    double mean = n ? (double)sum / (double)n : 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += ((double)v[i] - mean) * ((double)v[i] - mean);
    double deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    good = good && all == n && fabs(kymo_dist_mean(&d) - mean) <= 1e-9 * mean &&
           fabs(kymo_dist_deviation(&d) - deviation) <= 1e-6 * deviation;
    if (!good)
        printf("FAIL %s: a figure of %zu samples is wrong\n", token, n);
    kymo_dist_free(&d);
    return good;
}

/* Variants of a run; the token is VARIANT:SEED. */
static const struct variant {
    const char *name;
    struct synth_config c;
} variants[] = {
    {"plain",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 6,
      .harts = 1,
      .block_size = 2048,
      .inherit = true}},
    {"many",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 30,
      .harts = 1,
      .block_size = 1024,
      .inherit = true}},
    {"plainmutex",
     {.scenario = "mixed", .events = 6000, .tasks = 8, .harts = 1, .block_size = 2048}},
    {"leap",
     {.scenario = "mixed",
      .events = 4000,
      .tasks = 5,
      .harts = 1,
      .block_size = 256,
      .inherit = true,
      .leap = true}},
    {"harts",
     {.scenario = "mixed",
      .events = 8000,
      .tasks = 4,
      .harts = 3,
      .block_size = 512,
      .inherit = true}},
    {"path",
     {.scenario = "pathfinder", .events = 3000, .tasks = 3, .harts = 1, .block_size = 2048}},
    {"pathinherit",
     {.scenario = "pathfinder",
      .events = 3000,
      .tasks = 3,
      .harts = 1,
      .block_size = 2048,
      .inherit = true}},
    {"drop",
     {.scenario = "mixed",
      .events = 8000,
      .tasks = 6,
      .harts = 1,
      .block_size = 512,
      .inherit = true,
      .drop = 100}},
    {"dropleap",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 6,
      .harts = 1,
      .block_size = 512,
      .inherit = true,
      .drop = 200,
      .leap = true}},
    {"flight",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 6,
      .harts = 1,
      .block_size = 1024,
      .inherit = true,
      .keep = 5}},
    {"nosync",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 6,
      .harts = 1,
      .block_size = 1024,
      .inherit = true,
      .mask = 0x3FB}},
    {"noirq",
     {.scenario = "mixed",
      .events = 6000,
      .tasks = 6,
      .harts = 1,
      .block_size = 1024,
      .mask = 0x3FD}},
};

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    bool brief = argc > 1 && strcmp(argv[1], "brief") == 0;
    for (unsigned v = 0; v < sizeof variants / sizeof *variants; v++)
        for (unsigned seed = 1; seed <= (brief ? 3 : 25); seed++) {
            char token[64];
            struct synth_config c = variants[v].c;
            snprintf(token, sizeof token, "model-test:%s:%u", variants[v].name, seed);
            c.seed = seed;
            if (argc > 1 && !brief && strcmp(argv[1], token) != 0 &&
                strcmp(argv[1], variants[v].name) != 0)
                continue;
            if (play(token, &c))
                passed++;
            else
                failed++;
        }
    for (unsigned seed = 0; seed < 40; seed++) {
        char token[64];
        snprintf(token, sizeof token, "model-test:distribution:%u", seed);
        if (argc > 1 && !brief && strcmp(argv[1], token) != 0)
            continue;
        if (distribution(token, seed))
            passed++;
        else
            failed++;
    }
    printf("model-test: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
