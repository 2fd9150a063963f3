/* SPDX-License-Identifier: MIT */
/* Verdicts: how chances, hidden chances and breaches become one word. Rules in check.h. */
#include "check/check.h"

enum check_verdict check_verdict(const struct check_result *r)
{
    if (r->breaches)
        return CHECK_BROKEN;
    if (r->unknown)
        return CHECK_UNDECIDABLE;
    return r->chances ? CHECK_HELD : CHECK_VACUOUS;
}

const char *check_verdict_name(enum check_verdict v)
{
    static const char *const name[] = {"held", "vacuous", "undecidable", "broken"};
    return name[v];
}

void check_unknown(struct check_result *r, const char *why)
{
    r->chances++;
    if (r->unknown++ == 0 && !r->breaches)
        snprintf(r->text, sizeof r->text, "%s", why);
}

void check_break(struct check_result *r, const struct kymo_event *e, const char *format, ...)
{
    r->chances++;
    if (r->breaches++)
        return;
    r->time = e->time;
    r->seq = e->seq;
    r->hart = e->hart;
    va_list ap;
    va_start(ap, format);
    vsnprintf(r->text, sizeof r->text, format, ap);
    va_end(ap);
}
