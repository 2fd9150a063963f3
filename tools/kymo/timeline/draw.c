/* SPDX-License-Identifier: MIT */
/* Draws a grid. Every state has its own character, so nothing depends on colour; a terminal that is
 * not UTF-8 gets ASCII.
 *
 * Each task has a letter. A task that waits for a mutex shows the letter of who holds it, and a
 * mutex's row the letter of its holder, so that a chain of blame can be read without looking
 * anything up. */
#include "grid.h"

enum glyph {
    G_RUN,
    G_SOME,
    G_RAISED,
    G_READY,
    G_WAIT,
    G_SLEEP,
    G_SUSPENDED,
    G_UNKNOWN,
    G_IRQ,
    G_TICK
};

static const char *const pretty[] = {"\u2588", "\u258c", "\u2593", "\u2591", "\u00b7",
                                     " ",      "s",      "?",      "\u257d", "\u252c"};
static const char *const plain[] = {"#", "|", "%", "=", ".", " ", "s", "?", "'", "+"};

static const char *glyph(const struct grid_look *look, enum glyph g)
{
    return look->style.utf8 ? pretty[g] : plain[g];
}

static bool wanted(const struct grid *g, const struct grid_look *look, const struct grid_row *r)
{
    (void)g;
    if (r->kind != GRID_TASK || !look->tasks)
        return look->all || (r->active && r->id != KYMO_TASK_BOOT) || r->kind != GRID_TASK;
    for (unsigned i = 0; i < look->tasks; i++) {
        size_t n = strlen(look->task[i]);
        if (strncmp(r->name, look->task[i], n) == 0 && (r->name[n] == 0 || r->name[n] == '/'))
            return true;
    }
    return false;
}

/* Letters are given to the tasks that are shown, from the top. */
static char letter(const struct grid *g, const struct grid_look *look, uint32_t task)
{
    unsigned n = 0;
    for (unsigned i = 0; i < g->rows; i++) {
        if (g->row[i].kind != GRID_TASK || !wanted(g, look, &g->row[i]) ||
            g->row[i].id == KYMO_TASK_IDLE)
            continue;
        if (g->row[i].id == task)
            return n < 26 ? (char)('A' + n) : n < 52 ? (char)('a' + n - 26) : '*';
        n++;
    }
    return '*';
}

/* ---- cells ---- */

static void put(struct text *t, const struct grid_look *look, const char *s, enum text_colour c)
{
    if (c != TEXT_PLAIN)
        text_colour(t, &look->style, c);
    text_put(t, s);
    if (c != TEXT_PLAIN)
        text_colour(t, &look->style, TEXT_PLAIN);
}

/* What fills most of the cell, but running shows even if it is little: it is what people look for.
 */
static void task_cell(struct text *t, const struct grid *g, const struct grid_look *look,
                      const struct grid_cell *c)
{
    float run = c->run + c->raised;
    char holder[2] = {0, 0};
    if (run >= 0.5f)
        put(t, look, glyph(look, c->raised > c->run ? G_RAISED : G_RUN),
            c->raised > c->run ? TEXT_MAGENTA : TEXT_GREEN);
    else if (c->unknown > 0.5f)
        put(t, look, glyph(look, G_UNKNOWN), TEXT_RED);
    else if (c->blocked > 0 && c->blocked >= c->ready && c->blocked >= run) {
        holder[0] = letter(g, look, c->holder);
        put(t, look, holder, TEXT_RED);
    } else if (run > 0 && run >= c->ready)
        put(t, look, glyph(look, G_SOME), TEXT_GREEN);
    else if (c->ready > 0.25f)
        put(t, look, glyph(look, G_READY), TEXT_YELLOW);
    else if (run > 0)
        put(t, look, glyph(look, G_SOME), TEXT_GREEN);
    else if (c->suspended > 0.5f)
        put(t, look, glyph(look, G_SUSPENDED), TEXT_PLAIN);
    else if (c->wait > 0 || c->sleep > 0)
        put(t, look, glyph(look, G_WAIT), TEXT_DIM);
    else
        text_char(t, ' ');
}

static void cell(struct text *t, const struct grid *g, const struct grid_look *look,
                 const struct grid_row *r, const struct grid_cell *c)
{
    char holder[2] = {0, 0};
    if (r->kind == GRID_TASK) {
        task_cell(t, g, look, c);
    } else if (c->run <= 0) {
        text_char(t, ' ');
    } else if (r->kind == GRID_IRQ) {
        put(t, look, glyph(look, G_IRQ), TEXT_BLUE);
    } else {
        holder[0] = letter(g, look, c->holder);
        put(t, look, holder, TEXT_CYAN);
    }
}

static void row(struct text *t, const struct grid *g, const struct grid_look *look,
                const struct grid_row *r, unsigned label)
{
    char mark[4] = "  ";
    if (r->kind == GRID_TASK && r->id != KYMO_TASK_IDLE)
        mark[0] = letter(g, look, r->id);
    text_format(t, "%s%-*.*s ", mark, (int)label, (int)label, r->name);
    if (r->kind == GRID_TASK && r->base != 0xFF && r->id != KYMO_TASK_IDLE)
        text_format(t, "%2u ", r->base);
    else
        text_put(t, "   ");
    for (unsigned i = 0; i < g->columns; i++)
        cell(t, g, look, r, &r->cell[i]);
    text_newline(t);
}

/* ---- the frame ---- */

/* A step of 1, 2 or 5 times a power of ten counts with at least 12 columns between labels. */
static double tick_step(const struct grid *g)
{
    double width = (double)(g->to - g->from) / (double)g->hz, step = 1e-9;
    static const double times[] = {2, 2.5, 2};
    for (unsigned i = 0; step * g->columns < 12 * width; i++)
        step *= times[i % 3];
    return step;
}

static void axis(struct text *t, const struct grid *g, const struct grid_look *look,
                 unsigned indent)
{
    char labels[GRID_COLUMNS + 16];
    bool tick[GRID_COLUMNS + 1] = {false};
    double from = (double)g->from / (double)g->hz,
           width = (double)(g->to - g->from) / (double)g->hz, step = tick_step(g);
    int digits = 0;
    for (double ms = step * 1000; ms < 0.999999 && digits < 6; ms *= 10)
        digits++;
    memset(labels, ' ', sizeof labels);
    for (double n = (uint64_t)(from / step) * step; n <= from + width; n += step) {
        double at = (n - from) / width * g->columns;
        if (at < 0 || at >= g->columns)
            continue;
        char s[24];
        int k = snprintf(s, sizeof s, "%.*f", digits, n * 1000);
        tick[(unsigned)at] = true;
        if ((unsigned)at + (unsigned)k < g->columns)
            memcpy(labels + (unsigned)at, s, (size_t)k);
    }
    unsigned used = g->columns;
    while (used && labels[used - 1] == ' ')
        used--;
    text_format(t, "%*s", (int)indent, "");
    text_bytes(t, labels, used);
    text_put(t, " ms");
    text_newline(t);
    text_format(t, "%*s", (int)indent, "");
    for (unsigned i = 0; i < g->columns; i++)
        text_put(t, tick[i] ? glyph(look, G_TICK) : look->style.utf8 ? "\u2500" : "-");
    text_newline(t);
}

/* As many of the explanations as fit in a line, then the next line. */
static void legend(struct text *t, const struct grid *g, const struct grid_look *look,
                   unsigned indent)
{
    const struct {
        const char *glyph, *text;
    } item[] = {{glyph(look, G_RUN), "runs"},
                {glyph(look, G_SOME), "runs a little"},
                {glyph(look, G_RAISED), "runs with a raised priority"},
                {glyph(look, G_READY), "ready"},
                {"A..Z", "waits for a mutex of that task"},
                {glyph(look, G_WAIT), "waits"},
                {glyph(look, G_UNKNOWN), "lost"}};
    unsigned items = sizeof item / sizeof *item - !g->lost, width = g->columns + indent, used = 0;
    for (unsigned i = 0; i < items; i++) {
        unsigned n = 3 + (i == 4 ? 4 : 1) + (unsigned)strlen(item[i].text);
        if (used + n > width && used) {
            text_newline(t);
            used = 0;
        }
        text_format(t, "  %s %s", item[i].glyph, item[i].text);
        used += n;
    }
    text_newline(t);
}

static void marks(struct text *t, const struct grid *g, const struct grid_look *look,
                  unsigned indent)
{
    char line[GRID_COLUMNS + 1];
    if (!g->marks)
        return;
    memset(line, ' ', g->columns);
    line[g->columns] = 0;
    for (unsigned i = 0; i < g->marks; i++) {
        uint64_t at = (uint64_t)((double)(g->mark[i].time - g->from) / (double)(g->to - g->from) *
                                 g->columns);
        line[at < g->columns ? at : g->columns - 1] = i < 9 ? (char)('1' + i) : (char)('a' + i - 9);
    }
    text_format(t, "%*s", (int)indent, "");
    put(t, look, line, TEXT_BOLD);
    text_newline(t);
    for (unsigned i = 0; i < g->marks; i++) {
        text_format(t, "  %c %.3f ms  %s", i < 9 ? '1' + (int)i : 'a' + (int)i - 9,
                    (double)g->mark[i].time / (double)g->hz * 1000, g->mark[i].text);
        text_newline(t);
    }
    if (g->more_marks) {
        text_format(t, "  and %u more; `kymo print --event mark` lists them", g->more_marks);
        text_newline(t);
    }
}

void grid_draw(struct text *t, const struct grid *g, const struct grid_look *look)
{
    unsigned label = 8, shown = 0;
    for (unsigned i = 0; i < g->rows; i++) {
        unsigned n = (unsigned)strlen(g->row[i].name);
        if (wanted(g, look, &g->row[i]) && n > label)
            label = n > 24 ? 24 : n;
    }
    axis(t, g, look, label + 6);
    for (unsigned i = 0; i < g->rows; i++)
        if (wanted(g, look, &g->row[i])) {
            row(t, g, look, &g->row[i], label);
            shown++;
        }
    if (!shown) {
        text_put(t, "  nothing is known about this stretch");
        text_newline(t);
    }
    marks(t, g, look, label + 6);
    legend(t, g, look, label + 6);
}
