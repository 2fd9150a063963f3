/* SPDX-License-Identifier: MIT */
/* The recorder on RV64, on its own: no kernel, one loop that plays a task and a timer interrupt
 * that records too. It is both the test of this port and the example of Documentation/porting.md.
 *
 * Every event carries a number that its source counts up, so whoever reads the ring knows what
 * must be there:
 *   the loop    mark (one word), log (a tag and three words), yield (nothing) in turn, numbered
 *               together
 *   the timer   irq_in, counter (its number), irq_out
 * Checked while and after the storm: nothing missing but what is counted, nothing torn, order,
 * time, the interrupt state after every write, and the recorder's own invariants. Prints one line
 * and ends with status 0, or says what is wrong and ends with 1. */
#include <sys/debug_trace.h>

enum { EVENTS = 30000, LOOP = 2, BLOCK = 512, BLOCKS = 8 };

volatile uint32_t rv64_context = LOOP | 4u << 24;
volatile uint32_t rv64_causes;

static uint32_t ring[BLOCKS * BLOCK / 4];
static volatile uint32_t interrupts, interval;
static uint32_t random_state = 1;

void rv64_exit(int status) __attribute__((noreturn));

/* ---- machine ---- */

void trace_port_console(const char *text, uint32_t length)
{
    volatile uint8_t *uart = (volatile uint8_t *) 0x10000000;
    while (length--) {
        while (!(uart[5] & 0x20))
            ;
        *uart = (uint8_t) *text++;
    }
}

static void print(const char *text)
{
    uint32_t n = 0;
    while (text[n])
        n++;
    trace_port_console(text, n);
}

static void print_number(uint32_t n)
{
    if (n >= 10)
        print_number(n / 10);
    char digit = (char) ('0' + n % 10);
    trace_port_console(&digit, 1);
}

static void fail(const char *what, uint32_t number) __attribute__((noreturn));
static void fail(const char *what, uint32_t number)
{
    print("rv64: FAIL: ");
    print(what);
    print(" ");
    print_number(number);
    print("\n");
    rv64_exit(1);
}

static uint32_t next_random(void) /* xorshift32 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void arm_timer(void)
{
    volatile uint64_t *mtimecmp = (volatile uint64_t *) 0x02004000,
                      *mtime = (volatile uint64_t *) 0x0200BFF8;
    *mtimecmp = interval ? *mtime + 1 + next_random() % interval : UINT64_MAX;
}

/* The interrupt: interrupts are off, so it uses the `off` writers. */
void rv64_timer(void)
{
    trace_irq_in_off(7, 0);
    rv64_context += 1u << 16;
    rv64_causes = 7;
    trace_sync_check();
    trace_counter_off(0, ++interrupts);
    rv64_context -= 1u << 16;
    rv64_causes = 0;
    trace_irq_out_off();
    arm_timer();
}

static void storm(uint32_t average)
{
    interval = average;
    arm_timer();
    __asm__ volatile("csrs mie, %0\n csrs mstatus, %1" ::"r"(1L << 7), "r"(8L));
}

static void calm(void)
{
    __asm__ volatile("csrc mstatus, %0" ::"r"(8L));
    interval = 0;
    arm_timer();
}

static int interrupts_on(void)
{
    unsigned long mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    return (mstatus & 8) != 0;
}

/* ---- what must be in the ring ---- */

struct expected { /* `known` is 0 at the start and after a loss: then anything may come */
    struct source {
        uint32_t last; /* number */
        int known;
    } loop, timer;
    uint32_t last_stamp, records;
    int inside; /* between irq_in and irq_out */
    int known;
};

static void see_number(struct source *s, uint32_t now, const char *whose)
{
    if (s->known && now != s->last + 1)
        fail(whose, now);
    s->last = now;
    s->known = 1;
}

static void see(struct expected *x, const struct trace_record *r)
{
    if (r->code != 0x01) /* a time_sync may stand anywhere */
        x->records++;
    if (x->known && (int32_t) (r->stamp - x->last_stamp) < 0)
        fail("time went backwards at record", x->records);
    x->last_stamp = r->stamp;
    switch (r->code) {
    case 0xB8: /* mark */ see_number(&x->loop, r->word[0], "the loop's mark"); break;
    case 0xC3: /* log with three arguments */
        if (r->word[1] != ~r->word[0] || r->word[2] != r->word[0] * 3)
            fail("a torn record after", x->loop.last);
        see_number(&x->loop, r->word[0], "the loop's log");
        break;
    case 0xB9: /* counter */ see_number(&x->timer, r->word[0], "the timer's counter"); break;
    case 0x28: /* irq_in */
        if (x->inside && x->known)
            fail("a handler inside a handler after", x->timer.last);
        x->inside = 1;
        break;
    case 0x29: /* irq_out */ x->inside = 0; break;
    default: break;
    }
    x->known = 1;
}

/* Reads at most that many; in a storm the writers may be faster. What the reader lost must make the
 * sums right. */
static uint32_t drain(struct trace_reader *reader, struct expected *x, uint32_t most)
{
    struct trace_record r;
    uint32_t lost = reader->lost, n = 0;
    while (n < most && trace_read(reader, &r)) {
        if (reader->lost != lost) {
            x->known = x->loop.known = x->timer.known = x->inside = 0;
            lost = reader->lost;
        }
        see(x, &r);
        n++;
    }
    return n;
}

/* ---- the parts ---- */

static void write_one(uint32_t number)
{
    int on = interrupts_on();
    if (number % 3 == 0) {
        trace_log("number %u, not %u, three times %u", number, ~number, number * 3);
    } else {
        trace_mark("number", number);
    }
    if (number % 5 == 0)
        trace_task_yield_any();
    if (interrupts_on() != on)
        fail("the interrupt state changed at", number);
}

/* A storm of interrupts, a slow reader that is overtaken, and a fast one that is not. */
static void part_storm(uint32_t average, uint32_t read_every)
{
    struct trace_reader reader;
    struct expected x = {.known = 0};
    uint32_t got = 0;
    trace_clear();
    trace_reader_init(&reader);
    uint32_t before = reader.next_seq;
    storm(average);
    for (uint32_t i = 1; i <= EVENTS; i++) {
        write_one(i);
        if (i % read_every == 0)
            got += drain(&reader, &x, 1000);
    }
    calm();
    got += drain(&reader, &x, UINT32_MAX);
    struct trace_stats s;
    trace_get_stats(&s);
    if (trace_check())
        fail("invariant", (uint32_t) trace_check());
    if (s.written != s.kept + s.overwritten + s.lost_full)
        fail("the statistics do not add up:", s.written);
    if (got + reader.lost != reader.next_seq - before || reader.next_seq - before != s.written)
        fail("read and lost do not add up to what was written:", got);
    if (x.loop.last != EVENTS || x.timer.last != interrupts)
        fail("the newest events are not there:", x.loop.last);
    if (read_every > 1000 && !reader.lost)
        fail("a slow reader lost nothing:", got);
    if (read_every < 10 && reader.lost)
        fail("a fast reader lost", reader.lost);
}

static void part_one_shot(void)
{
    struct trace_stats s;
    struct trace_reader reader;
    struct expected x = {.known = 0};
    trace_set_mode(TRACE_ONE_SHOT);
    trace_reader_init(&reader);
    for (uint32_t i = 1; i <= 5000; i++)
        write_one(i);
    trace_get_stats(&s);
    uint32_t got = drain(&reader, &x, UINT32_MAX);
    if (!s.lost_full || s.overwritten || s.kept != got || s.written != s.kept + s.lost_full)
        fail("one-shot: kept", s.kept);
    trace_set_mode(0);
}

static void part_control(void)
{
    struct trace_stats a, b;
    trace_stop();
    trace_get_stats(&a);
    for (uint32_t i = 1; i <= 100; i++)
        write_one(i);
    trace_get_stats(&b);
    if (a.written != b.written)
        fail("stopped, and yet recorded", b.written - a.written);
    trace_start();
    trace_set_mask(TRACE_CLASS_SCHED);
    trace_get_stats(&a);
    for (uint32_t i = 1; i <= 100; i++)
        write_one(i); /* twenty of them yield */
    trace_get_stats(&b);
    if (b.written - a.written != 20)
        fail("masked: recorded", b.written - a.written);
    trace_set_mask(TRACE_CLASS_ALL);
}

int main(void)
{
    if (trace_init(ring, sizeof(ring), BLOCK, 0) || trace_check())
        fail("trace_init", 0);
    if (trace_init(ring, sizeof(ring), 100, 0) == 0)
        fail("a block size that is not allowed was taken:", 100);
    trace_name_task(LOOP, "loop");
    part_storm(30, 3);
    part_storm(10, 5000);
    part_storm(200, 7);
    part_one_shot();
    part_control();
    print("rv64: PASS, ");
    print_number(interrupts);
    print(" interrupts\n");
    return 0;
}
