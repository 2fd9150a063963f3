/* SPDX-License-Identifier: MIT */
/* See view.h. The picture is grid_draw's, line by line; ncurses owns the screen and the keys. Each
 * change of the stretch reads the trace again, so memory stays a grid's, and a keypress costs a
 * pass (0.1 s for 5 million events). Keys that came meanwhile are taken together before the next
 * pass. */
#include "view.h"

#include "command.h"
#include "lib/table.h"

#include <stdlib.h>

#ifdef HAVE_NCURSESW
#include <ncurses.h>

enum { MARKS = 100000, AXIS = 2, PICTURE_LINES = 4096 };

struct view {
    kymo_trace *t;
    struct grid *g;
    struct grid_look *look;
    uint64_t first, last;
    uint64_t *mark;
    unsigned marks;
    char *picture; /* text of the drawing, lines cut apart */
    char *line[PICTURE_LINES];
    int lines, top; /* top: first row shown below the axis */
    bool stale, quit;
    char note[120];
    struct kymo_error err;
};

/* ---- the picture ---- */

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct view *v = u;
    if (e->code == KE_mark && v->marks < MARKS && kymo_known(kymo_model_trace(m), e->code))
        v->mark[v->marks++] = e->time;
}

static void cut_lines(struct view *v)
{
    v->lines = 0;
    for (char *p = v->picture, *end; p && *p && v->lines < PICTURE_LINES; p = end) {
        end = strchr(p, '\n');
        v->line[v->lines++] = p;
        if (!end)
            break;
        *end++ = 0;
    }
}

/* Reads the stretch and draws it into memory. */
static bool redraw(struct view *v)
{
    static struct text text;
    struct grid fresh = {.from = v->g->from, .to = v->g->to, .hz = v->g->hz};
    size_t size;
    FILE *f;
    fresh.columns = COLS > 60 ? (unsigned)COLS - 32 : 20;
    fresh.columns = fresh.columns > GRID_COLUMNS ? GRID_COLUMNS : fresh.columns;
    if (fresh.to - fresh.from < fresh.columns)
        fresh.to = fresh.from + fresh.columns;
    grid_free(v->g);
    *v->g = fresh;
    if (grid_fill(v->g, v->t, &v->err))
        return false;
    free(v->picture);
    v->picture = NULL;
    f = open_memstream(&v->picture, &size);
    if (!f)
        return false;
    text_open(&text, f);
    grid_draw(&text, v->g, v->look);
    text_flush(&text);
    fclose(f);
    cut_lines(v);
    v->stale = false;
    return true;
}

/* ---- the screen ---- */

/* A line with the colour codes of text_colour: they become attributes. */
static void put_line(int y, const char *s)
{
    static const short pair[] = {[31 - 30] = 1, [32 - 30] = 2, [33 - 30] = 3,
                                 [34 - 30] = 4, [35 - 30] = 5, [36 - 30] = 6};
    move(y, 0);
    attrset(A_NORMAL);
    while (*s) {
        size_t n = strcspn(s, "\033");
        addnstr(s, (int)n);
        s += n;
        if (!*s)
            break;
        int code = atoi(s + 2);
        attrset(code == 1                ? A_BOLD
                : code == 2              ? A_DIM
                : code > 30 && code < 37 ? COLOR_PAIR(pair[code - 30])
                                         : A_NORMAL);
        s += strcspn(s, "m");
        s += *s == 'm';
    }
    attrset(A_NORMAL);
    clrtoeol();
}

static void show(struct view *v)
{
    int rows = getmaxy(stdscr) - AXIS - 1;
    if (v->top > v->lines - AXIS - rows)
        v->top = v->lines - AXIS - rows;
    if (v->top < 0)
        v->top = 0;
    erase();
    for (int i = 0; i < AXIS && i < v->lines; i++)
        put_line(i, v->line[i]);
    for (int i = 0; i < rows && AXIS + v->top + i < v->lines; i++)
        put_line(AXIS + i, v->line[AXIS + v->top + i]);
    double hz = (double)v->g->hz;
    char status[256];
    snprintf(status, sizeof status,
             " %.6f..%.6f s  arrows move  + - zoom  n p mark  f all  a rows  ? help  q quit  %s",
             (double)v->g->from / hz, (double)v->g->to / hz, v->note);
    attrset(A_REVERSE);
    mvaddnstr(getmaxy(stdscr) - 1, 0, status, COLS);
    attrset(A_NORMAL);
    refresh();
}

static void help(struct view *v)
{
    static const char *const text[] = {
        "left, right, h, l   a quarter of the stretch earlier, later",
        "<, >                a whole stretch",
        "+, -                zoom in, out; about the middle",
        "up, down, k, j      scroll the rows",
        "n, p                to the next, previous mark",
        "home, end           the trace's beginning, end",
        "f                   all of the trace",
        "a                   also tasks that do nothing",
        "q                   quit",
        "any key             back"};
    erase();
    for (int i = 0; i < (int)(sizeof text / sizeof *text); i++)
        mvaddstr(1 + i, 2, text[i]);
    refresh();
    getch();
    show(v);
}

/* ---- moving ---- */

static void set(struct view *v, double from, double width)
{
    double first = (double)v->first, last = (double)v->last, all = last - first;
    width = width > all ? all : width < 100 ? 100 : width;
    from = from > last - width ? last - width : from;
    from = from < first ? first : from;
    v->g->from = (uint64_t)from;
    v->g->to = (uint64_t)(from + width);
    v->stale = true;
}

static void move_by(struct view *v, double part)
{
    double width = (double)(v->g->to - v->g->from);
    set(v, (double)v->g->from + part * width, width);
}

static void zoom(struct view *v, double factor)
{
    double width = (double)(v->g->to - v->g->from), middle = (double)v->g->from + width / 2;
    set(v, middle - width * factor / 2, width * factor);
}

static void to_mark(struct view *v, bool next)
{
    double width = (double)(v->g->to - v->g->from);
    uint64_t middle = v->g->from + (v->g->to - v->g->from) / 2,
             room = (uint64_t)(width / (2.0 * v->g->columns)) + 1;
    unsigned i = 0;
    while (i < v->marks && v->mark[i] + (next ? 0 : room) <= middle + (next ? room : 0))
        i++;
    if (next ? i == v->marks : i == 0) {
        snprintf(v->note, sizeof v->note, "no mark further on");
        return;
    }
    set(v, (double)v->mark[next ? i : i - 1] - width / 2, width);
}

static void key(struct view *v, int k)
{
    double width = (double)(v->g->to - v->g->from);
    v->note[0] = 0;
    switch (k) {
    case 'q': v->quit = true; break;
    case KEY_LEFT:
    case 'h': move_by(v, -0.25); break;
    case KEY_RIGHT:
    case 'l': move_by(v, 0.25); break;
    case '<':
    case KEY_PPAGE: move_by(v, -1); break;
    case '>':
    case KEY_NPAGE: move_by(v, 1); break;
    case '+':
    case '=': zoom(v, 0.5); break;
    case '-': zoom(v, 2); break;
    case KEY_UP:
    case 'k': v->top--; break;
    case KEY_DOWN:
    case 'j': v->top++; break;
    case KEY_HOME: set(v, (double)v->first, width); break;
    case KEY_END: set(v, (double)v->last - width, width); break;
    case 'n': to_mark(v, true); break;
    case 'p': to_mark(v, false); break;
    case 'f': set(v, (double)v->first, (double)(v->last - v->first)); break;
    case 'a':
        v->look->all = !v->look->all;
        v->stale = true;
        break;
    case KEY_RESIZE: v->stale = true; break;
    case '?': help(v); break;
    default: break;
    }
}

/* ---- life ---- */

static void start_screen(struct view *v)
{
    initscr();
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    if (!v->look->style.colour || !has_colors()) {
        v->look->style.colour = false;
        return;
    }
    start_color();
    use_default_colors();
    static const short colour[] = {COLOR_RED,  COLOR_GREEN,   COLOR_YELLOW,
                                   COLOR_BLUE, COLOR_MAGENTA, COLOR_CYAN};
    for (short i = 0; i < 6; i++)
        init_pair((short)(i + 1), colour[i], -1);
}

static bool loop(struct view *v)
{
    while (!v->quit) {
        if (v->stale && !redraw(v))
            return false;
        show(v);
        int k = getch();
        if (k == ERR)
            return true; /* the terminal went away */
        do
            key(v, k);
        while (!v->quit && (nodelay(stdscr, TRUE), k = getch(), nodelay(stdscr, FALSE), k != ERR));
    }
    return true;
}

int view_run(kymo_trace *t, struct grid *g, struct grid_look *look, uint64_t first, uint64_t last)
{
    static const struct kymo_sink sink = {.event = on_event};
    struct view v = {.t = t, .g = g, .look = look, .first = first, .last = last, .stale = true};
    v.mark = calloc(MARKS, sizeof *v.mark);
    if (!v.mark || kymo_model_run(t, &sink, &v, &v.err)) {
        free(v.mark);
        return kymo_fail("timeline", "%s", v.mark ? v.err.text : "no memory");
    }
    if (!getenv("TERM") || !*getenv("TERM")) {
        free(v.mark);
        return kymo_fail("timeline", "--interactive: TERM is not set: is this a terminal?");
    }
    start_screen(&v);
    bool good = loop(&v);
    endwin();
    free(v.mark);
    free(v.picture);
    return good ? 0 : kymo_fail("timeline", "%s", v.err.text[0] ? v.err.text : "no memory");
}

#else

int view_run(kymo_trace *t, struct grid *g, struct grid_look *look, uint64_t first, uint64_t last)
{
    (void)t, (void)g, (void)look, (void)first, (void)last;
    return kymo_fail("timeline", "--interactive: this kymo was built without ncurses");
}

#endif
