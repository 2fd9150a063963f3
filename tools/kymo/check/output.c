/* SPDX-License-Identifier: MIT */
/* What `kymo check` prints: text for people, JSON and JUnit XML for machines. Names come from
 * traces and rules files, so JSON and XML escape them. */
#include "check/check.h"

#include <inttypes.h>

static double ms_of(const struct check_summary *s, const struct check_result *r)
{
    return (double) (r->time - s->start) * 1e3 / (double) s->clock_hz;
}

enum check_verdict check_worst(const struct check_summary *s)
{
    enum check_verdict worst = CHECK_HELD;
    for (unsigned c = 0; c < s->checkers; c++)
        for (unsigned i = 0; i < s->checker[c].results; i++) {
            enum check_verdict v = check_verdict(&s->checker[c].result[i]);
            worst = v > worst ? v : worst;
        }
    return worst;
}

static unsigned count(const struct check_summary *s, enum check_verdict v)
{
    unsigned n = 0;
    for (unsigned c = 0; c < s->checkers; c++)
        for (unsigned i = 0; i < s->checker[c].results; i++)
            n += check_verdict(&s->checker[c].result[i]) == v;
    return n;
}

/* ---- text ---- */

static void text_row(FILE *f, const struct check_summary *s, const struct check_result *r)
{
    enum check_verdict v = check_verdict(r);
    fprintf(f, "%-11s %-4s %s\n", check_verdict_name(v), r->id, r->name);
    if (v == CHECK_BROKEN) {
        fprintf(f, "                 %.3f ms", ms_of(s, r));
        if (r->seq != CHECK_NO_EVENT)
            fprintf(f, ", event %" PRIu64, r->seq);
        fprintf(f, ": %s", r->text);
        if (r->breaches > 1)
            fprintf(f, " (and %" PRIu64 " more)", r->breaches - 1);
        fprintf(f, "\n                 look: kymo timeline '%s' --around %.3fms\n", s->trace,
                ms_of(s, r));
    } else if (v == CHECK_UNDECIDABLE) {
        fprintf(f, "                 %" PRIu64 " of %" PRIu64 " chances hidden: %s\n", r->unknown,
                r->chances, r->text);
    } else if (r->text[0]) {
        fprintf(f, "                 %s\n", r->text);
    }
}

void check_print_text(FILE *f, const struct check_summary *s, bool verbose)
{
    for (unsigned c = 0; c < s->checkers; c++)
        for (unsigned i = 0; i < s->checker[c].results; i++) {
            const struct check_result *r = &s->checker[c].result[i];
            bool quiet = check_verdict(r) < CHECK_UNDECIDABLE && r->group[0] != 'r';
            if (verbose || !quiet)
                text_row(f, s, r);
        }
    fprintf(f, "%s: %" PRIu64 " events", s->trace, s->events);
    if (s->lost || s->lost_unknown)
        fprintf(f, ", %s%" PRIu64 " lost", s->lost_unknown ? "at least " : "", s->lost);
    if (s->silences)
        fprintf(f, ", recorder off or masked in %" PRIu64 " place%s", s->silences,
                s->silences == 1 ? "" : "s");
    fprintf(f, "; %u held, %u vacuous, %u undecidable, %u broken\n", count(s, CHECK_HELD),
            count(s, CHECK_VACUOUS), count(s, CHECK_UNDECIDABLE), count(s, CHECK_BROKEN));
}

/* ---- JSON ---- */

static void json_string(FILE *f, const char *text)
{
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *) text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p < 0x20 || *p > 0x7E)
            fprintf(f, "\\u%04x", *p);
        else
            fputc(*p, f);
    fputc('"', f);
}

static void json_row(FILE *f, const struct check_summary *s, const struct check_result *r)
{
    enum check_verdict v = check_verdict(r);
    fprintf(f, "{\"id\":\"%s\",\"group\":\"%s\",\"name\":", r->id, r->group);
    json_string(f, r->name);
    fprintf(f,
            ",\"verdict\":\"%s\",\"chances\":%" PRIu64 ",\"hidden\":%" PRIu64
            ",\"breaches\":%" PRIu64,
            check_verdict_name(v), r->chances, r->unknown, r->breaches);
    if (v == CHECK_BROKEN)
        fprintf(f, ",\"time_ms\":%.6f,\"hart\":%u", ms_of(s, r), r->hart);
    if (v == CHECK_BROKEN && r->seq != CHECK_NO_EVENT)
        fprintf(f, ",\"event\":%" PRIu64, r->seq);
    if (r->text[0]) {
        fprintf(f, ",\"text\":");
        json_string(f, r->text);
    }
    fputc('}', f);
}

void check_print_json(FILE *f, const struct check_summary *s)
{
    fprintf(f, "{\"trace\":");
    json_string(f, s->trace);
    fprintf(f,
            ",\"verdict\":\"%s\",\"events\":%" PRIu64 ",\"lost\":%" PRIu64
            ",\"lost_exact\":%s,\"silences\":%" PRIu64 ",\"results\":[",
            check_verdict_name(check_worst(s)), s->events, s->lost,
            s->lost_unknown ? "false" : "true", s->silences);
    const char *comma = "";
    for (unsigned c = 0; c < s->checkers; c++)
        for (unsigned i = 0; i < s->checker[c].results; i++) {
            fprintf(f, "%s\n", comma);
            json_row(f, s, &s->checker[c].result[i]);
            comma = ",";
        }
    fprintf(f, "\n]}\n");
}

/* ---- JUnit XML ---- */

static void xml_text(FILE *f, const char *text)
{
    for (const unsigned char *p = (const unsigned char *) text; *p; p++)
        if (*p == '<' || *p == '>' || *p == '&' || *p == '"')
            fprintf(f, "&#%u;", *p);
        else
            fputc(*p < 0x20 || *p > 0x7E ? '?' : *p, f);
}

static void junit_row(FILE *f, const struct check_summary *s, const struct check_result *r)
{
    enum check_verdict v = check_verdict(r);
    fprintf(f, "  <testcase classname=\"kymo.%s\" name=\"%s ", r->group, r->id);
    xml_text(f, r->name);
    fprintf(f, "\">");
    if (v == CHECK_BROKEN)
        fprintf(f, "<failure message=\"at %.3f ms: ", ms_of(s, r));
    else if (v == CHECK_UNDECIDABLE)
        fprintf(f, "<error message=\"undecidable: ");
    else if (v == CHECK_VACUOUS)
        fprintf(f, "<skipped message=\"vacuous: ");
    if (v != CHECK_HELD) {
        xml_text(f, r->text);
        fprintf(f, "\"/>");
    }
    fprintf(f, "</testcase>\n");
}

void check_print_junit(FILE *f, const struct check_summary *s)
{
    unsigned tests = 0;
    for (unsigned c = 0; c < s->checkers; c++)
        tests += s->checker[c].results;
    fprintf(f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"kymo check\" "
            "tests=\"%u\" failures=\"%u\" errors=\"%u\""
            " skipped=\"%u\">\n",
            tests, count(s, CHECK_BROKEN), count(s, CHECK_UNDECIDABLE), count(s, CHECK_VACUOUS));
    for (unsigned c = 0; c < s->checkers; c++)
        for (unsigned i = 0; i < s->checker[c].results; i++)
            junit_row(f, s, &s->checker[c].result[i]);
    fprintf(f, "</testsuite>\n");
}
