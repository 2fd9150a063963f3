/* SPDX-License-Identifier: MIT */
/* The user's rules: reading the file. One rule a line, `#` begins a comment; the nine forms stand
 * in rules.h. An optional `NAME:` ahead of a rule is what reports call it. */
#include "check/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char wrong[256];

/* "12ms" in counts of the clock. Returns false if the text is no time. */
static bool parse_time(const char *text, uint64_t hz, uint64_t *counts)
{
    static const struct {
        const char *name;
        uint64_t per_second;
    } unit[] = {{"ns", 1000000000}, {"us", 1000000}, {"ms", 1000}, {"s", 1}};
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno || !(value >= 0) || value > 1e12)
        return false;
    for (unsigned i = 0; i < sizeof unit / sizeof *unit; i++)
        if (strcmp(end, unit[i].name) == 0) {
            *counts = (uint64_t) (value * (double) hz / (double) unit[i].per_second);
            return true;
        }
    return false;
}

static const char *need_time(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    if (!check_token(c) || !parse_time(c->token, kymo_get_info(t)->clock_hz, &r->limit)) {
        snprintf(wrong, sizeof wrong, "a time is needed (such as 20ms), not '%.60s'", c->token);
        return wrong;
    }
    return NULL;
}

static const char *need_word(struct check_tokens *c, const char *word)
{
    if (check_word(c, word))
        return NULL;
    snprintf(wrong, sizeof wrong, "'%s' is missing", word);
    return wrong;
}

static const char *need_name(char *out, struct check_tokens *c, const char *what)
{
    if (check_token(c) && c->token[0] && strlen(c->token) < PATTERN_TEXT) {
        snprintf(out, PATTERN_TEXT, "%.63s", c->token);
        return NULL;
    }
    snprintf(wrong, sizeof wrong, "%s is missing", what);
    return wrong;
}

static const char *at_most(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    const char *why = need_word(c, "at");
    why = why ? why : need_word(c, "most");
    return why ? why : need_time(r, c, t);
}

static const char *parse_count(int64_t *n, struct check_tokens *c)
{
    char *end;
    if (!check_token(c) || (*n = strtoll(c->token, &end, 10)) < 0 || *end || end == c->token)
        return "a number is needed after 'at least' or 'at most'";
    return NULL;
}

static const char *parse_must(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    r->kind = RULE_MUST;
    r->least = 1;
    r->most = RULE_NO_LIMIT;
    const char *why = check_pattern_parse(&r->a, c, t);
    while (!why && check_word(c, "at")) {
        if (check_word(c, "least")) {
            why = parse_count(&r->least, c);
        } else if (!(why = need_word(c, "most"))) {
            why = parse_count(&r->most, c);
            r->least = r->least > r->most ? 0 : r->least;
        }
    }
    return why;
}

static const char *parse_after(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    r->kind = RULE_AFTER;
    const char *why = check_pattern_parse(&r->a, c, t);
    why = why ? why : need_word(c, "must");
    why = why ? why : check_pattern_parse(&r->b, c, t);
    why = why ? why : need_word(c, "within");
    return why ? why : need_time(r, c, t);
}

static const char *parse_before(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    r->kind = RULE_BEFORE;
    const char *why = check_pattern_parse(&r->a, c, t);
    why = why ? why : need_word(c, "must");
    return why ? why : check_pattern_parse(&r->b, c, t);
}

static const char *parse_between(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    const char *why = check_pattern_parse(&r->a, c, t);
    why = why ? why : need_word(c, "and");
    why = why ? why : check_pattern_parse(&r->b, c, t);
    if (why)
        return why;
    if (check_word(c, "never")) {
        r->kind = RULE_BETWEEN;
        return check_pattern_parse(&r->c, c, t);
    }
    r->kind = RULE_AFTER;
    return at_most(r, c, t);
}

static const char *parse_span(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    r->kind = RULE_SPAN;
    const char *why = need_name(r->span, c, "the span's name");
    if (!why && check_word(c, "of"))
        why = need_name(r->task, c, "a task");
    return why ? why : at_most(r, c, t);
}

static const char *parse_task(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    const char *why = need_name(r->task, c, "a task");
    if (why)
        return why;
    if (check_word(c, "runs")) {
        r->kind = RULE_RUNS;
        why = need_word(c, "every");
        return why ? why : need_time(r, c, t);
    }
    if (check_word(c, "ready")) {
        r->kind = RULE_READY;
        return at_most(r, c, t);
    }
    r->kind = RULE_BLOCKED;
    why = need_word(c, "blocked");
    if (!why && check_word(c, "on"))
        why = need_name(r->object, c, "an object");
    return why ? why : at_most(r, c, t);
}

static const char *parse_never(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    r->kind = RULE_NEVER;
    return check_pattern_parse(&r->a, c, t);
}

static const struct {
    const char *word;
    const char *(*parse)(struct check_rule *r, struct check_tokens *c, const kymo_trace *t);
} form[] = {{"never", parse_never},   {"must", parse_must},       {"after", parse_after},
            {"before", parse_before}, {"between", parse_between}, {"span", parse_span},
            {"task", parse_task}};

static const char *parse_form(struct check_rule *r, struct check_tokens *c, const kymo_trace *t)
{
    for (unsigned i = 0; i < sizeof form / sizeof *form; i++)
        if (check_word(c, form[i].word))
            return form[i].parse(r, c, t);
    check_token(c);
    snprintf(
        wrong, sizeof wrong,
        "a rule begins with never, must, after, before, between, span or task, not with '%.60s'",
        c->token);
    return wrong;
}

const char *check_rule_parse(struct check_rule *r, const char *line, const kymo_trace *t,
                             bool *empty)
{
    struct check_tokens c = {.at = line}, start;
    *r = (struct check_rule){.least = RULE_NO_LIMIT, .most = RULE_NO_LIMIT};
    start = c;
    *empty = !check_token(&c);
    if (*empty)
        return NULL;
    if (!check_word(&c, ":")) /* no name ahead */
        c = start;
    const char *why = parse_form(r, &c, t);
    if (!why && check_token(&c)) {
        snprintf(wrong, sizeof wrong, "the rule ends before '%.60s'", c.token);
        why = wrong;
    }
    return why;
}

/* ---- the file ---- */

static bool add_rule(struct check_rules *s, const struct check_rule *r, const char *line,
                     unsigned number)
{
    struct check_rule *rule = realloc(s->rule, (s->count + 1) * sizeof *rule);
    if (rule)
        s->rule = rule;
    struct check_result *result = realloc(s->result, (s->count + 1) * sizeof *result);
    if (result)
        s->result = result;
    if (!rule || !result)
        return false;
    rule[s->count] = *r;
    struct check_result *row = &result[s->count++];
    *row = (struct check_result){.group = "rule"};
    snprintf(row->id, sizeof row->id, "R%u", number);
    line += strspn(line, " \t");
    snprintf(row->name, sizeof row->name, "%.*s", (int) strcspn(line, "#\r\n"), line);
    for (size_t n = strlen(row->name); n && row->name[n - 1] == ' '; n--)
        row->name[n - 1] = 0;
    return true;
}

static int read_rules(struct check_rules *s, FILE *f, const kymo_trace *t, const char *path,
                      struct kymo_error *err)
{
    char *line = NULL;
    size_t room = 0;
    const char *why = NULL;
    unsigned number = 0;
    while (!why && getline(&line, &room, f) >= 0) {
        struct check_rule r;
        bool empty;
        number++;
        why = check_rule_parse(&r, line, t, &empty);
        if (!why && !empty && !add_rule(s, &r, line, number))
            why = "not enough memory";
    }
    if (!why && ferror(f))
        why = strerror(errno);
    if (why)
        snprintf(err->text, sizeof err->text, "%s:%u: %s", path, number, why);
    free(line);
    return why ? -1 : 0;
}

static void rules_free(void *state)
{
    struct check_rules *s = state;
    for (unsigned i = 0; i < s->count; i++)
        free(s->rule[i].stretch);
    free(s->rule);
    free(s->result);
    free(s);
}

int check_rules_new(struct check_checker *c, const kymo_trace *t, const char *path,
                    struct kymo_error *err)
{
    struct check_rules *s = calloc(1, sizeof *s);
    FILE *f = fopen(path, "r");
    if (!f || !s) {
        snprintf(err->text, sizeof err->text, "%s: %s", path,
                 f ? "not enough memory" : strerror(errno));
        if (f)
            fclose(f);
        free(s);
        return -1;
    }
    s->clock_hz = kymo_get_info(t)->clock_hz;
    int status = read_rules(s, f, t, path, err);
    fclose(f);
    if (status < 0) {
        rules_free(s);
        return -1;
    }
    for (unsigned i = 0; i < sizeof s->ran / sizeof *s->ran; i++)
        s->ran[i] = KYMO_TASK_NONE;
    check_rules_watch(c, s);
    c->free = rules_free;
    return 0;
}
